#include "tuner/service/best_query.h"

#include <utility>

#include "base/status.h"
#include "tuner/session/candidate.h"

namespace tunefarm::tuner {
namespace {

BestSchedule ToSchedule(const db::BestRecord& record) {
  BestSchedule best;
  best.workload = record.workload;
  best.target = record.target;
  best.config = record.config;
  best.cost_median = record.cost.median_ns / record.ns_per_cost_unit;
  best.cost_unit = Name(FromRecord(record.cost_unit));
  best.mad = record.cost.mad_ns / record.ns_per_cost_unit;
  best.samples = static_cast<uint32_t>(record.cost.num_samples);
  best.gflops = record.gflops;
  best.trial_id = record.trial_id;
  best.device = record.device;
  best.emulated = record.emulated;
  best.how = "exact";
  return best;
}

}  // namespace

absl::StatusOr<BestSchedule> FindBest(const TaskSetup& task, const db::TuningLog* log,
                                      bool include_emulated) {
  if (log != nullptr) {
    const absl::StatusOr<db::BestRecord> record =
        log->Best(task.workload_key, task.target_text, include_emulated);
    if (record.ok()) return ToSchedule(*record);
    if (!absl::IsNotFound(record.status())) return record.status();
  }
  BestSchedule best;
  best.workload = task.workload_key;
  best.target = task.target_text;
  best.config = task.space().Print(task.default_config);
  best.how = "default";
  return best;
}

v1::BestSchedule ToProto(const BestSchedule& best) {
  v1::BestSchedule proto;
  proto.set_workload(best.workload);
  proto.set_target(best.target);
  proto.set_config(best.config);
  proto.set_cost_median(best.cost_median);
  proto.set_cost_unit(best.cost_unit);
  proto.set_mad(best.mad);
  proto.set_samples(best.samples);
  proto.set_gflops(best.gflops);
  proto.set_trial_id(static_cast<uint64_t>(best.trial_id));
  proto.set_device(best.device);
  proto.set_emulated(best.emulated);
  proto.set_how(best.how);
  return proto;
}

BestSchedule FromProto(const v1::BestSchedule& proto) {
  BestSchedule best;
  best.workload = proto.workload();
  best.target = proto.target();
  best.config = proto.config();
  best.cost_median = proto.cost_median();
  best.cost_unit = proto.cost_unit();
  best.mad = proto.mad();
  best.samples = proto.samples();
  best.gflops = proto.gflops();
  best.trial_id = static_cast<int64_t>(proto.trial_id());
  best.device = proto.device();
  best.emulated = proto.emulated();
  best.how = proto.how();
  return best;
}

}  // namespace tunefarm::tuner
