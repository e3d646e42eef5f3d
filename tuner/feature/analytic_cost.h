// An estimate of a config's cycles from its facts alone: the search's first ordering of a space,
// the base on which the local regression learns only what the estimate misses, and a row of
// features.
//
// It stands between compiler/space (facts) and tuner/feature's table, tuner/search. It relies on
// nothing measured: what the Target does not tell (issue width, cache bandwidths) is a named
// constant in the .cc file with its reason.
#ifndef TUNEFARM_TUNER_FEATURE_ANALYTIC_COST_H_
#define TUNEFARM_TUNER_FEATURE_ANALYTIC_COST_H_

#include "compiler/space/facts.h"
#include "compiler/target/target.h"

namespace tunefarm::tuner {

// The resource that limits the kernel, ordered by distance from the arithmetic units.
enum class Bound { kFmaIssue, kFmaLatency, kLoads, kFrontEnd, kL2, kL3, kDram };

// "fma issue", "fma latency", "loads", "front end", "l2", "l3", "dram".
const char* Name(Bound bound);

// Cycles of one core. The first seven: what the whole kernel would take if that resource alone
// limited it (they overlap). The next five stand beside them and add up.
struct AnalyticCost {
  double fma_issue_cycles = 0;    // Vector multiply-adds through the FMA ports.
  double fma_latency_cycles = 0;  // Each accumulator's chain of dependent multiply-adds.
  double load_cycles = 0;         // Loads (and spills) through the load and store ports.
  double front_end_cycles = 0;    // Instructions through fetch, decode and rename.
  double l2_cycles = 0;           // Bytes that miss L1, at L2's bandwidth.
  double l3_cycles = 0;           // Bytes that miss L2.
  double dram_cycles = 0;         // Bytes that miss L3.

  double tail_cycles = 0;           // Tail tiles too small to hide the multiply-add's latency.
  double tile_overhead_cycles = 0;  // Start and end of each register tile's k loop.
  double load_wait_cycles = 0;      // Of an in-order core, for operands of its multiply-adds.
  double epilogue_cycles = 0;       // Vectors stored and transformed outside the k loops.
  double packing_cycles = 0;        // Padding, packing and layout stages.

  double total_cycles = 1;  // At least 1, always finite; 1e18 for facts that make no sense.
  Bound limit =
      Bound::kFmaIssue;  // Which of the first seven is largest; the first in order if several are.

  // Bytes that cross into L1, into L2 and into L3: what the three memory bounds are made of.
  double l1_miss_bytes = 0, l2_miss_bytes = 0, l3_miss_bytes = 0;
};

// `workers` is the number of threads the kernel is given, at least 1; total_cycles is then elapsed,
// not summed.
AnalyticCost EstimateCost(const compiler::ConfigFacts& facts, const compiler::Target& target,
                          int workers = 1);

// Cycles of a perfect kernel on one core: useful multiply-adds at the full FMA rate. At least 1.
double IdealCycles(const compiler::ConfigFacts& facts, const compiler::Target& target);

// Registers beyond those the target has that one k step of the main tile needs. 0 if it fits.
double SpilledRegisters(const compiler::ConfigFacts& facts);

// Instructions that the decoded-instruction cache holds: bodies above it are decoded again in each
// round.
inline constexpr double kUopCacheInstructions = 1500;

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_FEATURE_ANALYTIC_COST_H_
