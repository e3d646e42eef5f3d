#include "tuner/cli/table.h"

#include <gtest/gtest.h>

namespace tunefarm::tuner {
namespace {

TEST(TableTest, AlignsColumnsAndLeavesNoBlanksAtLineEnds) {
  Table table;
  table.header = {"name", "cores"};
  table.rows = {{"a", "4"}, {"pi-kitchen", "128"}};
  table.right = {false, true};
  EXPECT_EQ(PrintAligned(table),
            "name        cores\n"
            "----------  -----\n"
            "a               4\n"
            "pi-kitchen    128\n");
}

TEST(TableTest, CountsCharactersNotBytes) {
  Table table;
  table.header = {"x", "y"};
  table.rows = {{"\xC3\xA9", "1"}, {"ab", "2"}};
  EXPECT_EQ(PrintAligned(table),
            "x   y\n"
            "--  -\n"
            "\xC3\xA9   1\n"
            "ab  2\n");
}

TEST(TableTest, QuotesWhatCsvWouldMisread) {
  Table table;
  table.header = {"a", "b"};
  table.rows = {{"x,y", "say \"hi\""}, {"two\nlines", ""}};
  EXPECT_EQ(PrintCsv(table), "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\n");
}

}  // namespace
}  // namespace tunefarm::tuner
