#include "tuner/measure/farm_flow.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "tuner/measure/wire.h"

namespace tunefarm::tuner {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(5);
// Enough for a peak that does not hang on one lucky sample.
constexpr uint32_t kPeakSamples = 7;
// Some thousand kernels.
constexpr uint64_t kKeptBuildBytes = 32 << 20;

}  // namespace

FarmFlow::FarmFlow(const Farm& farm, const std::string& owner, absl::Duration reconnect_timeout,
                   std::optional<bool> emulated, Listener listener)
    : farm_(farm),
      owner_(owner),
      listener_(std::move(listener)),
      emulated_(emulated),
      sender_(farm.tracker, farm.events, farm.slow, reconnect_timeout,
              {.on_result = [this](const v1::MeasureResult& result) { OnResult(result); },
               .on_waiting = listener_.on_waiting,
               .on_refused =
                   [this](const std::vector<uint64_t>& ids, const absl::Status& status) {
                     for (const uint64_t id : ids) Abandon(id, status);
                     Fail(status);
                   }}),
      kept_builds_(kKeptBuildBytes) {}

std::string FarmFlow::Item::BatchKey() const {
  return absl::StrFormat("%s|%s|%s|%s|%d", request.workload, request.target, request.device,
                         absl::StrJoin(request.avoid_devices, ","),
                         OutputPosition(kernel.signature()));
}

std::string FarmFlow::Item::CodeKey() const {
  return absl::StrFormat("%s|%s|%s", request.workload, request.target, report.text_hash);
}

bool FarmFlow::Item::SharesItsCode() const {
  return final_group == 0 && !request.reference && request.device.empty();
}

void FarmFlow::AddTarget(const std::string& target, const compiler::Target& parsed) {
  const auto [added, is_new] = requirements_.try_emplace(target, RequirementOf(parsed));
  if (is_new) CountDevices(added->second);
}

void FarmFlow::Accept(const std::vector<MeasureRequest>& requests, const MeasureOptions& options) {
  uint64_t group = 0;
  for (const MeasureRequest& request : requests) {
    const uint64_t id = ++last_id_;
    Item& item = items_[id];
    item.request = request;
    item.options = options;
    item.report.ticket = request.ticket;
    if (request.reference) {
      BuildPeak(id, request.target);
      continue;
    }
    if (request.final_round) {
      if (group == 0) group = id;
      item.final_group = group;
      ++groups_[group].building;
    }
    Expect(request.workload);
    v1::BuildRequest build;
    build.set_target(request.target);
    build.mutable_candidate()->set_workload(request.workload);
    build.mutable_candidate()->set_config(request.config);
    Build(id, std::move(build));
  }
}

void FarmFlow::AcceptPeak(const std::string& target, PeakDone done) {
  const uint64_t id = ++last_id_;
  Item& item = items_[id];
  item.request.target = target;
  item.options.num_samples = kPeakSamples;
  item.peak_done = std::move(done);
  BuildPeak(id, target);
}

void FarmFlow::BuildPeak(uint64_t id, const std::string& target) {
  v1::BuildRequest build;
  build.set_target(target);
  build.mutable_peak();
  Build(id, std::move(build));
}

void FarmFlow::Build(uint64_t id, v1::BuildRequest request) {
  const SerialQueue::Poster events = farm_.events->poster();
  const std::string key = absl::StrFormat(
      "%s|%s|%s", request.target(), request.candidate().workload(), request.candidate().config());
  if (const KeptBuild kept = kept_builds_.Get(key)) {
    events.Post([this, id, kept] { OnBuilt(id, *kept); });
    return;
  }
  building_.insert(id);
  request.set_ticket(id);
  farm_.builders->Submit(
      std::move(request),
      [this, events, id, key](v1::BuildReply built) {
        events.Post([this, id, key, reply = std::make_shared<v1::BuildReply>(std::move(built))] {
          if (reply->outcome() == v1::OUTCOME_OK) {
            kept_builds_.Put(key, reply, reply->ByteSizeLong());
          }
          OnBuilt(id, *reply);
        });
      },
      [wanted = wanted_] { return wanted->load(); });
}

void FarmFlow::Expect(const std::string& workload) {
  if (!expected_.try_emplace(workload).second) return;
  farm_.slow->Post([this, events = farm_.events->poster(), workload] {
    absl::StatusOr<ExpectedOutput> computed = ComputeExpectedOutput(workload);
    events.Post([this, workload, computed = std::move(computed)] {
      if (!computed.ok()) return Fail(computed.status());
      expected_[workload] = std::make_shared<const ExpectedOutput>(*computed);
      SendWhatIsDue();
    });
  });
}

// A hint for how much work to keep under way: that it comes late or not at all does no harm.
void FarmFlow::CountDevices(const v1::DeviceRequirement& requirement) {
  farm_.slow->Post([this, events = farm_.events->poster(), tracker = farm_.tracker, requirement] {
    const auto entries = tracker->ListDevices(kCallTimeout);
    if (!entries.ok()) return;
    size_t count = 0, num_emulated = 0, batch = 0;
    for (const v1::DeviceEntry& entry : *entries) {
      if (!CanMeasure(entry, requirement)) continue;
      ++count;
      if (entry.info().emulated()) ++num_emulated;
      batch = std::max<size_t>(batch, entry.info().max_batch());
    }
    events.Post([this, count, num_emulated, batch] {
      if (!emulated_ && count > 0) emulated_ = count == num_emulated;
      num_devices_ = std::max<size_t>(count, 1);
      batch_ = batch;
      listener_.on_num_devices(num_devices_, batch_);
    });
  });
}

void FarmFlow::OnBuilt(uint64_t id, const v1::BuildReply& reply) {
  building_.erase(id);
  const auto found = items_.find(id);
  if (found == items_.end()) return;  // Withdrawn.
  Item& item = found->second;
  AddBuild(reply, &item.report);
  const bool ok = item.report.outcome == Outcome::kOk;
  if (ok) {
    item.kernel = reply.kernel();
    item.peak_flops = reply.flops();
  }
  if (item.final_group != 0) {
    FinalGroup& group = groups_.at(item.final_group);
    --group.building;
    if (ok) group.built.push_back(id);
  }
  if (!ok) {
    Finish(id);
  } else if (item.peak_done || item.request.reference) {
    const ExpectedOutput output = PeakKernelOutput(item.kernel.signature());
    Send({id}, std::make_shared<const ExpectedOutput>(output));
  } else if (item.final_group == 0) {
    Enqueue(id);
  }
  SendWhatIsDue();
}

void FarmFlow::Enqueue(uint64_t id) {
  Item& item = items_.at(id);
  if (!item.SharesItsCode()) return ready_.push_back(id);
  const std::string code = item.CodeKey();
  const MeasureReport* known = codes_.Find(code);
  if (known != nullptr) {
    item.report = AsReused(*known, item.report);
    Finish(id);
  } else if (!codes_.Follow(code, id)) {
    ready_.push_back(id);
  }
}

void FarmFlow::SendWhatIsDue() {
  std::erase_if(groups_, [this](const auto& group) {
    return group.second.building == 0 && SendGroup(group.second);
  });
  while (SendBatch()) {
  }
}

// Whether it is done with: not while the expected output is still being computed.
bool FarmFlow::SendGroup(const FinalGroup& group) {
  // One batch, unless some pack and others do not: then the output stands elsewhere.
  std::map<std::string, std::vector<uint64_t>> batches;
  for (const uint64_t id : group.built) {
    if (expected_.at(items_.at(id).request.workload) == nullptr) return false;
    batches[items_.at(id).BatchKey()].push_back(id);
  }
  for (auto& [key, ids] : batches) {
    std::sort(ids.begin(), ids.end());  // As submitted, not as built.
    Send(ids, expected_.at(items_.at(ids[0]).request.workload));
  }
  return true;
}

// Whether there was one to send.
bool FarmFlow::SendBatch() {
  std::vector<WaitingCandidate> waiting;
  std::vector<uint64_t> ids;
  for (const uint64_t id : ready_) {
    const Item& item = items_.at(id);
    if (expected_.at(item.request.workload) == nullptr) continue;
    waiting.push_back({item.BatchKey(), item.kernel.elf().size()});
    ids.push_back(id);
  }
  const FarmLoad load = {num_devices_, sender_.outstanding(), batch_, building_.size()};
  std::vector<uint64_t> batch;
  for (const size_t position : ChooseBatch(waiting, load)) {
    batch.push_back(ids[position]);
  }
  if (batch.empty()) return false;
  std::erase_if(ready_, [&](uint64_t id) {
    return std::find(batch.begin(), batch.end(), id) != batch.end();
  });
  Send(batch, expected_.at(items_.at(batch[0]).request.workload));
  return true;
}

void FarmFlow::Send(const std::vector<uint64_t>& ids, const Expected& expected) {
  const Item& last = items_.at(ids.back());
  v1::SubmitRequest request;
  request.set_owner(owner_);
  *request.mutable_requirement() = requirements_.at(last.request.target);
  request.mutable_requirement()->set_name(last.request.device);
  request.mutable_requirement()->mutable_avoid_names()->Assign(last.request.avoid_devices.begin(),
                                                               last.request.avoid_devices.end());
  if (emulated_) request.mutable_requirement()->set_emulated(*emulated_);
  *request.mutable_timing() = MakeTiming(last.options, last.request.final_round);
  *request.mutable_verification() =
      MakeVerification(*expected, OutputPosition(last.kernel.signature()));
  for (const uint64_t id : ids) {
    v1::Candidate& candidate = *request.add_candidates();
    candidate.set_candidate_id(id);
    *candidate.mutable_kernel() = std::move(items_.at(id).kernel);
  }
  sender_.Send(std::move(request), std::shared_ptr<const v1::Blob>(expected, &expected->blob));
}

void FarmFlow::OnResult(const v1::MeasureResult& result) {
  listener_.on_waiting("");
  const auto found = items_.find(result.candidate_id());
  if (found == items_.end()) return;
  AddResult(result, &found->second.report);
  if (result.outcome() == v1::OUTCOME_OK &&
      emulated_.value_or(result.emulated()) != result.emulated()) {
    // Sent before it was known what is measured on.
    found->second.report.outcome = Outcome::kDeviceLost;
    found->second.report.error =
        absl::StrFormat("%s is %s, unlike the devices of this session", result.device(),
                        result.emulated() ? "an emulator" : "hardware");
  }
  if (result.outcome() == v1::OUTCOME_OK && !emulated_) emulated_ = result.emulated();
  Finish(result.candidate_id());
  SendWhatIsDue();
}

void FarmFlow::Finish(uint64_t id) {
  Item item = std::move(items_.at(id));
  items_.erase(id);
  MeasureReport& report = item.report;
  if (item.peak_done) {
    if (report.outcome == Outcome::kOk) {
      return item.peak_done(static_cast<double>(item.peak_flops) / report.median_ns * 1e9);
    }
    return item.peak_done(absl::InternalError(absl::StrFormat(
        "FMA peak: %s in phase %s: %s", Name(report.outcome), report.phase, report.error)));
  }
  std::vector<uint64_t> followers;
  if (item.SharesItsCode() && !report.reused) followers = codes_.Settle(item.CodeKey(), report);
  if (item.final_group != 0) codes_.Renew(item.CodeKey(), report);
  listener_.on_report(std::move(report));
  for (const uint64_t follower : followers) Enqueue(follower);
}

// Ends an item that nobody can measure.
void FarmFlow::Abandon(uint64_t id, const absl::Status& status) {
  const auto found = items_.find(id);
  if (found == items_.end()) return;
  Item item = std::move(found->second);
  items_.erase(found);
  if (item.peak_done) return item.peak_done(status);
  item.report.outcome = Outcome::kDeviceLost;
  item.report.phase = "dispatch";
  item.report.error = base::OneLine(status);
  listener_.on_report(std::move(item.report));
}

void FarmFlow::Withdraw() {
  *std::exchange(wanted_, std::make_shared<std::atomic<bool>>(true)) = false;
  sender_.Clear();
  groups_.clear();
  codes_.ForgetUnmeasured();
  ready_.clear();
  building_.clear();
}

void FarmFlow::Fail(const absl::Status& status) {
  Withdraw();
  while (!items_.empty()) Abandon(items_.begin()->first, status);
  listener_.on_failure(status);
}

void FarmFlow::Clear() {
  Withdraw();
  const std::map<uint64_t, Item> withdrawn = std::exchange(items_, {});
  for (const auto& [id, item] : withdrawn) {
    if (item.peak_done) item.peak_done(absl::CancelledError("the measurement was withdrawn"));
  }
}

}  // namespace tunefarm::tuner
