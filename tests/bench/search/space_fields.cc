#include "tests/bench/search/space_fields.h"

#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"

namespace tunefarm::tuner {
namespace {

using compiler::ConfigFacts;
using compiler::Target;

std::vector<FactField> MakeFactFields() {
  std::vector<FactField> list;
  const auto add = [&list](const char* name, double ConfigFacts::* member) {
    list.push_back({name, [member](ConfigFacts& facts) -> double& { return facts.*member; }});
  };
#define TUNEFARM_FACT(name) add(#name, &ConfigFacts::name)
  TUNEFARM_FACT(vector_lanes);
  TUNEFARM_FACT(native_lanes);
  TUNEFARM_FACT(accumulators);
  TUNEFARM_FACT(operand_registers);
  TUNEFARM_FACT(available_registers);
  TUNEFARM_FACT(tile_pixels);
  TUNEFARM_FACT(tile_vectors);
  TUNEFARM_FACT(fma_per_step);
  TUNEFARM_FACT(vector_loads_per_step);
  TUNEFARM_FACT(broadcast_loads_per_step);
  TUNEFARM_FACT(load_waits_per_step);
  TUNEFARM_FACT(steps_per_tile);
  TUNEFARM_FACT(unroll_steps);
  TUNEFARM_FACT(body_instructions);
  TUNEFARM_FACT(code_bytes);
  TUNEFARM_FACT(loop_overhead_per_step);
  TUNEFARM_FACT(tiles);
  TUNEFARM_FACT(issued_fmas);
  TUNEFARM_FACT(useful_fmas);
  TUNEFARM_FACT(epilogue_vectors);
  TUNEFARM_FACT(packing_bytes);
  TUNEFARM_FACT(parallel_chunks);
  TUNEFARM_FACT(total_input_bytes);
  TUNEFARM_FACT(total_weight_bytes);
  TUNEFARM_FACT(total_output_bytes);
#undef TUNEFARM_FACT
  using Level = ConfigFacts::Level;
  const std::vector<std::pair<const char*, double Level::*>> members = {
      {"input_bytes", &Level::input_bytes},
      {"weight_bytes", &Level::weight_bytes},
      {"output_bytes", &Level::output_bytes},
      {"iterations", &Level::iterations},
      {"reach", &Level::reach}};
  for (size_t level = 0; level < std::tuple_size_v<decltype(ConfigFacts::levels)>; ++level) {
    for (const auto& [name, member] : members) {
      const auto pointer = member;
      list.push_back({absl::StrFormat("level%d_%s", level, name),
                      [level, pointer](ConfigFacts& facts) -> double& {
                        return facts.levels[level].*pointer;
                      }});
    }
  }
  return list;
}

#define TUNEFARM_NUMBER(field)                                           \
  {#field, [](const Target& t) { return static_cast<double>(t.field); }, \
   [](Target& t, double value) { t.field = static_cast<decltype(t.field)>(value); }}
constexpr TargetField kTargetFields[] = {
    TUNEFARM_NUMBER(num_cores),
    TUNEFARM_NUMBER(vector_bits),
    TUNEFARM_NUMBER(num_vector_registers),
    TUNEFARM_NUMBER(fma_per_cycle),
    TUNEFARM_NUMBER(load_per_cycle),
    TUNEFARM_NUMBER(fma_latency_cycles),
    TUNEFARM_NUMBER(l1_bytes),
    TUNEFARM_NUMBER(l2_bytes),
    TUNEFARM_NUMBER(l3_bytes),
    TUNEFARM_NUMBER(clock_hz),
    TUNEFARM_NUMBER(in_order),
};
#undef TUNEFARM_NUMBER

}  // namespace

const std::vector<FactField>& FactFields() {
  static const std::vector<FactField> fields = MakeFactFields();
  return fields;
}

const FactField* FindFact(const std::string& name) {
  for (const FactField& field : FactFields()) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::span<const TargetField> TargetFields() { return kTargetFields; }

}  // namespace tunefarm::tuner
