// Random histories of the tracker core against what it promises. The world below plays agents and
// clients and keeps its own, naive account of everything it was told; after every event the account
// must hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "tracker/tracker_core.h"

namespace tunefarm::tracker {
namespace {

constexpr int kNumDevices = 4;
constexpr int kMaxAttempts = 3;

class World {
 public:
  explicit World(uint64_t seed) : rng_(seed), core_(policy_) {}

  void Step() {
    now_ += absl::Milliseconds(static_cast<int64_t>(rng_.Below(400)));
    switch (rng_.Below(16)) {
      case 0:
      case 1:
        return Submit();
      case 2:
        return Cancel();
      case 3:
      case 4:
        return Connect(static_cast<int>(rng_.Below(kNumDevices)));
      case 5:
        return Disconnect();
      case 6:
        return Late();
      case 7:
        return Drain();
      case 8:
      case 9:
        return Tick();
      default:
        return Answer();
    }
  }

  // Lets one healthy device of each kind finish all that is left.
  void Settle() {
    for (int device = 0; device < kNumDevices; ++device) {
      instances_[device] += 1;
      ++num_connects_;
      Hang(device);
      Connect(device);
    }
    while (!in_flight_.empty()) {
      const auto [session, sent] = *in_flight_.begin();
      Finish(sent.front(), sent.front().candidates.front(), false);
      ASSERT_FALSE(failed_);
    }
    EXPECT_EQ(core_.num_queued(), 0u);
    for (const auto& [id, submission] : submissions_) {
      if (submission.cancelled) continue;
      EXPECT_TRUE(submission.ended) << "submission " << id << " never ended";
      for (const auto& [candidate, ends] : submission.ends) {
        EXPECT_EQ(ends, 1) << "candidate " << candidate << " of submission " << id;
      }
    }
  }

  bool failed() const { return failed_; }
  int num_forwarded() const { return num_forwarded_; }
  int num_lost() const { return num_lost_; }
  int num_refused() const { return num_refused_; }

 private:
  struct Submission {
    std::map<CandidateId, int> ends;
    std::map<CandidateId, int> dispatches;
    std::map<CandidateId, Epoch> epoch;  // Of the last dispatch.
    bool cancelled = false;
    bool ended = false;
  };

  void Submit() {
    SubmissionSpec spec;
    spec.owner = rng_.Below(2) == 0 ? "alice" : "bob";
    spec.max_attempts = kMaxAttempts;
    if (rng_.Below(3) == 0) spec.requirement.features = {"wide"};
    if (rng_.Below(4) == 0) spec.candidate_timeout = absl::Seconds(1);
    const uint64_t count = 1 + rng_.Below(30);
    for (uint64_t i = 0; i < count; ++i) {
      spec.candidates.push_back(i);
      if (i % 3 != 0) spec.digests[i] = DigestOf(i);
    }
    Actions actions;
    const SubmissionId id = core_.OnSubmit(now_, spec, &actions).value();
    for (uint64_t i = 0; i < count; ++i) submissions_[id].ends[i] = 0;
    Check(actions, nullptr);
  }

  void Cancel() {
    if (submissions_.empty()) return;
    auto it = submissions_.begin();
    std::advance(it, static_cast<ptrdiff_t>(rng_.Below(submissions_.size())));
    if (it->second.ended) return;
    it->second.cancelled = true;
    Actions actions;
    core_.OnCancel(now_, it->first, &actions);
    Check(actions, nullptr);
  }

  // A Hello: of a new process, or the same one whose old connection may still count as alive.
  void Connect(int device) {
    if (rng_.Below(3) == 0) instances_[device] = ++num_connects_;
    DeviceInfo info;
    info.name = "device-" + std::to_string(device);
    info.triple = "x86_64-pc-linux-gnu";
    if (device % 2 == 0) info.features = {"wide"};
    if (device != 0) info.tags["board"] = KindOf(device);
    info.runs_quarantined = device == 3;
    std::vector<AssignmentId> running;
    for (const SendAssignment& sent : in_flight_[sessions_[device]]) {
      running.push_back(sent.assignment_id);
    }
    Actions actions;
    const absl::StatusOr<SessionId> session = core_.OnHello(
        now_, {info, "instance-" + std::to_string(instances_[device]), running, {}}, &actions);
    if (!session.ok()) {
      Require(session.status().code() == absl::StatusCode::kAlreadyExists, "odd refusal");
      Require(actions.empty(), "a refused Hello had consequences");
      return;
    }
    Require(*session > last_session_, "sessions must grow");
    last_session_ = *session;
    Retire(sessions_[device]);
    sessions_[device] = *session;
    Check(actions, nullptr);
  }

  void Disconnect() { Hang(static_cast<int>(rng_.Below(kNumDevices))); }
  void Hang(int device) {
    Actions actions;
    const SessionId session = sessions_[device];
    Retire(session);
    core_.OnAgentGone(now_, session, "its stream closed", &actions);
    Check(actions, nullptr);
  }

  void Drain() {
    if (rng_.Below(4) != 0) return;
    Actions actions;
    const std::string name = "device-" + std::to_string(rng_.Below(kNumDevices));
    core_.OnDrain(now_, name, "test", &actions).IgnoreError();
    Check(actions, nullptr);
  }

  void Tick() {
    for (const auto& [device, session] : sessions_) {
      if (rng_.Below(8) != 0) core_.OnHeartbeat(now_, session, {});
    }
    Actions actions;
    core_.OnTick(now_, &actions);
    Check(actions, nullptr);
  }

  // A result that an agent owes, now and then of a lost board.
  void Answer() {
    std::vector<SendAssignment> owed;
    for (const auto& [session, sent] : in_flight_)
      owed.insert(owed.end(), sent.begin(), sent.end());
    if (owed.empty()) return;
    const SendAssignment& sent = owed[rng_.Below(owed.size())];
    Finish(sent, sent.candidates[rng_.Below(sent.candidates.size())], rng_.Below(10) == 0);
  }

  // A result from the past: of a retired assignment, a second time, or with an older epoch.
  void Late() {
    if (past_.empty()) return;
    SendAssignment sent = past_[rng_.Below(past_.size())];
    if (rng_.Below(2) == 0) sent.session = sessions_[static_cast<int>(rng_.Below(kNumDevices))];
    const ResultEvent event{sent.assignment_id, sent.epoch - rng_.Below(2),
                            sent.candidates[rng_.Below(sent.candidates.size())], false, ""};
    Actions actions;
    core_.OnResult(now_, sent.session, event, &actions);
    Require(actions.empty(), "a stale result had consequences");
  }

  void Finish(const SendAssignment sent, CandidateId candidate, bool device_lost) {
    ResultEvent event{sent.assignment_id, sent.epoch, candidate, device_lost, "board gone"};
    past_.push_back(sent);
    past_.back().candidates = {candidate};
    auto& flying = in_flight_[sent.session];
    for (SendAssignment& other : flying) {
      if (other.assignment_id == sent.assignment_id) std::erase(other.candidates, candidate);
    }
    std::erase_if(flying, [](const SendAssignment& other) { return other.candidates.empty(); });
    if (flying.empty()) in_flight_.erase(sent.session);
    if (!device_lost && rng_.Below(12) == 0) {
      event.took_board_down = "hung";
      const int device = DeviceOf(sent.session);
      if (candidate % 3 != 0 && device > 0) barred_.emplace(KindOf(device), DigestOf(candidate));
    }
    Actions actions;
    core_.OnResult(now_, sent.session, event, &actions);
    Check(actions, &event);
  }

  // Kinds of board: device 0 is none, 1 is one of its own, 2 and 3 are of one kind and 3 consents.
  static std::string KindOf(int device) { return device == 1 ? "stm32f746" : "nucleo-f446re"; }
  static std::string DigestOf(CandidateId candidate) {
    return "kernel-" + std::to_string(candidate);
  }
  int DeviceOf(SessionId session) const {
    for (const auto& [device, open] : sessions_) {
      if (open == session) return device;
    }
    return -1;
  }

  // The session works on nothing any more; what it had may still arrive late.
  void Retire(SessionId session) {
    const auto it = in_flight_.find(session);
    if (it == in_flight_.end()) return;
    past_.insert(past_.end(), it->second.begin(), it->second.end());
    in_flight_.erase(it);
  }

  void Check(const Actions& actions, const ResultEvent* event) {
    size_t num_forwards = 0;
    for (const Action& action : actions) {
      if (const auto* sent = std::get_if<SendAssignment>(&action)) CheckSent(*sent);
      if (const auto* cancel = std::get_if<SendCancel>(&action)) CheckCancel(*cancel);
      if (const auto* close = std::get_if<CloseAgent>(&action)) Retire(close->session);
      if (const auto* forward = std::get_if<ForwardResult>(&action)) {
        ++num_forwards;
        ++num_forwarded_;
        Require(event != nullptr && event->candidate_id == forward->candidate, "whose result?");
        Require(event != nullptr &&
                    submissions_[forward->submission].epoch[forward->candidate] == event->epoch,
                "a result of an old epoch was delivered");
        End(forward->submission, forward->candidate);
      }
      if (const auto* lost = std::get_if<EndAsDeviceLost>(&action)) {
        ++num_lost_;
        Require(submissions_[lost->submission].dispatches[lost->candidate] == kMaxAttempts,
                "gave up before or after max_attempts");
        End(lost->submission, lost->candidate);
      }
      if (const auto* refused = std::get_if<EndAsQuarantined>(&action)) {
        ++num_refused_;
        Require(!barred_.empty(), "refused, and nothing is barred");
        End(refused->submission, refused->candidate);
      }
      if (const auto* end = std::get_if<EndSubmission>(&action)) CheckEnd(end->submission);
    }
    Require(num_forwards <= 1, "one result, two deliveries");
  }

  void CheckSent(const SendAssignment& sent) {
    Require(sent.assignment_id > last_assignment_ && sent.epoch > last_epoch_, "ids must grow");
    last_assignment_ = sent.assignment_id;
    last_epoch_ = sent.epoch;
    in_flight_[sent.session].push_back(sent);
    Require(in_flight_[sent.session].size() <= policy_.max_in_flight, "too many assignments");
    Require(!sent.candidates.empty() && sent.candidates.size() <= policy_.max_batch, "batch size");
    Submission& submission = submissions_[sent.submission];
    Require(!submission.cancelled && !submission.ended, "work for nobody");
    for (const CandidateId candidate : sent.candidates) {
      submission.epoch[candidate] = sent.epoch;
      const int device = DeviceOf(sent.session);
      const bool barred = candidate % 3 != 0 && (device == 1 || device == 2) &&
                          barred_.contains({KindOf(device), DigestOf(candidate)});
      Require(!barred, "a kernel that took a board down went to such a board again");
      Require(++submission.dispatches[candidate] <= kMaxAttempts, "too many dispatches");
      Require(submission.dispatches[candidate] == 1 || sent.candidates.size() == 1,
              "a suspect travelled in company");
    }
    const std::vector<SendAssignment>& flying = in_flight_[sent.session];
    for (const SendAssignment& other : flying) {
      const bool suspect = submissions_[other.submission].dispatches[other.candidates.front()] > 1;
      Require(!suspect || flying.size() == 1, "a suspect's device got something else");
    }
  }

  void CheckCancel(const SendCancel& cancel) {
    const auto it = in_flight_.find(cancel.session);
    if (it == in_flight_.end()) return;
    for (const SendAssignment& sent : it->second) {
      if (sent.assignment_id == cancel.assignment_id) past_.push_back(sent);
    }
    std::erase_if(it->second, [&](const SendAssignment& sent) {
      return sent.assignment_id == cancel.assignment_id;
    });
    if (it->second.empty()) in_flight_.erase(it);
  }

  void End(SubmissionId id, CandidateId candidate) {
    Submission& submission = submissions_[id];
    Require(!submission.cancelled && !submission.ended, "an end after the end");
    Require(++submission.ends[candidate] == 1, "a candidate ended twice");
  }

  void CheckEnd(SubmissionId id) {
    Submission& submission = submissions_[id];
    Require(!submission.ended && !submission.cancelled, "a submission ended twice");
    submission.ended = true;
    for (const auto& [candidate, ends] : submission.ends) Require(ends == 1, "ended too early");
  }

  void Require(bool condition, const char* what) {
    if (condition || failed_) return;
    failed_ = true;
    ADD_FAILURE() << what;
  }

  const TrackerPolicy policy_;
  base::Rng rng_;
  TrackerCore core_;
  absl::Duration now_ = absl::Hours(1);
  std::map<SubmissionId, Submission> submissions_;
  std::map<int, SessionId> sessions_;
  std::map<int, uint64_t> instances_;
  std::map<SessionId, std::vector<SendAssignment>> in_flight_;
  std::vector<SendAssignment> past_;  // Each one's results would be stale now.
  uint64_t num_connects_ = 0;
  SessionId last_session_ = 0;
  AssignmentId last_assignment_ = 0;
  Epoch last_epoch_ = 0;
  int num_forwarded_ = 0;
  int num_lost_ = 0;
  int num_refused_ = 0;
  std::set<std::pair<std::string, std::string>> barred_;  // (kind of board, kernel)
  bool failed_ = false;
};

TEST(TrackerCorePropertyTest, EveryCandidateEndsExactlyOnceWhateverHappens) {
  constexpr uint64_t kNumHistories = 60;
  constexpr int kNumSteps = 2000;
  int num_forwarded = 0;
  int num_lost = 0;
  int num_refused = 0;
  for (uint64_t seed = 1; seed <= kNumHistories; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int step = 0; step < kNumSteps && !world.failed(); ++step) world.Step();
    if (!world.failed()) world.Settle();
    if (world.failed() || HasFatalFailure()) return;
    num_forwarded += world.num_forwarded();
    num_lost += world.num_lost();
    num_refused += world.num_refused();
  }
  // The histories must have been worth their while: every end is common.
  EXPECT_GT(num_forwarded, 1000);
  EXPECT_GT(num_lost, 100);
  EXPECT_GT(num_refused, 100);
}

}  // namespace
}  // namespace tunefarm::tracker
