// The operator in plain C computes what the compiler's reference computes: two programs that share
// nothing.
#include "deploy/bundle/c_reference.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/op/reference.h"
#include "deploy/bundle/c_text.h"
#include "gtest/gtest.h"
#include "tests/support/kernel_check.h"

namespace tunefarm::deploy {
namespace {

using compiler::Operator;
using compiler::TensorBytes;

constexpr uint64_t kSeed = 7;

// A program that fills the inputs, calls reference() and writes the output's bytes to stdout.
std::string Program(const Operator& op, CLibrary library) {
  std::string main_body;
  std::vector<std::string> arguments;
  for (size_t i = 0; i < op.inputs.size(); ++i) {
    const compiler::OperatorInput& input = op.inputs[i];
    const std::string& name = input.buffer->name;
    const bool is_float = input.buffer->dtype == compiler::DType::kF32;
    main_body += absl::StrFormat(
        "  static %s %s[%d];\n  const tunefarm_fill fill%d = {%d, %d, (float)%.9g};\n"
        "  for (uint64_t i = 0; i < %d; ++i) %s[i] = (%s)%s(&fill%d, %d, %d, i);\n",
        CType(input.buffer->dtype), name, input.buffer->num_elems(), i, input.fill.low,
        input.fill.high, input.fill.scale, input.buffer->num_elems(), name,
        CType(input.buffer->dtype), is_float ? "tunefarm_fill_float" : "tunefarm_fill_integer", i,
        kSeed, i);
    arguments.push_back(name);
  }
  main_body +=
      absl::StrFormat("  static %s out[%d];\n  reference(%s, out);\n", CType(op.output->dtype),
                      op.output->num_elems(), absl::StrJoin(arguments, ", "));
  return absl::StrFormat(
      "#include <math.h>\n#include <stdint.h>\n#include <stdio.h>\n%s\n%s\nint main(void) {\n%s"
      "  return fwrite(out, sizeof(out), 1, stdout) == 1 ? 0 : 1;\n}\n",
      kTensorFillHeader, CReference(op, library), main_body);
}

class CReferenceTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "c_reference_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Compiles the text and returns what the program writes.
  TensorBytes Run(const std::string& program) {
    std::ofstream(folder_ / "p.c") << program;
    const std::string build = absl::StrFormat(
        "cc -std=c11 -O1 -Wall -Wextra -Werror -Wno-unused-function -o %s/p %s/p.c -lm 2>%s/errors",
        folder_.string(), folder_.string(), folder_.string());
    if (std::system(build.c_str()) != 0) {
      ADD_FAILURE() << std::ifstream(folder_ / "errors").rdbuf() << program;
      return {};
    }
    const std::string run = absl::StrFormat("%s/p >%s/out", folder_.string(), folder_.string());
    EXPECT_EQ(std::system(run.c_str()), 0);
    std::ifstream out(folder_ / "out", std::ios::binary);
    return TensorBytes(std::istreambuf_iterator<char>(out), {});
  }

  static Operator Op() { return *compiler::BuildOperator(*compiler::ParseWorkload(GetParam())); }
  static std::vector<TensorBytes> Inputs(const Operator& op) {
    std::vector<TensorBytes> inputs;
    for (size_t i = 0; i < op.inputs.size(); ++i) {
      inputs.push_back(compiler::FillInput(op, i, kSeed));
    }
    return inputs;
  }

  std::filesystem::path folder_;
};

TEST_P(CReferenceTest, AgreesWithTheCompilersReference) {
  const Operator op = Op();
  const absl::StatusOr<TensorBytes> want = compiler::ReferenceOutput(op, Inputs(op));
  ASSERT_TRUE(want.ok()) << want.status();
  EXPECT_EQ(Run(Program(op, CLibrary::kHosted)), *want);
}

TEST_P(CReferenceTest, WithoutALibraryItIsWithinTheToleranceAndUsesNoDouble) {
  const Operator op = Op();
  EXPECT_EQ(CReference(op, CLibrary::kNone).find("double "), std::string::npos);
  const absl::Status same =
      testing::CompareWithReference(op, Inputs(op), Run(Program(op, CLibrary::kNone)));
  EXPECT_TRUE(same.ok()) << same;
}

INSTANTIATE_TEST_SUITE_P(
    EveryOperator, CReferenceTest,
    ::testing::Values(
        "conv2d/f32/nhwc/2x7x9x6/o8k3x2s2x1p1x0x2x1d2x1g2/bias+relu6",
        "conv2d/f32/nhwc/1x5x5x8/o16k1x1/bias+add+relu",
        "conv2d/f32/nchw/2x9x7x4/o6k3x3s1x2p1x1/bias",
        "conv2d/f32/nchw8c/1x16x6x5/o24k3x3p1x1/relu",
        "conv2d/s8/nhwc/1x9x7x8/o6k3x3p1x1/bias+requant+relu",
        "depthwise_conv2d/f32/nhwc/1x9x8x6/k3x3s2x2p1x1m2/bias",
        "depthwise_conv2d/f32/nchw/1x6x6x5/k3x3p1x1/relu",
        "depthwise_conv2d/s8/nhwc/1x6x6x5/k3x3p1x1/bias+requant", "dense/f32/3x17/o11/bias",
        "dense/s8/2x32/o9/bias+requant", "matmul/f32/5x7x9",
        "max_pool2d/f32/nhwc/1x9x9x5/k3x3s2x2p1x1", "max_pool2d/s8/nhwc/1x6x6x3/k2x2s2x2",
        "avg_pool2d/f32/nchw/1x7x7x3/k3x3s2x2p1x1", "avg_pool2d/s8/nhwc/1x7x7x3/k3x3s2x2p1x1",
        "add/f32/nhwc/2x3x4x5/b1x1x1x5/relu", "add/s8/nhwc/1x4x4x8", "relu/f32/nhwc/1x3x3x7",
        "relu/s8/nhwc/1x3x3x7", "softmax/f32/2x11", "softmax/s8/3x12"));

}  // namespace
}  // namespace tunefarm::deploy
