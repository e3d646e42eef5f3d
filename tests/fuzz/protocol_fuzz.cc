// Everything a peer can say to an agent, decoded and carried as far as it goes without running a
// kernel: assignments, blobs, cancellations, updates. The agent's books have to stay in order and
// nothing may be written outside its folder.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "device_agent/assignment_book.h"
#include "device_agent/candidate_check.h"
#include "device_agent/signature.h"
#include "device_agent/update/update_store.h"
#include "tunefarm/v1/tracker.pb.h"

namespace tunefarm::device_agent {
namespace {

constexpr char kTriple[] = "aarch64-unknown-linux-gnu";
// A key nobody has: whatever passes the check found a hole in it.
constexpr char kPublicKey[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----\n";

void Check(const MeasureRequest& request) {
  for (const v1::Candidate& candidate : request.candidates) {
    if (!CheckCandidate(candidate, request, kTriple).ok()) continue;
    // What is accepted is within the bounds that memory is laid out by.
    const v1::KernelSignature& signature = candidate.kernel().signature();
    if (signature.buffers_size() > static_cast<int>(kMaxBuffers)) std::abort();
    for (const v1::Buffer& buffer : signature.buffers()) {
      if (BufferBytes(buffer) == 0 || BufferBytes(buffer) > kMaxBufferBytes) std::abort();
    }
  }
}

void Carry(const v1::TrackerMessage& message, AssignmentBook* book) {
  switch (message.kind_case()) {
    case v1::TrackerMessage::kAssignment:
      book->Add(message.assignment());
      break;
    case v1::TrackerMessage::kCancel:
      book->Cancel(message.cancel().assignment_id());
      break;
    case v1::TrackerMessage::kBlobs:
      book->AddBlobs(message.blobs());
      break;
    case v1::TrackerMessage::kUpdate:
      if (CheckUpdate({.folder = "/nowhere",
                       .public_key = kPublicKey,
                       .machine = "aarch64",
                       .own = {.major = 0, .minor = 1, .patch = 0}},
                      message.update())
              .ok()) {
        std::abort();
      }
      break;
    default:
      break;
  }
}

}  // namespace
}  // namespace tunefarm::device_agent

// The input is a run of messages, each behind its length in two bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tunefarm::device_agent;
  AssignmentBook book(1 << 20);
  while (size >= 2) {
    const size_t wanted = data[0] | static_cast<size_t>(data[1]) << 8;
    const size_t num_bytes = wanted < size - 2 ? wanted : size - 2;
    tunefarm::v1::TrackerMessage message;
    if (message.ParseFromArray(data + 2, static_cast<int>(num_bytes))) Carry(message, &book);
    data += 2 + num_bytes;
    size -= 2 + num_bytes;
    while (book.HasWork()) {
      const auto work = book.Start();
      Check(work->request);
      book.Finish(work->serial, absl::OkStatus());
    }
    book.TakeOutgoing();
  }
  book.Reconnect();
  book.Running();
  return 0;
}
