#include "mcu_agent/bridge/drawn_tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tunefarm::mcu_agent {
namespace {

v1::Buffer Buffer(v1::DataType type, uint64_t num_elems) {
  v1::Buffer buffer;
  buffer.set_data_type(type);
  buffer.set_num_elems(num_elems);
  buffer.mutable_fill()->set_low(3);
  buffer.mutable_fill()->set_high(3);
  buffer.mutable_fill()->set_scale(0.5F);
  return buffer;
}

TEST(Crc32Test, ChecksumIsZlibs) {
  EXPECT_EQ(Crc32("123456789"), 0xCBF43926u);  // The check value of every table of CRCs.
  EXPECT_EQ(Crc32(""), 0u);
}

TEST(DrawnTensorTest, ElementsHaveTheirTypesBytes) {
  EXPECT_EQ(DrawTensor(Buffer(v1::DATA_TYPE_S8, 2), 0, 1), std::string("\3\3"));
  EXPECT_EQ(DrawTensor(Buffer(v1::DATA_TYPE_S16, 2), 0, 1), std::string("\3\0\3\0", 4));
  EXPECT_EQ(DrawTensor(Buffer(v1::DATA_TYPE_S32, 1), 0, 1), std::string("\3\0\0\0", 4));
  EXPECT_EQ(DrawTensor(Buffer(v1::DATA_TYPE_F32, 1), 0, 1), std::string("\0\0\xC0\x3F", 4));
}

TEST(DrawnTensorTest, KeyTellsDifferentTensorsApart) {
  v1::Buffer buffer = Buffer(v1::DATA_TYPE_S8, 100);
  const std::string key = DrawnKey(buffer, 0, 1);
  EXPECT_NE(DrawnKey(buffer, 1, 1), key);
  EXPECT_NE(DrawnKey(buffer, 0, 2), key);
  buffer.mutable_fill()->set_high(4);
  EXPECT_NE(DrawnKey(buffer, 0, 1), key);
}

TEST(DrawnTensorTest, RememberedChecksumIsThatOfTheBytes) {
  DrawnChecksums checksums;
  v1::Buffer buffer = Buffer(v1::DATA_TYPE_S8, 100);
  buffer.mutable_fill()->set_low(-100);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(checksums.Of(buffer, 1, 9), Crc32(DrawTensor(buffer, 1, 9)));
  }
}

}  // namespace
}  // namespace tunefarm::mcu_agent
