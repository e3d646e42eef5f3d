// Protobuf messages over a socket between the tuner and its builders: four bytes of length, little
// endian, then the message. Both ends are of one build and one machine.
#ifndef TUNEFARM_TUNER_MEASURE_FRAME_H_
#define TUNEFARM_TUNER_MEASURE_FRAME_H_

#include <google/protobuf/message_lite.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tunefarm::tuner {

inline constexpr uint32_t kMaxFrameBytes = 64u << 20;

// Blocks until all is written. Errors: kUnavailable (the peer is gone), kInvalidArgument (too
// large).
absl::Status WriteFrame(int socket, const google::protobuf::MessageLite& message);

// Collects what arrives until a message is complete.
class FrameReader {
 public:
  // Reads what is there without waiting for more. Errors: kUnavailable (end of stream), kDataLoss
  // (a length beyond kMaxFrameBytes).
  absl::Status ReadAvailable(int socket);
  // Blocks until there is something to read. Errors as above.
  absl::Status ReadSome(int socket);

  // Takes the next complete message; false: none yet. Errors: kDataLoss (not such a message).
  absl::StatusOr<bool> Next(google::protobuf::MessageLite* message);

 private:
  absl::Status Read(int socket, int flags);

  std::string bytes_;
  size_t consumed_ = 0;
};

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_MEASURE_FRAME_H_
