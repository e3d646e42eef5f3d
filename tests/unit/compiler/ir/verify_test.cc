#include "compiler/ir/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

class VerifyTest : public ::testing::Test {
 protected:
  // A function over a_ and b_ with this body.
  absl::Status VerifyBody(const Stmt& body) { return Verify(Function{"f", {a_, b_}, body}); }
  Stmt StoreAt(const Expr& index) { return MakeStore(a_, {index}, MakeFloat(0)); }

  const Buffer a_ = MakeBuffer("a", DType::kF32, {16});
  const Buffer b_ = MakeBuffer("b", DType::kF32, {4, 4});
  const Expr i_ = MakeVar("i");
};

TEST_F(VerifyTest, AWellFormedFunctionPasses) {
  EXPECT_THAT(VerifyBody(MakeFor(i_, 0, 16, LoopKind::kVectorized, StoreAt(i_))), IsOk());
  // One after the other, two loops may bind one variable.
  const Stmt loop = MakeFor(i_, 0, 16, LoopKind::kSerial, StoreAt(i_));
  EXPECT_THAT(VerifyBody(MakeBlock({loop, loop})), IsOk());
}

TEST_F(VerifyTest, AVariableOutsideItsLoopIsNamedWithThePlace) {
  const Stmt inner = MakeFor(MakeVar("j"), 0, 2, LoopKind::kParallel, StoreAt(i_ + 1));
  EXPECT_THAT(
      VerifyBody(inner),
      StatusIs(kInvalid, HasSubstr("verify f: a variable outside the loop that binds it: i, "
                                   "inside parallel j")));
  EXPECT_THAT(VerifyBody(MakeFor(i_, i_, 2, LoopKind::kSerial, StoreAt(0))),
              StatusIs(kInvalid, HasSubstr("a variable outside the loop")));
}

TEST_F(VerifyTest, ALoopMayNotBindTheVariableOfALoopAroundIt) {
  const Stmt inner = MakeFor(i_, 0, 2, LoopKind::kSerial, StoreAt(i_));
  EXPECT_THAT(VerifyBody(MakeFor(i_, 0, 2, LoopKind::kSerial, inner)),
              StatusIs(kInvalid, HasSubstr("a loop binds the variable of a loop around it")));
}

TEST_F(VerifyTest, VectorizedAndUnrolledLoopsNeedAConstantExtent) {
  const Expr j = MakeVar("j");
  for (LoopKind kind : {LoopKind::kVectorized, LoopKind::kUnrolled}) {
    const Stmt inner = MakeFor(j, 0, i_, kind, StoreAt(j));
    EXPECT_THAT(VerifyBody(MakeFor(i_, 0, 4, LoopKind::kSerial, inner)),
                StatusIs(kInvalid, HasSubstr("must be constant")));
  }
}

TEST_F(VerifyTest, ABufferExistsOnlyInsideItsAllocation) {
  const Buffer scratch = MakeBuffer("s", DType::kF32, {4}, Scope::kScratch);
  const Stmt use = MakeStore(scratch, {0}, MakeFloat(0));
  EXPECT_THAT(VerifyBody(MakeAllocate(scratch, use)), IsOk());
  EXPECT_THAT(VerifyBody(MakeBlock({MakeAllocate(scratch, use), use})),
              StatusIs(kInvalid, HasSubstr("scratch buffer s does not exist here")));
  EXPECT_THAT(VerifyBody(MakeAllocate(scratch, MakeAllocate(scratch, use))),
              StatusIs(kInvalid, HasSubstr("buffer s exists already")));
}

TEST_F(VerifyTest, ArgumentsAreParametersAndParametersAreArguments) {
  const Buffer other = MakeBuffer("other", DType::kF32, {4});
  EXPECT_THAT(VerifyBody(MakeStore(other, {0}, MakeFloat(0))),
              StatusIs(kInvalid, HasSubstr("argument buffer other does not exist here")));
  EXPECT_THAT(VerifyBody(MakeAllocate(other, StoreAt(0))),
              StatusIs(kInvalid, HasSubstr("an allocation of other, whose scope is argument")));
  const Buffer scratch = MakeBuffer("s", DType::kF32, {4}, Scope::kScratch);
  EXPECT_THAT(Verify(Function{"f", {scratch}, MakeBlock({})}),
              StatusIs(kInvalid, HasSubstr("parameter s has scope scratch")));
}

TEST_F(VerifyTest, BuffersHoldNoBools) {
  const Buffer bools = MakeBuffer("t", DType::kBool, {4});
  EXPECT_THAT(Verify(Function{"f", {bools}, MakeBlock({})}),
              StatusIs(kInvalid, HasSubstr("buffer t holds bools")));
}

// Nodes below are made without their builders, which would not let them be.
TEST_F(VerifyTest, OperandsMustAgree) {
  const Type f32 = {DType::kF32, 1};
  const Expr mixed(std::make_shared<const Binary>(BinaryOp::kAdd, f32, MakeFloat(1), Expr(1)));
  EXPECT_THAT(VerifyBody(MakeStore(a_, {0}, mixed)),
              StatusIs(kInvalid, HasSubstr("operands of + differ in type: f32 and index: 1f + 1")));
  const Expr mistyped(
      std::make_shared<const Binary>(BinaryOp::kLt, f32, MakeFloat(1), MakeFloat(2)));
  EXPECT_THAT(VerifyBody(MakeStore(a_, {0}, mistyped)),
              StatusIs(kInvalid, HasSubstr("the node's type is f32, its parts give bool")));
}

TEST_F(VerifyTest, SubscriptsMustBeIntegersAndAsManyAsDimensions) {
  const std::vector<Expr> floats = {MakeFloat(1)};
  const Expr load(std::make_shared<const Load>(a_, floats, 1));
  EXPECT_THAT(VerifyBody(MakeStore(a_, {0}, load)),
              StatusIs(kInvalid, HasSubstr("an index of buffer a is f32, not an integer")));
  const Stmt store(std::make_shared<const Store>(b_, std::vector<Expr>{0, 0, 0}, MakeFloat(1)));
  EXPECT_THAT(VerifyBody(store),
              StatusIs(kInvalid, HasSubstr("2 dimensions and is accessed with 3")));
  // Flattened access: one index whatever the number of dimensions.
  EXPECT_THAT(VerifyBody(MakeStore(b_, {15}, MakeFloat(0))), IsOk());
}

TEST_F(VerifyTest, LanesMustFit) {
  const Expr ramp = MakeRamp(0, 1, 4);
  const Stmt narrow(std::make_shared<const Store>(a_, std::vector<Expr>{ramp}, MakeFloat(1)));
  EXPECT_THAT(VerifyBody(narrow),
              StatusIs(kInvalid, HasSubstr("store of f32 to a, which takes f32x4 there")));
  const Expr load(std::make_shared<const Load>(a_, std::vector<Expr>{ramp}, 8));
  EXPECT_THAT(VerifyBody(MakeStore(a_, {MakeRamp(0, 1, 8)}, load)),
              StatusIs(kInvalid, HasSubstr("the node's type is f32x8, its parts give f32x4")));
}

TEST_F(VerifyTest, AConditionIsAScalarBool) {
  const Expr vector = MakeRamp(i_, 1, 4) < MakeBroadcast(3, 4);
  const Stmt branch(std::make_shared<const IfThen>(vector, StoreAt(0)));
  EXPECT_THAT(VerifyBody(MakeFor(i_, 0, 4, LoopKind::kSerial, branch)),
              StatusIs(kInvalid, HasSubstr("the condition of an if must be a scalar bool")));
}

TEST_F(VerifyTest, ConstantsMustFitTheirType) {
  const Expr big = MakeCast({DType::kF32, 1}, MakeInt(128, {DType::kS8, 1}));
  EXPECT_THAT(VerifyBody(MakeStore(a_, {0}, big)),
              StatusIs(kInvalid, HasSubstr("128 does not fit s8")));
}

TEST_F(VerifyTest, UndefinedHandlesAreFound) {
  EXPECT_THAT(VerifyBody(Stmt()), StatusIs(kInvalid, HasSubstr("an undefined statement")));
  const Stmt store(std::make_shared<const Store>(a_, std::vector<Expr>{0}, Expr()));
  EXPECT_THAT(VerifyBody(store), StatusIs(kInvalid, HasSubstr("an undefined expression")));
}

}  // namespace
}  // namespace tunefarm::compiler
