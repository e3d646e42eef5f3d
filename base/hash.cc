#include "base/hash.h"

#include <openssl/sha.h>

#include <array>

namespace tunefarm::base {
namespace {

std::array<uint8_t, SHA256_DIGEST_LENGTH> Digest(const void* data, size_t num_bytes) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(static_cast<const uint8_t*>(data), num_bytes, digest.data());
  return digest;
}

std::string Hex(std::span<const uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) { return Hex(Digest(bytes.data(), bytes.size())); }

std::string Sha256Hex(std::span<const uint8_t> bytes) {
  return Hex(Digest(bytes.data(), bytes.size()));
}

uint64_t Hash64(std::string_view bytes) {
  const auto digest = Digest(bytes.data(), bytes.size());
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | digest[i];
  return value;
}

}  // namespace tunefarm::base
