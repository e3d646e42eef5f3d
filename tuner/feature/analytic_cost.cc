#include "tuner/feature/analytic_cost.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tunefarm::tuner {
namespace {

using compiler::ConfigFacts;
using compiler::Target;

// Instructions renamed per cycle: between Skylake's 4 and the 6 of Zen 4 and Golden Cove; small
// in-order cores issue 2.
constexpr double kOutOfOrderWidth = 5;
constexpr double kInOrderWidth = 2;
// Beyond the decoded-instruction cache, 16 bytes are fetched per cycle: about 2.5 vector
// instructions of 6 bytes.
constexpr double kDecodeWidth = 2.5;
// Store-to-load forwarding of a vector, which a spilled accumulator adds to its chain (Zen 4: 7-8,
// Skylake: 6-7, plus the store's own cycle). One register too many took a 12-accumulator AVX2 tile
// from 6 to 14 cycles per step.
constexpr double kStoreForwardCycles = 9;
constexpr double kStoresPerCycle = 1;
// The k loop's exit is mispredicted once per tile; an in-order pipeline is shorter.
constexpr double kOutOfOrderTileOverhead = 15;
constexpr double kInOrderTileOverhead = 8;
// The part of a cache that one kernel's reused data can hold: the rest is lost to conflicts and to
// the stream passing by.
constexpr double kUsableCache = 0.75;
constexpr double kUsableSharedCache = 0.5;
// Transfers that an out-of-order core fails to hide behind its bottleneck. An in-order core stalls
// for them.
constexpr double kUnhiddenTransfer = 0.15;

// What facts that make no sense cost: more than any kernel.
constexpr double kSenselessCycles = 1e18;

struct Bandwidths {
  double l2, l3, dram;  // Bytes per cycle.
};

// One vector per cycle from L2, at most 32 bytes (what Zen and Skylake sustain), a third of it from
// L3, an eighth from DRAM (4 bytes per cycle: 14 GB/s at 3.6 GHz for one core). In-order cores have
// half of it (A53: 8 bytes from L2).
Bandwidths BandwidthsOf(const Target& target) {
  const double vector_bytes = static_cast<double>(target.vector_bits) / 8;
  double l2 = std::clamp(vector_bytes, 4.0, 32.0);
  if (target.in_order) l2 /= 2;
  return {l2, l2 / 3, l2 / 8};
}

double Footprint(const ConfigFacts::Level& level) {
  return level.input_bytes + level.weight_bytes + level.output_bytes;
}

// Bytes that must be brought into a cache of `capacity_bytes` while the whole kernel runs over and
// over.
//
// If one pass of a loop level fits, what its neighbours share stays resident, so that one pass of
// the NEXT level brings each of its bytes once; if it does not fit, each of its passes brings its
// own bytes again. A single k step always fits. A kernel that fits as a whole finds everything in
// place: kernels are timed warm.
double MissBytes(const ConfigFacts& facts, double capacity_bytes) {
  for (const ConfigFacts::Level& level : facts.levels) {
    if (Footprint(level) > capacity_bytes) return Footprint(level) * level.iterations;
  }
  const double total =
      facts.total_input_bytes + facts.total_weight_bytes + facts.total_output_bytes;
  return total > capacity_bytes ? total : 0;
}

double FrontEndWidth(const ConfigFacts& facts, const Target& target) {
  const double width = target.in_order ? kInOrderWidth : kOutOfOrderWidth;
  return facts.body_instructions > kUopCacheInstructions ? std::min(width, kDecodeWidth) : width;
}

// The four bounds inside the core.
void EstimateCore(const ConfigFacts& facts, const Target& target, AnalyticCost* cost) {
  // A vector wider than a register is several instructions.
  const double parts =
      std::max(1.0, std::ceil(facts.vector_lanes / std::max(1.0, facts.native_lanes)));
  const double fma_per_step = std::max(facts.fma_per_step, 1e-9);
  const double steps = facts.issued_fmas / fma_per_step;
  const double spilled = SpilledRegisters(facts);

  cost->fma_issue_cycles = facts.issued_fmas * parts / target.fma_per_cycle;

  // A tail tile has fewer accumulators and as many steps: its chain is as long as a full tile's, so
  // tiles are counted, not multiply-adds.
  const double chain = fma_per_step * parts / std::max(facts.accumulators, 1.0);
  const double link =
      static_cast<double>(target.fma_latency_cycles) + (spilled > 0 ? kStoreForwardCycles : 0);
  cost->fma_latency_cycles = facts.tiles * facts.steps_per_tile * std::max(chain, 0.0) * link;

  const double loads =
      facts.vector_loads_per_step * parts + facts.broadcast_loads_per_step + spilled;
  cost->load_cycles = steps * std::max(loads / target.load_per_cycle, spilled / kStoresPerCycle);

  // The template's own count of the body, or what the step cannot do without, whichever is more.
  const double counted = facts.body_instructions / std::max(facts.unroll_steps, 1.0);
  const double needed = fma_per_step * parts + facts.loop_overhead_per_step;
  cost->front_end_cycles =
      steps * (std::max(counted, needed) + 2 * spilled) / FrontEndWidth(facts, target);
}

void EstimateMemory(const ConfigFacts& facts, const Target& target, AnalyticCost* cost) {
  const Bandwidths bandwidth = BandwidthsOf(target);
  cost->l1_miss_bytes = MissBytes(facts, kUsableCache * static_cast<double>(target.l1_bytes));
  cost->l2_miss_bytes = MissBytes(facts, kUsableCache * static_cast<double>(target.l2_bytes));
  cost->l3_miss_bytes = MissBytes(facts, kUsableSharedCache * static_cast<double>(target.l3_bytes));
  cost->l2_cycles = cost->l1_miss_bytes / bandwidth.l2;
  cost->l3_cycles = cost->l2_miss_bytes / bandwidth.l3;
  cost->dram_cycles = cost->l3_miss_bytes / bandwidth.dram;
}

void EstimateExtras(const ConfigFacts& facts, const Target& target, AnalyticCost* cost) {
  cost->tile_overhead_cycles =
      facts.tiles * (target.in_order ? kInOrderTileOverhead : kOutOfOrderTileOverhead);
  // One store per vector is the narrowest port on the way out.
  cost->epilogue_cycles = facts.epilogue_vectors / kStoresPerCycle;
  // Copies read and write, half of L2's rate in each direction.
  cost->packing_cycles = facts.packing_bytes / (BandwidthsOf(target).l2 / 2);
}

// How many workers are busy on average when `chunks` equal pieces are dealt to them.
double BusyWorkers(double chunks, int workers) {
  chunks = std::max(1.0, chunks);
  return chunks / std::ceil(chunks / std::max(1, workers));
}

}  // namespace

const char* Name(Bound bound) {
  switch (bound) {
    case Bound::kFmaIssue:
      return "fma issue";
    case Bound::kFmaLatency:
      return "fma latency";
    case Bound::kLoads:
      return "loads";
    case Bound::kFrontEnd:
      return "front end";
    case Bound::kL2:
      return "l2";
    case Bound::kL3:
      return "l3";
    case Bound::kDram:
      return "dram";
  }
  return "unknown";
}

double SpilledRegisters(const ConfigFacts& facts) {
  return std::max(0.0, facts.accumulators + facts.operand_registers - facts.available_registers);
}

double IdealCycles(const ConfigFacts& facts, const Target& target) {
  return std::max(1.0, facts.useful_fmas / target.fma_per_cycle);
}

AnalyticCost EstimateCost(const ConfigFacts& facts, const Target& target, int workers) {
  AnalyticCost cost;
  EstimateCore(facts, target, &cost);
  EstimateMemory(facts, target, &cost);
  EstimateExtras(facts, target, &cost);

  // The core's units and the prefetched transfers work at the same time, so that the slowest
  // decides (max); transfers are hidden imperfectly, so that a part of those that do not decide is
  // added. What happens between the k loops of two tiles has nothing to overlap with (sum).
  const std::array<double, 7> bounds = {
      cost.fma_issue_cycles, cost.fma_latency_cycles, cost.load_cycles, cost.front_end_cycles,
      cost.l2_cycles,        cost.l3_cycles,          cost.dram_cycles};
  const auto largest = std::max_element(bounds.begin(), bounds.end());
  cost.limit = static_cast<Bound>(largest - bounds.begin());
  double transfers = cost.l2_cycles + cost.l3_cycles + cost.dram_cycles;
  if (cost.limit >= Bound::kL2) transfers -= *largest;
  const double unhidden = target.in_order ? 1.0 : kUnhiddenTransfer;
  const double one_core = *largest + unhidden * transfers + cost.tile_overhead_cycles +
                          cost.epilogue_cycles + cost.packing_cycles;

  // L3 and DRAM are shared: more workers do not widen DRAM.
  const double elapsed = one_core / BusyWorkers(facts.parallel_chunks, workers);
  // Facts that make no sense must not reach a sort as NaN: they come last. (max would swallow a
  // NaN.)
  cost.total_cycles =
      std::isfinite(elapsed) ? std::max({1.0, elapsed, cost.dram_cycles}) : kSenselessCycles;
  return cost;
}

}  // namespace tunefarm::tuner
