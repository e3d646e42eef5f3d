#include "device_agent/sandbox/tensor_store.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "device_agent/sandbox/guarded_buffer.h"
#include "gtest/gtest.h"
#include "proto/tensor_fill.h"

namespace tunefarm::device_agent {
namespace {

v1::Buffer BufferOf(v1::DataType type, uint64_t num_elems, int low, int high, float scale) {
  v1::Buffer buffer;
  buffer.set_role(v1::BUFFER_ROLE_INPUT);
  buffer.set_data_type(type);
  buffer.set_num_elems(num_elems);
  buffer.mutable_fill()->set_low(low);
  buffer.mutable_fill()->set_high(high);
  buffer.mutable_fill()->set_scale(scale);
  return buffer;
}

template <typename T>
std::vector<T> Elements(const SharedFile& image, uint64_t num_elems) {
  const absl::StatusOr<GuardedBuffer> buffer =
      GuardedBuffer::FromImage(image->get(), num_elems * sizeof(T));
  EXPECT_TRUE(buffer.ok()) << buffer.status();
  EXPECT_EQ(buffer->FirstOverwrittenByte(), 0);
  std::vector<T> values(num_elems);
  std::memcpy(values.data(), buffer->data().data(), num_elems * sizeof(T));
  return values;
}

TEST(TensorStoreTest, ElementsAreThoseOfTheContract) {
  TensorStore store(1 << 20);
  constexpr tunefarm_fill kFill = {-16, 15, 0.0625f};
  const auto floats = store.Drawn(BufferOf(v1::DATA_TYPE_F32, 40000, -16, 15, 0.0625f), 2, 99);
  ASSERT_TRUE(floats.ok()) << floats.status();
  const std::vector<float> values = Elements<float>(*floats, 40000);
  for (uint64_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], tunefarm_fill_float(&kFill, 99, 2, i)) << i;
  }
  const auto bytes = store.Drawn(BufferOf(v1::DATA_TYPE_S8, 333, -128, 127, 0), 0, 99);
  constexpr tunefarm_fill kByteFill = {-128, 127, 0};
  const std::vector<int8_t> integers = Elements<int8_t>(*bytes, 333);
  for (uint64_t i = 0; i < integers.size(); ++i) {
    ASSERT_EQ(integers[i], tunefarm_fill_integer(&kByteFill, 99, 0, i)) << i;
  }
}

TEST(TensorStoreTest, SameTensorIsDrawnOnce) {
  TensorStore store(1 << 20);
  const v1::Buffer buffer = BufferOf(v1::DATA_TYPE_F32, 100, -16, 15, 0.0625f);
  const SharedFile first = *store.Drawn(buffer, 0, 1);
  EXPECT_EQ(first, *store.Drawn(buffer, 0, 1));
  EXPECT_NE(first, *store.Drawn(buffer, 1, 1));
  EXPECT_NE(first, *store.Drawn(buffer, 0, 2));
  v1::Buffer other = buffer;
  other.mutable_fill()->set_scale(0.125f);
  EXPECT_NE(first, *store.Drawn(other, 0, 1));
}

TEST(TensorStoreTest, FilesCannotBeChanged) {
  TensorStore store(1 << 20);
  const SharedFile file = *store.Blob("digest", "bytes");
  EXPECT_EQ(store.Blob("digest", "bytes")->get(), file.get());
  EXPECT_EQ(write(file->get(), "x", 1), -1);
  EXPECT_EQ(ftruncate(file->get(), 0), -1);
  EXPECT_EQ(mmap(nullptr, 5, PROT_READ | PROT_WRITE, MAP_SHARED, file->get(), 0), MAP_FAILED);
}

}  // namespace
}  // namespace tunefarm::device_agent
