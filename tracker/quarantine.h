// Kernels that took a board down, by kind of board. Pure.
//
// What one board of a kind learnt the hard way holds for all of them: the dispatch queue asks here
// before it gives a candidate to a device. A kernel is known by its digest: the same config built
// by the same toolchain. Nothing is kept on disk: agents keep what they know, say it in Hello and
// are told what others say (tracker/tracker_core.h).
#ifndef TUNEFARM_TRACKER_QUARANTINE_H_
#define TUNEFARM_TRACKER_QUARANTINE_H_

#include <map>
#include <string>
#include <vector>

#include "tracker/types.h"

namespace tunefarm::tracker {

// What a board is, in its agent's words: its tag "board"; "" for a device that is no such board, on
// which nothing is barred.
std::string BoardKind(const DeviceInfo& device);

class Quarantine {
 public:
  // True when it is news. One without a digest is not kept; the first reason stays.
  bool Add(const std::string& kind, const QuarantinedKernel& kernel);

  // Why `device` is not to get the kernel, as a sentence for people; "" when it may.
  std::string WhyBarred(const DeviceInfo& device, const std::string& digest) const;

  // By digest.
  std::vector<QuarantinedKernel> Of(const std::string& kind) const;

 private:
  std::map<std::string, std::map<std::string, std::string>> reasons_;  // Kind -> digest -> reason.
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_QUARANTINE_H_
