#include "compiler/op/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tunefarm::compiler {
namespace {

using ::tunefarm::testing::IsOk;

Workload Parsed(const std::string& key) {
  const absl::StatusOr<Workload> workload = ParseWorkload(key);
  EXPECT_THAT(workload, IsOk()) << key;
  return workload.ok() ? *workload : Workload();
}

struct KeyPair {
  const char* written;
  const char* canonical;
};

class KeyTest : public ::testing::TestWithParam<KeyPair> {};

TEST_P(KeyTest, ParsingFillsDefaultsAndPrintingIsCanonical) {
  const Workload workload = Parsed(GetParam().written);
  EXPECT_EQ(Print(workload), GetParam().canonical);
  EXPECT_EQ(Parsed(Print(workload)), workload);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, KeyTest,
    ::testing::Values(
        KeyPair{"conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1d1x1g1/bias+relu",
                "conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1d1x1g1/bias+relu"},
        KeyPair{"conv2d/s8/nhwc/1x25x5x64/o64k1x1/bias+requant+relu",
                "conv2d/s8/nhwc/1x25x5x64/o64k1x1s1x1p0x0d1x1g1/bias+requant+relu"},
        // s8 results are always requantised.
        KeyPair{"matmul/s8/3x4x5", "matmul/s8/3x4x5/requant"},
        KeyPair{"conv2d/f32/nchw/2x3x9x7/g3p0x1x2x1k2x3o6",
                "conv2d/f32/nchw/2x3x9x7/o6k2x3s1x1p0x1x2x1d1x1g3"},
        KeyPair{"conv2d/f32/nhwc/1x9x9x1/o1k3x3p1x2x1x2",
                "conv2d/f32/nhwc/1x9x9x1/o1k3x3s1x1p1x2d1x1g1"},
        // A blocked shape may be written with the block split off or not.
        KeyPair{"dense/f32/1x4/o3/clip-0:0.50", "dense/f32/1x4/o3/clip0:0.5"},
        KeyPair{"dense/s8/1x4/o3/requant+clip-100:27", "dense/s8/1x4/o3/requant+clip-100:27"},
        KeyPair{"conv2d/f32/nchw16c/1x64x8x8/o32k1x1/add+relu6",
                "conv2d/f32/nchw16c/1x4x8x8x16/o32k1x1s1x1p0x0d1x1g1/add+relu6"},
        KeyPair{"conv2d/f32/nchw16c/1x4x8x8x16/o32k1x1",
                "conv2d/f32/nchw16c/1x4x8x8x16/o32k1x1s1x1p0x0d1x1g1"},
        KeyPair{"depthwise_conv2d/f32/nhwc/1x112x112x32/k3x3s1x1p1x1",
                "depthwise_conv2d/f32/nhwc/1x112x112x32/k3x3s1x1p1x1d1x1m1"},
        KeyPair{"dense/f32/1x512/o1000/bias", "dense/f32/1x512/o1000/bias"},
        KeyPair{"max_pool2d/f32/nhwc/1x8x8x4/k2x2s2x2", "max_pool2d/f32/nhwc/1x8x8x4/k2x2s2x2p0x0"},
        KeyPair{"avg_pool2d/s8/nchw/1x4x8x8/k3x3p1x1", "avg_pool2d/s8/nchw/1x4x8x8/k3x3s1x1p1x1"},
        KeyPair{"add/s8/nhwc/1x32x32x16", "add/s8/nhwc/1x32x32x16"},
        KeyPair{"add/f32/nchw/1x16x5x6/b1x16x1x1/relu", "add/f32/nchw/1x16x5x6/b1x16x1x1/relu"},
        // Broadcasting from the full shape is no broadcasting.
        KeyPair{"add/f32/nhwc/1x5x6x7/b1x5x6x7", "add/f32/nhwc/1x5x6x7"},
        KeyPair{"relu/f32/nhwc/1x2x3x4", "relu/f32/nhwc/1x2x3x4"},
        KeyPair{"softmax/s8/1x10", "softmax/s8/1x10"},
        KeyPair{"softmax/f32/3x7", "softmax/f32/3x7"}));

TEST(WorkloadTest, FieldsHoldWhatTheKeySays) {
  const Workload w = Parsed("conv2d/f32/nchw/2x6x9x7/o12k2x3s2x1p0x1x2x3d1x2g3/bias+add+relu6");
  EXPECT_EQ(w.layout, Layout::kNchw);
  EXPECT_EQ((std::array{w.n, w.h, w.w, w.c, w.oc}), (std::array<int64_t, 5>{2, 9, 7, 6, 12}));
  EXPECT_EQ((std::array{w.pad_top, w.pad_left, w.pad_bottom, w.pad_right}),
            (std::array<int64_t, 4>{0, 1, 2, 3}));
  EXPECT_EQ((std::array{w.kh, w.kw, w.stride_h, w.stride_w, w.dilation_h, w.dilation_w, w.groups}),
            (std::array<int64_t, 7>{2, 3, 2, 1, 1, 2, 3}));
  EXPECT_TRUE(w.epilogue.bias && w.epilogue.add && !w.epilogue.requant);
  EXPECT_EQ(w.epilogue.activation, Epilogue::Activation::kRelu6);
}

TEST(WorkloadTest, MatmulIsWrittenAsMNK) {
  const Workload w = Parsed("matmul/f32/3x4x5");
  EXPECT_EQ((std::array{w.n, w.oc, w.c}), (std::array<int64_t, 3>{3, 4, 5}));
  EXPECT_EQ(w.num_macs(), 60);
}

TEST(WorkloadTest, OutputExtentsFollowStridePaddingAndDilation) {
  const Workload resnet = Parsed("conv2d/f32/nhwc/1x224x224x3/o64k7x7s2x2p3x3");
  EXPECT_EQ(resnet.oh(), 112);
  EXPECT_EQ(resnet.ow(), 112);
  const Workload dilated = Parsed("conv2d/f32/nhwc/1x10x10x1/o1k3x3s1x3p0x0x1x2d2x3");
  EXPECT_EQ(dilated.oh(), 7);  // (10 + 1 - 5) / 1 + 1
  EXPECT_EQ(dilated.ow(), 2);  // (10 + 2 - 7) / 3 + 1
}

// Counted one by one, as a check of the closed form.
int64_t CountMacsInsideTheImage(const Workload& w) {
  int64_t count = 0;
  for (int64_t oh = 0; oh < w.oh(); ++oh) {
    for (int64_t ow = 0; ow < w.ow(); ++ow) {
      for (int64_t kh = 0; kh < w.kh; ++kh) {
        for (int64_t kw = 0; kw < w.kw; ++kw) {
          const int64_t h = oh * w.stride_h + kh * w.dilation_h - w.pad_top;
          const int64_t x = ow * w.stride_w + kw * w.dilation_w - w.pad_left;
          count += h >= 0 && h < w.h && x >= 0 && x < w.w;
        }
      }
    }
  }
  return count * w.n * w.oc * (w.c / w.groups);
}

TEST(WorkloadTest, EffectiveMacsCountOnlyTapsInsideTheImage) {
  const Workload layer = Parsed("conv2d/f32/nhwc/1x56x56x64/o64k3x3p1x1");
  EXPECT_EQ(layer.num_macs(), int64_t{56} * 56 * 64 * 64 * 9);
  EXPECT_EQ(layer.num_effective_macs(), 112869376);
  for (const char* key :
       {"conv2d/f32/nhwc/2x5x7x4/o6k3x3s2x1p4x1x0x3d2x1g2", "conv2d/f32/nhwc/1x1x1x1/o1k5x5p2x2",
        "conv2d/f32/nhwc/1x3x9x2/o2k2x4s3x2p5x0x5x0d1x2", "conv2d/f32/nhwc/1x4x4x1/o1k1x1p3x3"}) {
    const Workload w = Parsed(key);
    EXPECT_EQ(w.num_effective_macs(), CountMacsInsideTheImage(w)) << key;
  }
}

TEST(WorkloadTest, PoolsAndElementwiseOperatorsHaveNoMacs) {
  EXPECT_EQ(Parsed("max_pool2d/f32/nhwc/1x8x8x4/k2x2").num_macs(), 0);
  EXPECT_EQ(Parsed("add/f32/nhwc/1x8x8x4").num_effective_macs(), 0);
}

}  // namespace
}  // namespace tunefarm::compiler
