// Which agents this tracker works with, by what they say in Hello.
//
// Pure. A tracker serves agents of its own minor version and the one before, so that a farm is
// updated tracker first, then board by board.
#ifndef TUNEFARM_TRACKER_COMPATIBILITY_H_
#define TUNEFARM_TRACKER_COMPATIBILITY_H_

#include "absl/status/status.h"
#include "base/version.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::tracker {

// FAILED_PRECONDITION with one line that says which side is to be updated: an agent version other
// than own.major.own.minor or the minor before it (patches do not matter), a newer protocol, a
// kernel ABI of another version.
absl::Status CheckCompatible(const v1::Hello& hello, const base::Version& own);

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_COMPATIBILITY_H_
