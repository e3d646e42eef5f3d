// Texts of functions that must not parse, each with the words and the place that say what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/ir/parse.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::StatusIs;

struct Refused {
  std::string body;  // The statements of a function over a: f32[4,8], b: s8[16], c: s32[8].
  const char* words;
};

std::string Repeat(std::string text, const std::string& part, int times) {
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

class IrTextRefusalTest : public ::testing::TestWithParam<Refused> {};

TEST_P(IrTextRefusalTest, SaysWhatIsWrong) {
  const std::string text = "fn f(a: f32[4,8], b: s8[16], c: s32[8]) {\n" + GetParam().body + "\n}";
  EXPECT_THAT(ParseFunction(text),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().words)))
      << text;
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, IrTextRefusalTest,
    ::testing::Values(
        Refused{"x[0] = 0f", "line 2, column 2: no buffer x here"},
        Refused{"a[0, 0] = y", "no variable y here"},
        Refused{"a[0, 0] = 1", "store of index to a, which takes f32 there"},
        Refused{"a[0, 0] = 1.5", "expected an expression, met \"1.5\""},
        Refused{"a[0, 0, 0] = 0f", "2 dimensions and is accessed with 3 indices"},
        Refused{"a[0f] = 0f", "an index of buffer a is f32, not an integer"},
        Refused{"a[0] = 0f + 1", "operands of + differ in type: f32 and index"},
        Refused{"a[0] = 0f % 1f", "% is not defined on f32"},
        Refused{"a[0] = select(1, 0f, 0f)", "the condition of select is index, not bool"},
        Refused{"a[0] = select(true, 0f)", "expected \",\", met \")\""},
        Refused{"a[0] = sqrt(1:s32)", "argument 1 of sqrt is s32, not f32"},
        Refused{"a[0] = tan(1f)", "no function or type tan"},
        Refused{"a[0] = f32x4(1f)", "cast from f32 to f32x4 changes the number of lanes"},
        Refused{"a[0] = f32x5000(1f)", "no function or type f32x5000"},
        Refused{"a[ramp(0, 1, 99999)] = 0f", "99999 lanes, must be 2 to 4096"},
        Refused{"a[ramp(ramp(0, 1, 2), 1, 4)] = 0f", "a ramp starts from a scalar"},
        Refused{"a[broadcast(0, 1)] = 0f", "1 lanes, must be 2 to 4096"},
        Refused{"a[ramp(0, 1, 4)] = 0f", "store of f32 to a, which takes f32x4 there"},
        Refused{"a[0] = 1:f32", "f32 is not an integer type"},
        Refused{"c[0] = 99999999999999999999:s32", "expected a number"},
        Refused{"b[0] = 200:s8", "200 does not fit s8"},
        Refused{"for i in 5..8 { }", "expected \"..+\", met \"..\""},
        Refused{"for i in 0.. { }", "expected an expression, met \"{\""},
        Refused{"for i 0..8 { }", "expected \"in\", met \"0\""},
        Refused{"for i in 0..8 a[0] = 0f", "expected \"{\", met \"a\""},
        Refused{"for i in 0..8 {", "expected a statement, met the end"},
        Refused{"for i in 0..8 { } a[i] = 0f", "no variable i here"},
        Refused{"for i in 0..i { }", "no variable i here"},
        Refused{"for i in 0..1f { }", "variable and bounds of a loop must be scalar indices"},
        Refused{"for i in 0..8 { unrolled j in 0..i { } }", "must be constant"},
        Refused{"if 1 { }", "the condition of an if must be a scalar bool"},
        Refused{"if 1 < 2 < 3 { }", "expected \"{\", met \"<\""},
        Refused{"alloc s: f32[2] argument { }", "expected scratch or register, met \"argument\""},
        Refused{"alloc s: f64[2] scratch { }", "no type f64"},
        Refused{"alloc s: f32[0] scratch { }", "buffer s: extent 0, must be at least 1"},
        Refused{"alloc s: f32[99999999,99999999] scratch { }", "buffer s: extent 99999999"},
        Refused{"alloc s: bool[2] scratch { }", "buffer s holds bools"},
        Refused{"a[0] = 0f }", "expected the end, met \"}\""},
        Refused{"a[0] = $", "expected an expression, met \"$\""},
        Refused{"a[0] = " + std::string(5000, '('), "nested more than 300 levels deep"},
        Refused{Repeat("a[0] = ", "exp(", 5000), "nested more than 300 levels deep"},
        Refused{Repeat("", "if true { ", 5000), "nested more than 300 levels deep"},
        Refused{Repeat("a[0] = 0f", " + 1f", 5000), "more than 2000 operators in a statement"}));

TEST(IrTextRefusalTest, ATextThatIsNoFunction) {
  for (const char* text :
       {"", "fn", "fn f", "fn f(", "fn f(a", "fn f(a: f32[1])", "fn f(a: f32[1]) {"}) {
    EXPECT_THAT(ParseFunction(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("met the end")))
        << text;
  }
}

}  // namespace
}  // namespace tunefarm::compiler
