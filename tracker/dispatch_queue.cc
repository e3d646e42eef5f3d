#include "tracker/dispatch_queue.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "tracker/requirement.h"

namespace tunefarm::tracker {
namespace {

using Devices = std::vector<const DeviceInfo*>;

// Whether `device` may run what has this requirement, beside the others that take work.
bool May(const DeviceInfo& device, const Requirement& requirement, const Devices& available) {
  return Meets(device, requirement) && !Avoids(device, requirement, available);
}

size_t CountThatMay(const Devices& available, const Requirement& requirement) {
  return std::count_if(available.begin(), available.end(), [&](const DeviceInfo* device) {
    return May(*device, requirement, available);
  });
}

}  // namespace

void DispatchQueue::Add(SubmissionId id, SubmissionSpec spec) {
  Submission& submission = submissions_[id];
  submission.fresh.assign(spec.candidates.begin(), spec.candidates.end());
  submission.spec = std::move(spec);
  submission.spec.candidates.clear();
  num_queued_ += submission.fresh.size();
  owners_[submission.spec.owner].submissions.insert(id);
}

void DispatchQueue::Remove(SubmissionId id) {
  const auto it = submissions_.find(id);
  if (it == submissions_.end()) return;
  const auto owner = owners_.find(it->second.spec.owner);
  owner->second.num_running -= it->second.running.size();
  owner->second.submissions.erase(id);
  if (owner->second.submissions.empty()) owners_.erase(owner);
  num_queued_ -= it->second.queued();
  submissions_.erase(it);
}

std::optional<DispatchQueue::Offer> DispatchQueue::OfferOf(SubmissionId id,
                                                           const DeviceInfo& device,
                                                           const Devices& available) const {
  const Submission& submission = submissions_.at(id);
  const Requirement& requirement = submission.spec.requirement;
  if (submission.queued() == 0 || !May(device, requirement, available)) return std::nullopt;
  for (const CandidateId suspect : submission.suspects) {
    const std::vector<Loss>& losses = submission.losses.at(suspect);
    const auto lost_on = [&](const std::string& name) {
      return std::any_of(losses.begin(), losses.end(),
                         [&](const Loss& loss) { return loss.device == name; });
    };
    const bool another_is_there =
        std::any_of(available.begin(), available.end(), [&](const DeviceInfo* other) {
          return !lost_on(other->name) && MayHave(submission, suspect, *other, available);
        });
    if (another_is_there && lost_on(device.name)) continue;
    if (FateOf(submission, suspect, device, available).kind != Fate::kLeave) {
      return Offer{id, suspect};
    }
  }
  const bool any =
      std::any_of(submission.fresh.begin(), submission.fresh.end(), [&](CandidateId candidate) {
        return FateOf(submission, candidate, device, available).kind != Fate::kLeave;
      });
  if (!any) return std::nullopt;
  return Offer{id, std::nullopt};
}

bool DispatchQueue::MayHave(const Submission& submission, CandidateId candidate,
                            const DeviceInfo& device, const Devices& available) const {
  if (!May(device, submission.spec.requirement, available)) return false;
  const auto digest = submission.spec.digests.find(candidate);
  return digest == submission.spec.digests.end() ||
         quarantine_.WhyBarred(device, digest->second).empty();
}

DispatchQueue::Fate DispatchQueue::FateOf(const Submission& submission, CandidateId candidate,
                                          const DeviceInfo& device,
                                          const Devices& available) const {
  if (MayHave(submission, candidate, device, available)) return {};
  const bool another_may = std::any_of(
      available.begin(), available.end(),
      [&](const DeviceInfo* other) { return MayHave(submission, candidate, *other, available); });
  if (another_may) return {Fate::kLeave, ""};
  return {Fate::kRefuse, quarantine_.WhyBarred(device, submission.spec.digests.at(candidate))};
}

std::string DispatchQueue::DigestOf(SubmissionId id, CandidateId candidate) const {
  const auto& digests = submissions_.at(id).spec.digests;
  const auto digest = digests.find(candidate);
  return digest == digests.end() ? "" : digest->second;
}

std::optional<DispatchQueue::Offer> DispatchQueue::BestOffer(const DeviceInfo& device,
                                                             const Devices& available) const {
  std::optional<Offer> best;
  std::tuple<size_t, uint64_t> best_rank;
  for (const auto& [name, owner] : owners_) {
    const std::tuple rank{owner.num_running, owner.last_served};
    if (best.has_value() && rank >= best_rank) continue;
    for (const SubmissionId id : owner.submissions) {
      std::optional<Offer> offer = OfferOf(id, device, available);
      if (!offer.has_value()) continue;
      best = offer;
      best_rank = rank;
      break;
    }
  }
  return best;
}

std::optional<DispatchQueue::Batch> DispatchQueue::Take(const DeviceInfo& device, bool idle,
                                                        const Devices& available,
                                                        size_t max_batch) {
  if (num_queued_ == 0) return std::nullopt;
  const std::optional<Offer> offer = BestOffer(device, available);
  if (!offer.has_value()) return std::nullopt;
  if (offer->suspect.has_value() && !idle) return std::nullopt;
  // A short queue is spread over the devices that could take it: a full batch on one of them would
  // leave the others idle.
  const Submission& submission = submissions_.at(offer->submission);
  const size_t num_sharing =
      std::max<size_t>(1, CountThatMay(available, submission.spec.requirement));
  const size_t share = (submission.fresh.size() + num_sharing - 1) / num_sharing;
  return Start(*offer, device, available, std::min(share, max_batch));
}

DispatchQueue::Batch DispatchQueue::Start(const Offer& offer, const DeviceInfo& device,
                                          const Devices& available, size_t batch_size) {
  Submission& submission = submissions_.at(offer.submission);
  Batch batch;
  batch.submission = offer.submission;
  std::deque<CandidateId> taken;
  if (offer.suspect.has_value()) {
    batch_size = 1;  // Whatever its submission's fresh candidates are shared by.
    taken.push_back(*offer.suspect);
    std::erase(submission.suspects, *offer.suspect);
  } else {
    taken.swap(submission.fresh);
  }
  std::deque<CandidateId> left;
  while (!taken.empty() && batch.candidates.size() < batch_size) {
    const CandidateId candidate = taken.front();
    taken.pop_front();
    Fate fate = FateOf(submission, candidate, device, available);
    if (fate.kind == Fate::kRun) batch.candidates.push_back(candidate);
    if (fate.kind == Fate::kLeave) left.push_back(candidate);
    if (fate.kind == Fate::kRefuse) batch.refused.push_back({candidate, std::move(fate.why)});
  }
  taken.insert(taken.begin(), left.begin(), left.end());
  if (!offer.suspect.has_value()) submission.fresh.swap(taken);
  for (const Refusal& refusal : batch.refused) submission.losses.erase(refusal.candidate);
  batch.solo = offer.suspect.has_value() && !batch.candidates.empty();
  submission.running.insert(batch.candidates.begin(), batch.candidates.end());
  submission.told.clear();
  num_queued_ -= batch.candidates.size() + batch.refused.size();
  Owner& owner = owners_.at(submission.spec.owner);
  owner.num_running += batch.candidates.size();
  owner.last_served = ++num_served_;
  return batch;
}

void DispatchQueue::Leave(Submission& submission, CandidateId candidate) {
  TUNEFARM_CHECK(submission.running.erase(candidate) == 1, "a candidate ended that did not run");
  --owners_.at(submission.spec.owner).num_running;
}

void DispatchQueue::End(SubmissionId id, CandidateId candidate) {
  Submission& submission = submissions_.at(id);
  Leave(submission, candidate);
  submission.losses.erase(candidate);
}

std::optional<std::string> DispatchQueue::Lose(SubmissionId id, CandidateId candidate,
                                               const std::string& device, const std::string& why) {
  Submission& submission = submissions_.at(id);
  Leave(submission, candidate);
  std::vector<Loss>& losses = submission.losses[candidate];
  losses.push_back({device, why});
  if (losses.size() < static_cast<size_t>(submission.spec.max_attempts)) {
    submission.suspects.push_back(candidate);
    ++num_queued_;
    return std::nullopt;
  }
  std::vector<std::string> attempts;
  for (const Loss& loss : losses) {
    attempts.push_back(
        absl::StrFormat("attempt %u on %s: %s", attempts.size() + 1, loss.device, loss.why));
  }
  submission.losses.erase(candidate);
  return absl::StrFormat("lost its device in each of %u attempts; %s", attempts.size(),
                         absl::StrJoin(attempts, "; "));
}

std::vector<DispatchQueue::Waiting> DispatchQueue::NewlyWaiting(const Devices& available,
                                                                const Devices& draining) {
  std::vector<Waiting> waiting;
  for (auto& [id, submission] : submissions_) {
    if (submission.queued() == 0 || !submission.running.empty()) continue;
    std::string why;
    if (CountThatMay(available, submission.spec.requirement) == 0) {
      why = WhyNoneMeets(submission.spec.requirement, available, draining);
    }
    if (why == submission.told) continue;
    submission.told = why;
    if (!why.empty()) waiting.push_back({id, why});
  }
  return waiting;
}

}  // namespace tunefarm::tracker
