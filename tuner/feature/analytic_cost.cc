#include "tuner/feature/analytic_cost.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace tunefarm::tuner {
namespace {

using compiler::ConfigFacts;
using compiler::Target;

// Instructions renamed per cycle: between Skylake's 4 and the 6 of Zen 4 and Golden Cove. The A72
// takes 3, the A76 4, one of which goes to the addresses that loads without an offset need and the
// facts do not count. Small in-order cores issue 2.
constexpr double kOutOfOrderWidth = 5;
constexpr double kOutOfOrderArmWidth = 3;
constexpr double kInOrderWidth = 2;
// A Cortex-M4 issues one. The M7 could issue two, but LLVM's model of it needs 1.02 to 1.05 cycles
// for an instruction of our loops: pairs of SMLAD wait for their operands.
constexpr double kBoardWidth = 1;
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
constexpr double kUnhiddenTransfer = 0.05;
// No core keeps its units busy when each accumulator is ready just in time: 8 accumulators for 2
// units of 4 cycles were 5 % slower than 12.
constexpr double kLatencySlack = 1.05;
// Level 1 caches are indexed within a page of 4 KiB: 64 sets of 64-byte lines, as many ways as
// pages.
constexpr double kLineBytes = 64;
constexpr int64_t kL1SetBytes = 4096;
// A tail tile that lacks accumulators waits for their latency; this part of it shows (none for a
// tail almost as large as a full tile, three quarters for one of a third: 6 + 6 + 2 pixels of a row
// of 14 take 16 cycles where 14 would do).
constexpr double kTailExposure = 0.6;
// A tile whose k loop is unrolled whole has no exit to mispredict.
constexpr double kStraightTileOverhead = 2;
// Scalars that are splat over a vector need a load port and not its width. Vectors of 512 bits, if
// only one comes per cycle, come through two ports of 256; narrower ones pass one whole (A72).
constexpr double kWideVectorLanes = 16;
constexpr double kLoadPorts = 1;
constexpr double kLoadPortsOfWideVectors = 2;

// An in-order core that waits for a load does nothing else, and a quadword load takes an issue slot
// that no multiply-add shares (A53). By LLVM's model of it, tiles of 7 to 9 by 2 spend this many
// cycles more per group of loads than their multiply-adds and loads; loads that stand alone, 4
// to 6.
constexpr double kLoadWaitCycles = 6;

// What each memory behind the best costs that code runs from: how many cycles its instructions are
// waited for is unknown, so this only keeps a kernel in the best memory before its own copies
// elsewhere. Boards without wait states (emulated ones) try those copies last.
constexpr double kWorseCodeMemory = 0.05;

// What facts that make no sense cost: more than any kernel.
constexpr double kSenselessCycles = 1e18;

struct Bandwidths {
  double l2, l3, dram;  // Bytes per cycle.
};

// One vector per cycle from L2, at most 32 bytes (what Zen and Skylake sustain), 0.6 of it from L3
// (a depthwise layer streams 15 bytes per cycle from Zen 4's L3 without being slowed by it), an
// eighth from DRAM (4 bytes per cycle: 14 GB/s at 3.6 GHz for one core). In-order cores have half
// of it (A53: 8 bytes from L2).
Bandwidths BandwidthsOf(const Target& target) {
  const double vector_bytes = static_cast<double>(target.vector_bits) / 8;
  double l2 = std::clamp(vector_bytes, 4.0, 32.0);
  if (target.in_order) l2 /= 2;
  return {l2, 0.6 * l2, l2 / 8};
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
double MissBytes(const ConfigFacts& facts, double capacity_bytes, bool by_reach = false) {
  for (const ConfigFacts::Level& level : facts.levels) {
    const double reached = by_reach ? level.reach * capacity_bytes : capacity_bytes;
    if (Footprint(level) > reached) return Footprint(level) * level.iterations;
  }
  const double total =
      facts.total_input_bytes + facts.total_weight_bytes + facts.total_output_bytes;
  return total > capacity_bytes ? total : 0;
}

// Bytes that L1 must be given again because the rows of a tile lie a power of two apart and share
// few of its sets: 28 rows, 2 KiB apart, took twice the time of 14. Only where each row of the tile
// is a row of its own in memory (matrix products), that is where nothing of the input is used by
// two rows, the facts tell the distance.
double ConflictBytes(const ConfigFacts& facts, const Target& target) {
  const double row_bytes = facts.levels[0].input_bytes / std::max(facts.tile_pixels, 1.0);
  const double elem_bytes = row_bytes / std::max(facts.steps_per_tile, 1.0);
  if ((elem_bytes != 4 && elem_bytes != 1) || facts.broadcast_loads_per_step == 0) return 0;
  const int64_t stride = std::gcd(static_cast<int64_t>(row_bytes), kL1SetBytes);
  const double sets = static_cast<double>(kL1SetBytes) / std::max<double>(kLineBytes, stride);
  const double lines = sets * static_cast<double>(target.l1_bytes / kL1SetBytes);
  const double missing = std::clamp(facts.tile_pixels / lines - 1, 0.0, 1.0);
  return missing * kLineBytes * facts.broadcast_loads_per_step * facts.issued_fmas /
         std::max(facts.fma_per_step, 1e-9);
}

double FrontEndWidth(const ConfigFacts& facts, const Target& target) {
  const double width = target.IsBareMetal()       ? kBoardWidth
                       : target.in_order          ? kInOrderWidth
                       : target.HasLaneMultiply() ? kOutOfOrderArmWidth
                                                  : kOutOfOrderWidth;
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

  cost->fma_issue_cycles =
      (facts.issued_fmas * parts + steps * facts.spreads_per_step) / target.fma_per_cycle;

  // A tail tile has fewer accumulators and as many steps, so its chain is as long as a full tile's.
  // How the tails are cut is not among the facts: the work is taken as full tiles and the rest of
  // the tiles as empty.
  const double chain = fma_per_step * parts / std::max(facts.accumulators, 1.0);
  const double link = kLatencySlack * static_cast<double>(target.fma_latency_cycles) +
                      (spilled > 0 ? kStoreForwardCycles : 0);
  const double full_tiles = std::min(facts.tiles, steps / std::max(facts.steps_per_tile, 1.0));
  const double chain_cycles = facts.steps_per_tile * chain * link;
  cost->fma_latency_cycles = full_tiles * chain_cycles;
  cost->tail_cycles = kTailExposure * (facts.tiles - full_tiles) * chain_cycles;

  const double ports = facts.native_lanes < kWideVectorLanes ? kLoadPorts : kLoadPortsOfWideVectors;
  const double broadcasts_per_cycle =
      target.in_order ? target.load_per_cycle : std::max(target.load_per_cycle, ports);
  const double vector_loads = facts.vector_loads_per_step * parts + spilled;
  const double loading =
      vector_loads / target.load_per_cycle + facts.broadcast_loads_per_step / broadcasts_per_cycle;
  cost->load_cycles = steps * std::max(loading, spilled / kStoresPerCycle);

  // The template's own count of the body, or what the step cannot do without, whichever is more.
  const double counted = facts.body_instructions / std::max(facts.unroll_steps, 1.0);
  const double needed = fma_per_step * parts + facts.loop_overhead_per_step;
  cost->front_end_cycles =
      steps * (std::max(counted, needed) + 2 * spilled) / FrontEndWidth(facts, target);

  if (target.in_order && facts.load_waits_per_step > 0) {
    const double loads = facts.vector_loads_per_step * parts + facts.broadcast_loads_per_step;
    cost->load_wait_cycles = steps * (loads + facts.load_waits_per_step * kLoadWaitCycles);
  }
}

// A board without an operating system has no hierarchy to count: kernels and their data lie in one
// memory, and each load is an instruction.
void EstimateMemory(const ConfigFacts& facts, const Target& target, AnalyticCost* cost) {
  if (target.IsBareMetal()) return;
  const Bandwidths bandwidth = BandwidthsOf(target);
  cost->l1_miss_bytes =
      MissBytes(facts, kUsableCache * static_cast<double>(target.l1_bytes), true) +
      ConflictBytes(facts, target);
  // A level that the core lacks lets pass what the one before it missed.
  cost->l2_miss_bytes = target.l2_bytes > 0
                            ? MissBytes(facts, kUsableCache * static_cast<double>(target.l2_bytes))
                            : cost->l1_miss_bytes;
  cost->l3_miss_bytes =
      target.l3_bytes > 0
          ? MissBytes(facts, kUsableSharedCache * static_cast<double>(target.l3_bytes))
          : cost->l2_miss_bytes;
  cost->l2_cycles = cost->l1_miss_bytes / bandwidth.l2;
  cost->l3_cycles = cost->l2_miss_bytes / bandwidth.l3;
  cost->dram_cycles = cost->l3_miss_bytes / bandwidth.dram;
}

void EstimateExtras(const ConfigFacts& facts, const Target& target, AnalyticCost* cost) {
  double overhead = target.in_order ? kInOrderTileOverhead : kOutOfOrderTileOverhead;
  if (facts.steps_per_tile <= facts.unroll_steps) overhead = kStraightTileOverhead;
  cost->tile_overhead_cycles = facts.tiles * overhead;
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
  const double one_core = *largest + unhidden * transfers + cost.tail_cycles +
                          cost.tile_overhead_cycles + cost.load_wait_cycles + cost.epilogue_cycles +
                          cost.packing_cycles;

  // L3 and DRAM are shared: more workers do not widen DRAM.
  const double elapsed = one_core * (1 + kWorseCodeMemory * facts.code_memory) /
                         BusyWorkers(facts.parallel_chunks, workers);
  // Facts that make no sense must not reach a sort as NaN: they come last. (max would swallow a
  // NaN.)
  cost.total_cycles =
      std::isfinite(elapsed) ? std::max({1.0, elapsed, cost.dram_cycles}) : kSenselessCycles;
  return cost;
}

}  // namespace tunefarm::tuner
