#include "compiler/ir/parse.h"

#include <gtest/gtest.h>

#include "compiler/ir/print.h"

namespace tunefarm::compiler {
namespace {

// The text of a function with these statements over a few buffers.
std::string WithBody(const std::string& body) {
  return "fn f(a: f32[4,8], b: s8[64], c: s32[32], out: f32[32]) {\n" + body + "}\n";
}

void ExpectRoundTrip(const std::string& text) {
  const absl::StatusOr<Function> function = ParseFunction(text);
  ASSERT_TRUE(function.ok()) << function.status() << "\n" << text;
  EXPECT_EQ(Print(*function), text);
}

TEST(ParseTest, PrintedTextIsAFixedPoint) {
  ExpectRoundTrip(
      WithBody("  parallel i in 0..4 {\n"
               "    alloc acc: f32[8] register {\n"
               "      acc[ramp(0, 1, 8)] = a[i, ramp(0, 1, 8)] * broadcast(-0.5f, 8)\n"
               "      vectorized i.1 in i * 8 - -2..+8 {\n"
               "        if i.1 + 1 <= 40 && (i.1 / 3 == i.1 % 7 || true) {\n"
               "          out[i.1] = select(i.1 < 3, acc[i.1 - (i.1 - 1)], f32(s32(i.1))) / inff\n"
               "        }\n"
               "      }\n"
               "    }\n"
               "    unrolled k in 0..2 {\n"
               "      alloc acc: s32[] scratch {\n"
               "        acc[] = requantize(c[k], -5:s32, min(c[0], 3:s32)) + 1:s32\n"
               "      }\n"
               "    }\n"
               "  }\n"));
}

TEST(ParseTest, EveryExpressionComesBack) {
  ExpectRoundTrip(WithBody(
      "  c[ramp(0, 1, 8)] = dot_s8x2(c[ramp(8, 1, 8)], b[ramp(0, 1, 16)], b[ramp(16, 3, 16)])\n"
      "  out[0] = max(exp(a[0, 1]), sqrt(1e-30f)) - nanf * -inff\n"
      "  out[ramp(0, 2, 4)] = select(broadcast(c[0] < 3:s32, 4), broadcast(0f, 4), "
      "f32x4(s8x4(c[ramp(0, 1, 4)])))\n"
      "  out[index(b[3])] = 0f\n"
      "  out[5] = a[5]\n"));
}

TEST(ParseTest, NothingIsFolded) { ExpectRoundTrip(WithBody("  out[1 + 2 * 0] = 0f\n")); }

TEST(ParseTest, AnEmptyFunctionIsAFunction) { ExpectRoundTrip("fn f() {\n}\n"); }

TEST(ParseTest, AnOperatorsDivisionFollowsItsType) {
  const absl::StatusOr<Function> function = ParseFunction(WithBody("out[7 / 2] = 7f / 2f"));
  ASSERT_TRUE(function.ok()) << function.status();
  const Store* store = function->body.as<Store>();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->indices[0].as<Binary>()->op, BinaryOp::kFloorDiv);
  EXPECT_EQ(store->value.as<Binary>()->op, BinaryOp::kDiv);
}

}  // namespace
}  // namespace tunefarm::compiler
