// Content hashes: the names of blobs, artifacts, spaces and schedules. SHA-256 by OpenSSL.
#ifndef TUNEFARM_BASE_HASH_H_
#define TUNEFARM_BASE_HASH_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tunefarm::base {

// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);
std::string Sha256Hex(std::span<const uint8_t> bytes);

// The first 64 bits of the SHA-256 of `bytes`: for hash maps and seeds, not for identity.
uint64_t Hash64(std::string_view bytes);

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_HASH_H_
