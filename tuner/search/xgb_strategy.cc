#include "tuner/search/xgb_strategy.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "tuner/search/default_config.h"

namespace tunefarm::tuner {
namespace {

// Parents of the evolution in spaces that are not held.
constexpr size_t kAnalyticParents = 128;
constexpr size_t kMeasuredParents = 64;

}  // namespace

XgbStrategy::XgbStrategy(SearchInput input, XgbStrategyOptions options)
    : input_(std::move(input)),
      options_(options),
      sampler_(input_.space, options.limits),
      candidates_(input_.space, input_.facts, input_.target),
      feasibility_(input_.space),
      analytic_order_(AnalyticOrder(*input_.space, sampler_, &candidates_)) {
  exhausted_ = analytic_order_.empty();
  if (!exhausted_) FillInitial();
}

void XgbStrategy::PushInitial(uint64_t index, ProposalOrigin how) {
  for (const Proposal& proposal : initial_) {
    if (proposal.config_index == index) return;
  }
  const bool analytic = how == ProposalOrigin::kDefault || how == ProposalOrigin::kAnalytic;
  initial_.push_back({index, how, analytic ? candidates_.Get(index).analytic_efficiency : 0.0});
}

// The default comes first: every session measures what it must beat. Seeds follow at once, they are
// the likeliest best.
void XgbStrategy::FillInitial() {
  PushInitial(analytic_order_.front(), ProposalOrigin::kDefault);
  size_t seeds = 0;
  for (const compiler::Config& seed : input_.seeds) {
    const auto index = input_.space->IndexOf(seed);
    if (seeds == options_.num_transfer || !index.ok() || !input_.space->IsValid(seed)) continue;
    PushInitial(*index, ProposalOrigin::kTransfer);
    ++seeds;
  }
  for (size_t position : candidates_.PickDiverse(analytic_order_, options_.num_analytic,
                                                 options_.analytic_window, options_.per_tile)) {
    PushInitial(analytic_order_[position], ProposalOrigin::kAnalytic);
  }
  for (size_t i = 0; i < options_.num_random; ++i) {
    const auto index = sampler_.Draw([](uint64_t) { return false; }, &input_.rng);
    if (index) PushInitial(*index, ProposalOrigin::kRandom);
  }
}

bool XgbStrategy::IsEligible(uint64_t index) const {
  return !taken_.contains(index) && !feasibility_.IsBanned(input_.space->At(index));
}

void XgbStrategy::Take(const Proposal& proposal, std::vector<Proposal>* proposals) {
  taken_.insert(proposal.config_index);
  proposals->push_back(proposal);
}

std::vector<Proposal> XgbStrategy::Propose(size_t n) {
  std::vector<Proposal> proposals;
  while (proposals.size() < n && !initial_.empty()) {
    if (IsEligible(initial_.front().config_index)) Take(initial_.front(), &proposals);
    initial_.pop_front();
  }
  if (proposals.size() < n) ProposeRanked(n - proposals.size(), &proposals);
  exhausted_ = proposals.size() < n;
  return proposals;
}

// What is ranked: everything that is eligible, or what evolution finds.
std::vector<uint64_t> XgbStrategy::Pool() {
  std::vector<uint64_t> pool;
  if (sampler_.holds_all()) {
    for (uint64_t index : sampler_.all()) {
      if (IsEligible(index)) pool.push_back(index);
    }
    return pool;
  }
  std::vector<uint64_t> parents(
      analytic_order_.begin(),
      analytic_order_.begin() + std::min(kAnalyticParents, analytic_order_.size()));
  for (const auto& [cost, index] : measured_) {
    if (parents.size() == kAnalyticParents + kMeasuredParents) break;
    parents.push_back(index);
  }
  const Fitness fitness = [this](std::span<const uint64_t> indices) {
    std::vector<Prediction> predictions;
    if (input_.score) predictions = input_.score(indices);
    if (predictions.empty()) return candidates_.AnalyticFitness(indices);
    std::vector<double> scores;
    for (const Prediction& prediction : predictions) scores.push_back(prediction.score);
    return scores;
  };
  for (uint64_t index : Evolve(*input_.space, parents, fitness, &input_.rng)) {
    if (IsEligible(index)) pool.push_back(index);
  }
  return pool;
}

XgbStrategy::Ranking XgbStrategy::Rank() {
  Ranking ranking;
  const std::vector<uint64_t> pool = Pool();
  std::vector<Prediction> predictions;
  if (input_.score && !pool.empty()) predictions = input_.score(pool);
  if (predictions.empty()) {
    ranking.indices = RankByFitness(pool, [this](std::span<const uint64_t> indices) {
      return candidates_.AnalyticFitness(indices);
    });
    return ranking;
  }
  std::vector<size_t> order(pool.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // Trees score many configs alike: among those the analytic cost decides.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (predictions[a].score != predictions[b].score) {
      return predictions[a].score > predictions[b].score;
    }
    const double cycles_a = candidates_.Get(pool[a]).analytic_cycles;
    const double cycles_b = candidates_.Get(pool[b]).analytic_cycles;
    return cycles_a != cycles_b ? cycles_a < cycles_b : pool[a] < pool[b];
  });
  for (size_t position : order) {
    ranking.indices.push_back(pool[position]);
    ranking.predictions.push_back(predictions[position]);
  }
  return ranking;
}

std::optional<Proposal> XgbStrategy::MostDisputed(const Ranking& ranking) const {
  std::optional<Proposal> disputed;
  double largest = 0;
  const size_t window = std::min(options_.model_window, ranking.predictions.size());
  for (size_t i = 0; i < window; ++i) {
    const Prediction& prediction = ranking.predictions[i];
    if (prediction.disagreement <= largest || taken_.contains(ranking.indices[i])) continue;
    largest = prediction.disagreement;
    disputed = {ranking.indices[i], ProposalOrigin::kUncertain, prediction.score};
  }
  return disputed;
}

void XgbStrategy::ProposeRanked(size_t n, std::vector<Proposal>* proposals) {
  const Ranking ranking = Rank();
  const bool learned = !ranking.predictions.empty();
  const std::vector<size_t> best =
      candidates_.PickDiverse(ranking.indices, n, options_.model_window, options_.per_tile);
  size_t next = 0;
  for (size_t slot = 0; slot < n; ++slot) {
    if (const auto exploring = Explore(ranking)) {
      Take(*exploring, proposals);
      continue;
    }
    while (next < best.size() && taken_.contains(ranking.indices[best[next]])) ++next;
    if (next == best.size()) continue;
    const size_t position = best[next++];
    const uint64_t index = ranking.indices[position];
    if (learned) {
      Take({index, ProposalOrigin::kModel, ranking.predictions[position].score}, proposals);
    } else {
      Take({index, ProposalOrigin::kAnalytic, candidates_.Get(index).analytic_efficiency},
           proposals);
    }
  }
}

// The disputed and the random ones among the later proposals; nullopt where the best is to be
// taken.
std::optional<Proposal> XgbStrategy::Explore(const Ranking& ranking) {
  ++num_ranked_;
  if (num_ranked_ % options_.uncertain_every == 0) {
    if (const auto disputed = MostDisputed(ranking)) return disputed;
  }
  const double random_share =
      num_observed_ < options_.late_after ? options_.random_share : options_.late_random_share;
  if (input_.rng.Uniform() >= random_share) return std::nullopt;
  const auto index =
      sampler_.Draw([this](uint64_t candidate) { return !IsEligible(candidate); }, &input_.rng);
  if (!index) return std::nullopt;
  return Proposal{*index, ProposalOrigin::kRandom, 0};
}

void XgbStrategy::Observe(uint64_t config_index, bool ok, double cost_ns) {
  taken_.insert(config_index);
  ++num_observed_;
  if (ok) measured_.emplace(cost_ns, config_index);
  feasibility_.Record(input_.space->At(config_index), ok);
}

std::optional<std::string> XgbStrategy::Done() const {
  if (!exhausted_) return std::nullopt;
  return absl::StrFormat(
      "every config of space %s has been proposed or has a knob value that never worked",
      input_.space->name());
}

}  // namespace tunefarm::tuner
