#include "compiler/codegen/linear_index.h"

#include <gtest/gtest.h>

namespace tunefarm::compiler {
namespace {

class LinearIndexTest : public ::testing::Test {
 protected:
  const Expr i_ = MakeVar("i");
  const Expr j_ = MakeVar("j");
};

TEST_F(LinearIndexTest, EqualTermsAreCollectedAndConstantsAdded) {
  const auto index = Linearize((i_ * 64 + 3) * 2 + j_ - i_ * 28 - 7);
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->constant, -1);
  ASSERT_EQ(index->terms.size(), 2u);
  EXPECT_TRUE(index->terms[0].value.same_as(i_));
  EXPECT_EQ(index->terms[0].factor, 100);
  EXPECT_EQ(index->terms[1].factor, 1);
  EXPECT_TRUE(index->is_contiguous());
}

TEST_F(LinearIndexTest, TermsThatCancelVanish) {
  const auto index = Linearize(i_ * 3 + 5 - i_ * 3);
  ASSERT_TRUE(index.has_value());
  EXPECT_TRUE(index->terms.empty());
  EXPECT_EQ(index->constant, 5);
}

TEST_F(LinearIndexTest, ADivisionIsATermOfItsOwn) {
  const Expr quotient = FloorDiv(i_, 7);
  const auto index = Linearize(quotient * 49 + j_);
  ASSERT_TRUE(index.has_value());
  ASSERT_EQ(index->terms.size(), 2u);
  EXPECT_TRUE(index->terms[0].value.same_as(quotient));
  EXPECT_EQ(index->terms[0].factor, 49);
}

TEST_F(LinearIndexTest, LanesOfRampsAddUp) {
  const auto index = Linearize(MakeRamp(i_, 3, 8) * 2 + MakeRamp(j_, -5, 8) + MakeBroadcast(4, 8));
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->lanes, 8);
  EXPECT_EQ(index->lane_stride, 1);
  EXPECT_EQ(index->lane_period, 8);
  EXPECT_EQ(index->constant, 4);
  EXPECT_TRUE(index->is_contiguous());
}

TEST_F(LinearIndexTest, ABroadcastHasOneLaneThatRepeats) {
  const auto index = Linearize(MakeBroadcast(i_ * 2, 16));
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->lane_period, 1);
  EXPECT_FALSE(index->is_contiguous());
}

TEST_F(LinearIndexTest, ARemainderOfTheLaneNumberRepeatsAGroup) {
  const auto index =
      Linearize(MakeBroadcast(i_, 8) + FloorMod(MakeRamp(0, 1, 8), MakeBroadcast(4, 8)));
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->lane_stride, 1);
  EXPECT_EQ(index->lane_period, 4);
}

TEST_F(LinearIndexTest, LanesWithoutAPatternAreRefused) {
  EXPECT_FALSE(Linearize(MakeRamp(i_, 1, 8) * MakeRamp(i_, 1, 8)).has_value());
  EXPECT_FALSE(Linearize(FloorDiv(MakeRamp(i_, 1, 8), 3)).has_value());
  EXPECT_FALSE(Linearize(FloorMod(MakeRamp(0, 1, 8), MakeBroadcast(3, 8))).has_value());
  EXPECT_FALSE(
      Linearize(MakeRamp(i_, 1, 8) + FloorMod(MakeRamp(0, 1, 8), MakeBroadcast(4, 8))).has_value());
}

TEST_F(LinearIndexTest, AnIndexOfANarrowTypeIsOneTerm) {
  const Expr narrow =
      MakeBinary(BinaryOp::kAdd, MakeCast({DType::kS8, 1}, i_), MakeInt(1, {DType::kS8, 1}));
  const auto index = Linearize(narrow);
  ASSERT_TRUE(index.has_value());
  ASSERT_EQ(index->terms.size(), 1u);
  EXPECT_EQ(index->constant, 0);
}

}  // namespace
}  // namespace tunefarm::compiler
