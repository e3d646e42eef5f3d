#include "base/status.h"

#include <gtest/gtest.h>

namespace tunefarm::base {
namespace {

TEST(StatusTest, AnnotateKeepsTheCodeAndPutsTheContextFirst) {
  const absl::Status status = Annotate(absl::NotFoundError("no row"), "open tuner.db");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "open tuner.db: no row");
}

TEST(StatusTest, OneLineHasNoLineBreaks) {
  EXPECT_EQ(OneLine(absl::InternalError("a\nb")), "INTERNAL: a b");
}

absl::StatusOr<int> Half(int value) {
  if (value % 2 != 0) return absl::InvalidArgumentError("odd");
  return value / 2;
}

absl::StatusOr<int> Quarter(int value) {
  TUNEFARM_ASSIGN_OR_RETURN(const int half, Half(value));
  return Half(half);
}

TEST(StatusTest, AssignOrReturnHandsTheErrorUp) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
  EXPECT_EQ(Quarter(5).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tunefarm::base
