// The core's plain values from and to the messages of tunefarm/v1/tracker.proto, and the checks on
// what comes from outside.
#ifndef TUNEFARM_TRACKER_WIRE_H_
#define TUNEFARM_TRACKER_WIRE_H_

#include <vector>

#include "absl/status/status.h"
#include "tracker/actions.h"
#include "tracker/types.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::tracker {

// No message is larger (the receive limit of both ends).
inline constexpr int kMaxMessageBytes = 64 << 20;

HelloEvent FromProto(const v1::Hello& hello);
DeviceInfo FromProto(const v1::DeviceInfo& info);
DeviceState FromProto(const v1::DeviceState& state);
ResultEvent FromProto(const v1::AgentResult& result);
SubmissionSpec FromProto(const v1::SubmitRequest& request);

v1::DeviceEntry ToProto(const DeviceRow& row);
v1::MeasureResult ToProto(const EndAsDeviceLost& end);
v1::MeasureResult ToProto(const EndAsQuarantined& end);

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_WIRE_H_
