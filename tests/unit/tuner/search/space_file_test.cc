#include "tests/bench/search/space_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/bench/search/synthetic_space.h"

namespace tunefarm::tuner {
namespace {

SyntheticOptions Small() {
  SyntheticOptions options;
  options.image = 7;
  options.channels = 16;
  options.failure_share = 0.5;
  return options;
}

TEST(SpaceFileTest, WhatIsPrintedParsesToTheSameSpace) {
  const RecordedSpace space = MakeSyntheticSpace(Small());
  const std::string text = PrintSpace(space);
  const auto parsed = ParseSpace(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(PrintSpace(*parsed), text);
  ASSERT_EQ(parsed->rows.size(), space.rows.size());
  EXPECT_EQ(parsed->workload, space.workload);
  EXPECT_EQ(parsed->target.l2_bytes, space.target.l2_bytes);
  size_t failed = 0;
  for (size_t i = 0; i < space.rows.size(); ++i) {
    EXPECT_EQ(parsed->rows[i].index, space.rows[i].index);
    EXPECT_EQ(parsed->rows[i].config, space.rows[i].config);
    EXPECT_EQ(parsed->rows[i].outcome, space.rows[i].outcome);
    EXPECT_DOUBLE_EQ(parsed->rows[i].facts.levels[1].input_bytes,
                     space.rows[i].facts.levels[1].input_bytes);
    EXPECT_DOUBLE_EQ(parsed->rows[i].facts.native_lanes, space.rows[i].facts.native_lanes);
    failed += space.rows[i].outcome != "ok" ? 1 : 0;
  }
  EXPECT_GT(failed, 0u);
}

TEST(SpaceFileTest, ErrorsNameTheLine) {
  const std::string text = PrintSpace(MakeSyntheticSpace(Small()));
  const std::string last_row = text.substr(text.rfind('\n', text.size() - 2) + 1);
  const struct {
    std::string text, message;
  } cases[] = {
      {"", "line 1 is not"},
      {"# tunefarm recorded space 2\n", "line 1 is not"},
      {"# tunefarm recorded space 1\n# no_such: 1\n", "line 2: unknown header 'no_such'"},
      {"# tunefarm recorded space 1\n# knob a: 1 x\n", "line 2: 'x' is not a number"},
      {"# tunefarm recorded space 1\n# fact nothing: 1\n", "line 2: unknown fact 'nothing'"},
      {"# tunefarm recorded space 1\nindex,fact:nothing,outcome,cost_ns\n",
       "line 2: unknown column 'fact:nothing'"},
      {"# tunefarm recorded space 1\nindex,cost_ns\n", "line 2: the last two columns"},
      {"# tunefarm recorded space 1\nindex,outcome,cost_ns\n", "no rows"},
      {"# tunefarm recorded space 1\nindex,outcome,cost_ns\n1,ok\n", "line 3: 2 cells"},
      {"# tunefarm recorded space 1\nindex,outcome,cost_ns\n1,ok,0\n", "line 3: cost_ns 0"},
      {text + last_row, "does not increase"},
  };
  for (const auto& [input, message] : cases) {
    const auto parsed = ParseSpace(input);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << message;
    EXPECT_NE(parsed.status().message().find(message), std::string::npos)
        << parsed.status() << " has no '" << message << "'";
  }
}

TEST(SpaceFileTest, AMissingFileIsNamed) {
  const auto space = ReadSpaceFile("/no/such/space.csv");
  EXPECT_EQ(space.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(space.status().message().find("/no/such/space.csv"), std::string::npos);
}

}  // namespace
}  // namespace tunefarm::tuner
