// Random functions of the IR: what rewrites them keeps what they compute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/ir/interpret.h"
#include "compiler/ir/parse.h"
#include "compiler/ir/print.h"
#include "compiler/ir/simplify.h"
#include "compiler/ir/verify.h"
#include "tests/support/random_function.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::RandomFunctionData;
using ::tunefarm::testing::RandomFunctionMaker;

constexpr uint64_t kNumSeeds = 1000;

using Data = std::vector<std::vector<uint8_t>>;

// The buffers after running `function`; empty after an error, which is reported.
Data RunOn(const Function& function, Data data) {
  std::vector<std::vector<uint8_t>*> buffers;
  for (std::vector<uint8_t>& bytes : data) buffers.push_back(&bytes);
  const absl::Status status = Interpret(function, buffers);
  EXPECT_THAT(status, IsOk()) << Print(function);
  return status.ok() ? data : Data();
}

// Calls check(function, data, buffers after running it) per seed; a failure names the seed.
template <typename Check>
void ForRandomFunctions(Check&& check) {
  for (uint64_t seed = 0; seed < kNumSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Function function = RandomFunctionMaker(seed).Make();
    ASSERT_THAT(Verify(function), IsOk());
    const Data data = RandomFunctionData(function, seed);
    const Data want = RunOn(function, data);
    ASSERT_FALSE(want.empty());
    check(function, data, want);
    if (::testing::Test::HasFailure()) return;
  }
}

void ExpectSameResult(const Function& function, const Stmt& rewritten, const Data& data,
                      const Data& want) {
  const Function after = {function.name, function.params, rewritten};
  ASSERT_THAT(Verify(after), IsOk()) << Print(function) << Print(after);
  EXPECT_EQ(RunOn(after, data), want) << Print(function) << Print(after);
}

TEST(IrPropertyTest, SimplifyKeepsWhatIsComputed) {
  ForRandomFunctions([](const Function& function, const Data& data, const Data& want) {
    ExpectSameResult(function, Simplify(function.body), data, want);
  });
}

TEST(IrPropertyTest, UnrollingKeepsWhatIsComputedAndLeavesNoUnrolledLoop) {
  ForRandomFunctions([](const Function& function, const Data& data, const Data& want) {
    const Stmt unrolled = UnrollAndSimplify(function.body);
    ExpectSameResult(function, unrolled, data, want);
    EXPECT_EQ(Print(unrolled).find("unrolled"), std::string::npos) << Print(unrolled);
  });
}

TEST(IrPropertyTest, SimplifyIsIdempotent) {
  ForRandomFunctions([](const Function& function, const Data&, const Data&) {
    const Stmt once = Simplify(function.body);
    EXPECT_EQ(Print(Simplify(once)), Print(once)) << Print(function);
  });
}

TEST(IrPropertyTest, TextReadBackComputesTheSameAndPrintsTheSame) {
  ForRandomFunctions([](const Function& function, const Data& data, const Data& want) {
    const std::string text = Print(function);
    const auto parsed = ParseFunction(text);
    ASSERT_THAT(parsed, IsOk()) << text;
    EXPECT_EQ(Print(*parsed), text);
    EXPECT_EQ(RunOn(*parsed, data), want);
  });
}

}  // namespace
}  // namespace tunefarm::compiler
