// A tracker core under a clock that the test owns, with the actions of the last event at hand.
#ifndef TUNEFARM_TESTS_UNIT_TRACKER_CORE_HARNESS_H_
#define TUNEFARM_TESTS_UNIT_TRACKER_CORE_HARNESS_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tracker/tracker_core.h"

namespace tunefarm::tracker {

class CoreHarness {
 public:
  explicit CoreHarness(const TrackerPolicy& policy = {}) : policy_(policy), core_(policy) {}

  static DeviceInfo Info(const std::string& name, std::vector<std::string> features = {"avx2"}) {
    DeviceInfo info;
    info.name = name;
    info.triple = "x86_64-pc-linux-gnu";
    info.features = std::move(features);
    return info;
  }

  static SubmissionSpec Spec(size_t num_candidates, const std::string& owner = "alice") {
    SubmissionSpec spec;
    spec.owner = owner;
    for (size_t i = 0; i < num_candidates; ++i) spec.candidates.push_back(100 + i);
    return spec;
  }

  SessionId Hello(const std::string& name, const std::string& instance = "",
                  const std::vector<AssignmentId>& running = {}) {
    return HelloAs(Info(name), instance, running).value();
  }
  absl::StatusOr<SessionId> HelloAs(DeviceInfo info, const std::string& instance = "",
                                    const std::vector<AssignmentId>& running = {}) {
    actions_.clear();
    return core_.OnHello(now_, {std::move(info), instance, running, {}}, &actions_);
  }
  // A board of the kind `kind` whose agent knows of `quarantined`.
  SessionId HelloOfBoard(const std::string& name, const std::string& kind,
                         const std::vector<QuarantinedKernel>& quarantined = {},
                         bool runs_quarantined = false) {
    DeviceInfo info = Info(name);
    info.tags["board"] = kind;
    info.runs_quarantined = runs_quarantined;
    actions_.clear();
    return core_.OnHello(now_, {std::move(info), "", {}, quarantined}, &actions_).value();
  }
  void Heartbeat(SessionId session) { core_.OnHeartbeat(now_, session, {}); }
  void Availability(SessionId session, const std::string& unavailable) {
    actions_.clear();
    core_.OnAvailability(now_, session, unavailable, &actions_);
  }
  void Gone(SessionId session, const std::string& why = "its stream closed") {
    actions_.clear();
    core_.OnAgentGone(now_, session, why, &actions_);
  }

  SubmissionId Submit(SubmissionSpec spec) {
    actions_.clear();
    return core_.OnSubmit(now_, std::move(spec), &actions_).value();
  }
  void Cancel(SubmissionId submission) {
    actions_.clear();
    core_.OnCancel(now_, submission, &actions_);
  }

  void Result(SessionId session, const ResultEvent& event) {
    actions_.clear();
    core_.OnResult(now_, session, event, &actions_);
  }
  // One candidate of an assignment measured well.
  void Finish(const SendAssignment& assignment, CandidateId candidate) {
    Result(assignment.session, {assignment.assignment_id, assignment.epoch, candidate, false, ""});
  }
  // All of it. The actions of all results are kept.
  void FinishAll(const SendAssignment& assignment) {
    Actions all;
    for (const CandidateId candidate : assignment.candidates) {
      Finish(assignment, candidate);
      all.insert(all.end(), actions_.begin(), actions_.end());
    }
    actions_ = std::move(all);
  }

  // Lets time pass in ticks of one heartbeat interval; the sessions in `alive` speak before each.
  // The actions of all ticks are kept.
  void Pass(absl::Duration duration, const std::vector<SessionId>& alive = {}) {
    actions_.clear();
    for (const absl::Duration end = now_ + duration; now_ < end;) {
      now_ += std::min(policy_.heartbeat_interval, end - now_);
      for (const SessionId session : alive) Heartbeat(session);
      core_.OnTick(now_, &actions_);
    }
  }

  // Actions of type T among those of the last event, in order.
  template <class T>
  std::vector<T> Last() const {
    std::vector<T> found;
    for (const Action& action : actions_) {
      if (const T* match = std::get_if<T>(&action)) found.push_back(*match);
    }
    return found;
  }
  // The only one of its type.
  template <class T>
  T Only() const {
    const std::vector<T> found = Last<T>();
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? T{} : found.front();
  }

  DeviceRow Row(const std::string& name) const {
    for (const DeviceRow& row : core_.Devices(now_)) {
      if (row.info.name == name) return row;
    }
    ADD_FAILURE() << "no device " << name;
    return {};
  }

  TrackerCore& core() { return core_; }
  absl::Duration& now() { return now_; }
  Actions& actions() { return actions_; }

 private:
  const TrackerPolicy policy_;
  TrackerCore core_;
  absl::Duration now_ = absl::Hours(1);
  Actions actions_;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TESTS_UNIT_TRACKER_CORE_HARNESS_H_
