#include "mcu_agent/bridge/drawn_tensor.h"

#include <array>

#include "absl/strings/str_format.h"
#include "device_agent/signature.h"
#include "proto/tensor_fill.h"

namespace tunefarm::mcu_agent {
namespace {

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320u : 0);
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();
// Far more than a farm's tasks in a day; dropped altogether when it is full.
constexpr size_t kMostChecksums = 4096;

template <typename T, typename Draw>
std::string Elements(uint64_t num_elems, Draw draw) {
  std::string bytes;
  bytes.reserve(num_elems * sizeof(T));
  for (uint64_t i = 0; i < num_elems; ++i) {
    const auto element = static_cast<T>(draw(i));
    bytes.append(reinterpret_cast<const char*>(&element), sizeof(T));
  }
  return bytes;
}

}  // namespace

uint32_t Crc32(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xFF];
  }
  return ~crc;
}

std::string DrawnKey(const v1::Buffer& buffer, uint32_t position, uint64_t seed) {
  return absl::StrFormat("%u/%u/%d/%u/%d/%d/%a", seed, position,
                         static_cast<int>(buffer.data_type()), buffer.num_elems(),
                         buffer.fill().low(), buffer.fill().high(), buffer.fill().scale());
}

std::string DrawTensor(const v1::Buffer& buffer, uint32_t position, uint64_t seed) {
  const tunefarm_fill fill = {buffer.fill().low(), buffer.fill().high(), buffer.fill().scale()};
  const auto integer = [&](uint64_t i) { return tunefarm_fill_integer(&fill, seed, position, i); };
  switch (buffer.data_type()) {
    case v1::DATA_TYPE_S8:
      return Elements<int8_t>(buffer.num_elems(), integer);
    case v1::DATA_TYPE_S16:
      return Elements<int16_t>(buffer.num_elems(), integer);
    case v1::DATA_TYPE_S32:
      return Elements<int32_t>(buffer.num_elems(), integer);
    default:
      return Elements<float>(buffer.num_elems(), [&](uint64_t i) {
        return tunefarm_fill_float(&fill, seed, position, i);
      });
  }
}

uint32_t DrawnChecksums::Of(const v1::Buffer& buffer, uint32_t position, uint64_t seed) {
  const std::string key = DrawnKey(buffer, position, seed);
  const auto known = by_key_.find(key);
  if (known != by_key_.end()) return known->second;
  if (by_key_.size() >= kMostChecksums) by_key_.clear();
  return by_key_[key] = Crc32(DrawTensor(buffer, position, seed));
}

}  // namespace tunefarm::mcu_agent
