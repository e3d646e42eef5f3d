// Between the measurer's words and those of the protocol.
#ifndef TUNEFARM_TUNER_MEASURE_WIRE_H_
#define TUNEFARM_TUNER_MEASURE_WIRE_H_

#include "compiler/target/target.h"
#include "tunefarm/v1/build.pb.h"
#include "tunefarm/v1/measurement.pb.h"
#include "tunefarm/v1/tracker.pb.h"
#include "tuner/measure/measurer.h"

namespace tunefarm::tuner {

// An outcome that this version does not know is device_lost: whatever it means, it must not teach
// the cost model anything.
Outcome FromProto(v1::Outcome outcome);

// Takes over what the builder tells.
void AddBuild(const v1::BuildReply& build, MeasureReport* report);
// Takes over what the device tells.
void AddResult(const v1::MeasureResult& result, MeasureReport* report);
// `measured`, a result of the same code, as the report of what `built` tells of.
MeasureReport AsReused(const MeasureReport& measured, const MeasureReport& built);

DeviceDescription FromProto(const v1::DeviceInfo& info);

// "x86_64" of "x86_64-pc-linux-gnu".
std::string Architecture(const std::string& triple);

// The device that kernels for a target need.
v1::DeviceRequirement RequirementOf(const compiler::Target& target);
// A feature that is required and the device does not have; "" where it has all.
std::string MissingFeature(const v1::DeviceInfo& device, const v1::DeviceRequirement& requirement);
// Whether the device is there and fits.
bool CanMeasure(const v1::DeviceEntry& entry, const v1::DeviceRequirement& requirement);

v1::TimingSpec MakeTiming(const MeasureOptions& options, bool final_round);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_WIRE_H_
