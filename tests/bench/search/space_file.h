// A recorded space: every valid config of one task with its facts and its measured time. What
// search_bench replays.
//
// The file is CSV with a header of '#' lines (tests/data/spaces/*.csv):
//   # tunefarm recorded space 1
//   # workload: conv2d/f32/nhwc/...
//   # target: triple=...,cpu=...,features=...        canonical text
//   # target.l1_bytes: 32768                         the numbers of the Target that facts and
//   features use # machine: ...                                   where it was measured, for people
//   # space: conv2d_direct.v1
//   # space_hash: ...
//   # features: ...                                  FeatureListHash of the build that recorded it,
//   for people # knob tile_ow: 1 2 3                            one line per knob, in order # fact
//   native_lanes: 8                           facts that are the same in all rows
//   index,knob:tile_ow,...,fact:accumulators,...,outcome,cost_ns
//   17,3,...,12,...,ok,1234567.8
// Rows increase by index. `cost_ns` is empty unless the outcome is ok.
#ifndef TUNEFARM_TESTS_BENCH_SEARCH_SPACE_FILE_H_
#define TUNEFARM_TESTS_BENCH_SEARCH_SPACE_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/space/facts.h"
#include "compiler/space/space.h"
#include "compiler/target/target.h"

namespace tunefarm::tuner {

struct RecordedSpace {
  std::string workload;     // Canonical key.
  std::string target_text;  // Canonical text.
  compiler::Target target;  // Only the numbers are set.
  std::string machine;
  std::string space_name;
  std::string space_hash;
  std::string feature_list_hash;
  std::vector<compiler::Knob> knobs;  // Without meanings.

  struct Row {
    uint64_t index = 0;
    compiler::Config config;
    compiler::ConfigFacts facts;
    std::string outcome = "ok";
    double cost_ns = 0;  // Of an ok row.
  };
  std::vector<Row> rows;
};

// The file's text, and back. Errors of Parse: kInvalidArgument with line and what was met there.
std::string PrintSpace(const RecordedSpace& space);
absl::StatusOr<RecordedSpace> ParseSpace(const std::string& text);

// Errors: kNotFound, kUnavailable (cannot be read or written), kInvalidArgument; the path stands in
// front.
absl::StatusOr<RecordedSpace> ReadSpaceFile(const std::string& path);
absl::Status WriteSpaceFile(const std::string& path, const RecordedSpace& space);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TESTS_BENCH_SEARCH_SPACE_FILE_H_
