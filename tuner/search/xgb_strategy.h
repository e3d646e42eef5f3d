// Strategy "xgb", the default: the analytic order first, then the learned one.
//
// The first proposals are the default config, the analytic top with one config per register tile,
// the best configs of similar tasks, and a random one. Later ones are the model's top, varied by
// register tile, with now and then the config that the model's parts dispute most and a random one.
// Spaces that can be held are scored whole, so that the model's true best is found; larger ones are
// searched by evolution.
#ifndef TUNEFARM_TUNER_SEARCH_XGB_STRATEGY_H_
#define TUNEFARM_TUNER_SEARCH_XGB_STRATEGY_H_

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "tuner/search/candidates.h"
#include "tuner/search/evolution.h"
#include "tuner/search/feasibility.h"
#include "tuner/search/search_strategy.h"
#include "tuner/search/space_sampler.h"

namespace tunefarm::tuner {

struct XgbStrategyOptions {
  size_t num_analytic = 15;  // First proposals by the analytic order, the default config included.
  size_t num_transfer = 4;  // At most, from SearchInput::seeds.
  size_t num_random = 1;
  size_t analytic_window =
      256;  // Of the analytic order, from which the varied first proposals are picked.
  size_t model_window = 64;  // Of the model's order.
  size_t per_tile = 1;       // Of one register tile in a batch, before the rest fills up.
  size_t uncertain_every =
      8;  // One of so many later proposals is the most disputed of the model's window.
  double random_share = 0.1;        // Of the later proposals,
  double late_random_share = 0.03;  // after so many observations:
  size_t late_after = 48;
  SpaceSampler::Limits limits;
};

class XgbStrategy : public SearchStrategy {
 public:
  explicit XgbStrategy(SearchInput input, XgbStrategyOptions options = {});

  std::vector<Proposal> Propose(size_t n) override;
  void Observe(uint64_t config_index, bool ok, double cost_ns) override;
  std::optional<std::string> Done() const override;

 private:
  // Configs in the order in which they should be measured, none proposed before.
  struct Ranking {
    std::vector<uint64_t> indices;
    std::vector<Prediction>
        predictions;  // In step with indices; empty if the order is the analytic one.
  };

  void FillInitial();
  void PushInitial(uint64_t index, ProposalOrigin how);
  Ranking Rank();
  std::vector<uint64_t> Pool();
  void ProposeRanked(size_t n, std::vector<Proposal>* proposals);
  std::optional<Proposal> Explore(const Ranking& ranking);
  std::optional<Proposal> MostDisputed(const Ranking& ranking) const;
  bool IsEligible(uint64_t index) const;
  void Take(const Proposal& proposal, std::vector<Proposal>* proposals);

  SearchInput input_;
  const XgbStrategyOptions options_;
  SpaceSampler sampler_;
  Candidates candidates_;
  Feasibility feasibility_;
  std::vector<uint64_t> analytic_order_;
  std::deque<Proposal> initial_;
  std::unordered_set<uint64_t> taken_;        // Proposed or observed.
  std::multimap<double, uint64_t> measured_;  // By cost: the parents of evolution.
  size_t num_observed_ = 0;
  size_t num_ranked_ = 0;  // Proposals made after the first ones.
  bool exhausted_ = false;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_SEARCH_XGB_STRATEGY_H_
