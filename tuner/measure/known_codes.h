// Which machine code has been measured or is being measured: configs that compile to the same code
// are measured once. Pure.
#ifndef TUNEFARM_TUNER_MEASURE_KNOWN_CODES_H_
#define TUNEFARM_TUNER_MEASURE_KNOWN_CODES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tuner/measure/measurer.h"

namespace tunefarm::tuner {

class KnownCodes {
 public:
  // The result of code that has been measured; null if none.
  const MeasureReport* Find(const std::string& code) const;

  // True: another candidate with this code is being measured, and `id` waits for it. False: `id` is
  // now the one to be measured. Requires that the code has no result.
  bool Follow(const std::string& code, uint64_t id);

  // The result of the one that was measured; returns who waited for it. A lost device says nothing
  // of the code: then it is as unknown as before.
  std::vector<uint64_t> Settle(const std::string& code, const MeasureReport& report);

  // Code that was measured anew, because its device had drifted or for a final: this counts from now
  // on. Of code without a result, or of a lost device, it says nothing.
  void Renew(const std::string& code, const MeasureReport& report);

  // Those being measured are no longer.
  void ForgetUnmeasured() { measuring_.clear(); }

 private:
  std::map<std::string, MeasureReport> measured_;
  std::map<std::string, std::vector<uint64_t>> measuring_;  // Code -> who waits.
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_KNOWN_CODES_H_
