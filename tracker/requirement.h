// Does a device meet a submission's requirement, and if none does: why not, in words for people.
#ifndef TUNEFARM_TRACKER_REQUIREMENT_H_
#define TUNEFARM_TRACKER_REQUIREMENT_H_

#include <string>
#include <vector>

#include "tracker/types.h"

namespace tunefarm::tracker {

// Names to be avoided are not looked at: Avoids does.
bool Meets(const DeviceInfo& device, const Requirement& requirement);

// Whether `device`, which meets the requirement, must leave it to another one: it is to be avoided,
// and one of `available` that is not meets the requirement too.
bool Avoids(const DeviceInfo& device, const Requirement& requirement,
            const std::vector<const DeviceInfo*>& available);

// One line such as "no connected device has avx512f; 2 devices connected". `available` are the
// devices that take work, `draining` those that are connected and take none. Requires that no
// available device meets the requirement.
std::string WhyNoneMeets(const Requirement& requirement,
                         const std::vector<const DeviceInfo*>& available,
                         const std::vector<const DeviceInfo*>& draining);

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_REQUIREMENT_H_
