// Workload keys that must not parse, each with the words that say what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/op/workload.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::tunefarm::testing::StatusIs;

struct Refused {
  std::string key;
  const char* words;
};

class WorkloadRefusalTest : public ::testing::TestWithParam<Refused> {};

TEST_P(WorkloadRefusalTest, SaysInOneLineWhatIsWrong) {
  EXPECT_THAT(ParseWorkload(GetParam().key),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(GetParam().words), Not(HasSubstr("\n")))))
      << GetParam().key;
}

INSTANTIATE_TEST_SUITE_P(
    Spelling, WorkloadRefusalTest,
    ::testing::Values(
        Refused{"", "operator \"\" is unknown; known: conv2d, depthwise_conv2d, dense"},
        Refused{"conv3d/f32/nhwc/1x5x5x3/o4k3x3", "operator \"conv3d\" is unknown"},
        Refused{"conv2d", "the dtype is missing"},
        Refused{"conv2d/f16/nhwc/1x5x5x3/o4k3x3", "dtype \"f16\" is unknown; known: f32, s8"},
        Refused{"conv2d/f32", "the layout is missing"},
        Refused{"conv2d/f32/chwn/1x5x5x3/o4k3x3",
                "layout \"chwn\" is unknown; known: nhwc, nchw, nchw<block>c"},
        Refused{"conv2d/f32/nchwc/1x5x5x3/o4k3x3", "layout \"nchwc\" is unknown"},
        Refused{"conv2d/f32/nchw4x4c/1x8x5x5/o4k3x3", "one channel block, as in nchw16c"},
        Refused{"conv2d/f32/nhwc", "the shape is missing"},
        Refused{"conv2d/f32/nhwc/1x5x5/o4k3x3",
                "shape \"1x5x5\" has 3 numbers, the layout needs n x h x w x c"},
        Refused{"conv2d/f32/nchw/1x5/o4k3x3", "the layout needs n x c x h x w"},
        Refused{"conv2d/f32/nchw4c/1x2x5x5x8/o4k3x3",
                "the last number is 8, the layout's channel block 4"},
        Refused{"conv2d/f32/nhwc/1xx5x3/o4k3x3", "expected a number at \"x5x3\""},
        Refused{"conv2d/f32/nhwc/1x5x5x-3/o4k3x3", "expected a number at \"-3\""},
        Refused{"conv2d/f32/nhwc/1x5x5x3 /o4k3x3", "unexpected \" \""},
        Refused{"conv2d/f32/nhwc/1x5x5x3", "the parameters part is missing"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/", "parameters: o is missing"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/k3x3", "parameters: o is missing"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o4", "parameters: k is missing"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o4k3", "parameters: k has 1 numbers, needs 2"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o4k3x3p1", "p has 1 numbers, needs 2 (h x w) or 4"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o4k3x3o5", "o stands twice"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o4k3x3q1",
                "unexpected \"q1\", the letters here are okspdg"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o4k3x3m2", "the letters here are okspdg"},
        Refused{"depthwise_conv2d/f32/nhwc/1x5x5x3/o4k3x3", "the letters here are kspdm"},
        Refused{"dense/f32/512/o4", "shape \"512\" has 1 numbers, dense needs batch x inputs"},
        Refused{"dense/f32/nhwc/1x512/o4", "shape \"nhwc\": expected a number"},
        Refused{"matmul/f32/4x4", "matmul needs m x n x k"},
        Refused{"add/f32/nhwc/1x5x5x3/b1x3", "b has 2 numbers, needs the 4 of the layout"},
        Refused{"dense/f32/1x512/o4/tanh",
                "\"tanh\" is unknown; known: bias, requant, add, relu, relu6, clip"},
        Refused{"dense/f32/1x512/o4/", "\"\" is unknown"},
        Refused{"dense/f32/1x512/o4/relu+bias", "bias is repeated or out of order"},
        Refused{"dense/f32/1x512/o4/bias+bias", "bias is repeated or out of order"},
        Refused{"dense/f32/1x512/o4/relu+relu6", "relu6 is repeated or out of order"},
        Refused{"dense/f32/1x512/o4/bias/relu", "unexpected part \"relu\" at the end"},
        Refused{"dense/f32/1x512/o4\n", "unexpected \"\\n\""},
        Refused{std::string(300, 'x'), "workload key of 300 bytes, at most 256"}));

INSTANTIATE_TEST_SUITE_P(
    Sense, WorkloadRefusalTest,
    ::testing::Values(
        Refused{"conv2d/f32/nhwc/0x5x5x3/o4k3x3", "n is 0, must be 1 to 16777216"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o0k3x3", "o (output channels) is 0"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o4k3x3s0x1", "s (stride h) is 0"},
        Refused{"conv2d/f32/nhwc/1x5x5x99999999999999999999/o4k3x3", "c is 16777217, must be"},
        Refused{"conv2d/f32/nhwc/1x65536x65536x1/o1k1x1",
                "the input has more than 2147483648 elements"},
        Refused{"conv2d/f32/nhwc/1x9x9x1/o1k1x1p9999999x9999999", "the padded input has more than"},
        Refused{"dense/f32/1x65536/o65536", "the weight tensor has more than 2147483648 elements"},
        Refused{"depthwise_conv2d/f32/nhwc/1x5x5x16777216/k1x1m16777216", "must be 1 to 16777216"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o4k7x3",
                "the output is empty: the kernel spans 7 in h, the padded input 5"},
        Refused{"conv2d/f32/nhwc/1x5x5x3/o4k3x3d1x4",
                "the kernel spans 9 in w, the padded input 5"},
        Refused{"conv2d/f32/nhwc/1x5x5x6/o4k3x3g3",
                "g3 divides not both the 6 input and the 4 output channels"},
        Refused{"conv2d/f32/nchw4c/1x6x5x5/o4k3x3", "blocks of 4 do not divide both the 6 input"},
        Refused{"conv2d/f32/nchw1c/1x4x5x5/o4k3x3", "a channel block of 1, must be 2 to 64"},
        Refused{"conv2d/f32/nchw2c/1x4x5x5/o4k3x3g2", "blocked layouts take one group"},
        Refused{"depthwise_conv2d/f32/nchw2c/1x4x5x5/k3x3", "exists for nhwc and nchw only"},
        Refused{"max_pool2d/f32/nhwc/1x5x5x3/k2x2p2x0",
                "padding of a pool must be smaller than its kernel 2x2"},
        Refused{"add/f32/nhwc/1x5x5x3/b1x5x2x3", "w of the second operand is 2, must be 1 or 5"},
        Refused{"add/f32/nchw4c/1x4x5x5/b1x1x5x5", "broadcasting exists for nhwc and nchw only"},
        Refused{"dense/f32/1x512/o4/requant", "requant is for s8 only"},
        Refused{"dense/s8/1x512/o4/add", "add is for f32 only"},
        Refused{"dense/s8/1x512/o4/relu6", "relu6 is for f32 only"},
        Refused{"dense/f32/1x512/o4/clip", "not of the form clip<low>:<high>"},
        Refused{"dense/f32/1x512/o4/clip1", "not of the form clip<low>:<high>"},
        Refused{"dense/f32/1x512/o4/clip0:x", "not of the form clip<low>:<high>"},
        Refused{"dense/f32/1x512/o4/clipnan:1", "bounds nan:1"},
        Refused{"dense/f32/1x512/o4/clip2:1", "bounds 2:1, of which the first must be below"},
        Refused{"dense/f32/1x512/o4/relu+clip0:1", "is repeated or out of order"},
        Refused{"dense/s8/1x512/o4/clip0:0.5", "not integers in [-128, 127]"},
        Refused{"dense/s8/1x512/o4/clip-200:5", "not integers in [-128, 127]"},
        Refused{"max_pool2d/f32/nhwc/1x5x5x3/k2x2/relu", "epilogue: max_pool2d takes none"},
        Refused{"relu/f32/nhwc/1x5x5x3/relu", "epilogue: relu takes none"},
        Refused{"add/f32/nhwc/1x5x5x3/bias", "bias, requant and add do not exist for add"}));

TEST(WorkloadRefusalTest, TheMessageQuotesTheKey) {
  EXPECT_THAT(ParseWorkload("conv2d/f32/nhwc/1x5x5/o4k3x3"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("workload \"conv2d/f32/nhwc/1x5x5/o4k3x3\": shape")));
}

}  // namespace
}  // namespace tunefarm::compiler
