// Every kind of expression, compiled for every target this machine can run, against the
// interpreter.
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "tests/unit/compiler/codegen/run_kernel.h"

namespace tunefarm::compiler {
namespace {

// Each of `exprs` over 60 elements of a and b of `type`, as vectors of each of `lanes`. In an
// expression A and B are the operands, N is the number of lanes and X a suffix of vector types
// ("x4", empty for scalars).
void ExpectAgreesElementwise(const std::string& type, const std::string& out_type,
                             const std::vector<int>& lanes, const std::vector<std::string>& exprs) {
  std::string loops;
  size_t done = 0;
  for (int n : lanes) {
    const std::string at = n == 1 ? "i" : "ramp(i * N, 1, N)";
    for (const std::string& expr : exprs) {
      const std::string value =
          absl::StrReplaceAll(expr, {{"A", "a[" + at + "]"}, {"B", "b[" + at + "]"}});
      const std::string to = n == 1 ? "out[START + i]" : "out[ramp(START + i * N, 1, N)]";
      loops += absl::StrReplaceAll("for i in 0..TRIPS { " + to + " = " + value + " } ",
                                   {{"START", absl::StrFormat("%d", 60 * done++)},
                                    {"TRIPS", absl::StrFormat("%d", 60 / n)},
                                    {"N", absl::StrFormat("%d", n)},
                                    {"X", n == 1 ? "" : absl::StrFormat("x%d", n)}});
    }
  }
  ExpectAgrees(absl::StrFormat("fn run(a: %s[60], b: %s[60], out: %s[%d]) { %s }", type, type,
                               out_type, 60 * done, loops));
}

const std::vector<int> kManyLanes = {1, 2, 3, 4, 5, 10, 12, 15, 20, 30, 60};

TEST(ExprEmitterTest, FloatArithmeticOfAnyLanes) {
  ExpectAgreesElementwise("f32", "f32", kManyLanes,
                          {"A + B", "A - B", "A * B", "A * B + A", "min(A, B)", "max(A, B)"});
}

TEST(ExprEmitterTest, IntegersWrapInTheirWidth) {
  for (const char* type : {"s8", "s16", "s32", "index"}) {
    ExpectAgreesElementwise(type, type, {1, 5, 20},
                            {"A + B", "A - B", "A * B", "min(A, B)", "max(A, B)"});
  }
}

TEST(ExprEmitterTest, ComparisonsChooseLaneByLane) {
  for (const char* type : {"f32", "s8", "s32"}) {
    ExpectAgreesElementwise(type, type, {1, 3, 20},
                            {"select(A < B, A, B)", "select(A <= B, A, B)", "select(A == B, A, B)",
                             "select(A < B && B < A, A, B)", "select(A < B || A == B, A, B)"});
  }
}

TEST(ExprEmitterTest, CastsBetweenEveryPairOfTypes) {
  for (const char* from : {"s8", "s16", "s32", "index", "f32"}) {
    for (const std::string to : {"s8", "s16", "s32", "index", "f32"}) {
      ExpectAgreesElementwise(from, to, {1, 5, 20}, {to + "X(A)"});
    }
  }
}

TEST(ExprEmitterTest, TruthCountsAsOne) {
  ExpectAgreesElementwise("s32", "s32", {1, 5, 20}, {"s32X(A < B)", "s32X(boolX(A))"});
  ExpectAgreesElementwise("f32", "f32", {1, 5, 20}, {"f32X(A < B)", "f32X(boolX(A))"});
}

TEST(ExprEmitterTest, DivisionAndRemainderRoundDownForBothSigns) {
  for (const char* type : {"s8", "s32", "index"}) {
    std::vector<std::string> scalars, vectors;
    for (int divisor : {1, 2, 3, 7, 16, 100}) {
      const std::string constant = absl::StrFormat("%d:%s", divisor, type);
      for (const std::string op : {"A / ", "A % "}) {
        scalars.push_back(op + constant);
        vectors.push_back(op + "broadcast(" + constant + ", N)");
      }
    }
    ExpectAgreesElementwise(type, type, {1}, scalars);
    ExpectAgreesElementwise(type, type, {12}, vectors);
  }
}

TEST(ExprEmitterTest, DivisorsThatAreNotConstantDivideToo) {
  ExpectAgrees(
      "fn run(out: index[64]) { for i in 0..8 { for j in 0..8 { out[i * 8 + j] = (i - 4) / (j + 1) "
      "* 100 + "
      "(i - 4) % (j + 1) } } }");
}

TEST(ExprEmitterTest, FloatDivisionIsExact) {
  ExpectAgreesElementwise("f32", "f32", {3, 12, 20}, {"A / (B * B + broadcast(1f, N))"});
}

TEST(ExprEmitterTest, ConstantsRampsAndBroadcastsAsValues) {
  ExpectAgrees(
      "fn run(out: index[60], f: f32[20], s: s8[5]) { for i in 0..5 {"
      "  out[ramp(i * 12, 1, 12)] = ramp(i * 7 - 3, -5, 12)"
      "  f[ramp(i * 4, 1, 4)] = broadcast(-0.375f, 4)"
      "  s[i] = -128:s8 } }");
}

// The pixel left of the image does not exist: address 0 - 1 must never be read.
TEST(ExprEmitterTest, AScalarSelectReadsOnlyTheSideItChooses) {
  const std::string text =
      "fn run(a: f32[8], out: f32[40]) { for i in 0..10 {"
      "  out[ramp(i * 4, 1, 4)] = select(0 < i && i < 3, a[ramp(FAR * (i - 1) * (2 - i) + i * 4 - "
      "4, 1, 4)], "
      "broadcast(7f, 4)) } }";
  ExpectAgrees(absl::StrReplaceAll(text, {{"FAR", "1000000000000"}}));
}

TEST(ExprEmitterTest, SelectsOfLoadsNest) {
  ExpectAgrees(
      "fn run(a: s32[4], out: s32[30]) { for i in 0..30 {"
      "  out[i] = select(i < 4, a[i], select(i < 8, a[i - 4] * 2:s32, select(i < 12, a[i - 8], "
      "5:s32))) } }");
}

}  // namespace
}  // namespace tunefarm::compiler
