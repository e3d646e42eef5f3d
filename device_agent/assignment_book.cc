#include "device_agent/assignment_book.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/hash.h"
#include "base/status.h"
#include "device_agent/candidate_check.h"
#include "spdlog/spdlog.h"

namespace tunefarm::device_agent {

std::deque<AssignmentBook::Entry>::iterator AssignmentBook::Find(uint64_t assignment_id) {
  return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.assignment.assignment_id() == assignment_id;
  });
}

std::deque<AssignmentBook::Entry>::iterator AssignmentBook::FindSerial(uint64_t serial) {
  return std::find_if(entries_.begin(), entries_.end(),
                      [&](const Entry& entry) { return entry.serial == serial; });
}

void AssignmentBook::Want(const std::string& digest, Entry* entry) {
  if (auto blob = blobs_.Get(digest)) {
    entry->blobs[digest] = std::move(blob);
  } else {
    entry->wanted.insert(digest);
  }
}

std::optional<uint64_t> AssignmentBook::Add(v1::Assignment assignment) {
  std::optional<uint64_t> unwanted;
  if (const auto known = Find(assignment.assignment_id()); known != entries_.end()) {
    if (assignment.epoch() <= known->assignment.epoch()) return std::nullopt;
    unwanted = Cancel(assignment.assignment_id());
  }
  Entry entry;
  entry.serial = next_serial_++;
  entry.assignment = std::move(assignment);
  for (const v1::ExpectedOutput& expected : entry.assignment.verification().expected()) {
    Want(expected.digest(), &entry);
  }
  for (const v1::Candidate& candidate : entry.assignment.candidates()) {
    entry.open.insert(candidate.candidate_id());
    if (candidate.kernel().elf().empty()) Want(candidate.kernel().digest(), &entry);
  }
  entries_.push_back(std::move(entry));
  return unwanted;
}

void AssignmentBook::AddBlobs(const v1::BlobReply& reply) {
  for (const v1::Blob& blob : reply.blobs()) {
    requested_.erase(blob.digest());
    if (base::Sha256Hex(blob.data()) != blob.digest()) {
      spdlog::warn("a blob of {} bytes does not match its digest {}", blob.data().size(),
                   blob.digest());
      continue;
    }
    const auto bytes = std::make_shared<const std::string>(blob.data());
    blobs_.Put(blob.digest(), bytes, bytes->size());
    for (Entry& entry : entries_) {
      if (entry.wanted.erase(blob.digest()) != 0) entry.blobs[blob.digest()] = bytes;
    }
  }
  for (const std::string& digest : reply.missing()) {
    requested_.erase(digest);
    for (Entry& entry : entries_) {
      if (entry.wanted.erase(digest) != 0) entry.nowhere.insert(digest);
    }
  }
}

std::optional<uint64_t> AssignmentBook::Cancel(uint64_t assignment_id) {
  const auto entry = Find(assignment_id);
  if (entry == entries_.end()) return std::nullopt;
  std::optional<uint64_t> running;
  if (entry->state == State::kRunning) running = entry->serial;
  entries_.erase(entry);
  return running;
}

bool AssignmentBook::HasWork() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.state == State::kQueued && entry.wanted.empty();
  });
}

void AssignmentBook::EndAsLost(uint64_t candidate_id, const std::string& why, Entry* entry) {
  if (entry->open.erase(candidate_id) == 0) return;
  v1::MeasureResult result = FailedResult(candidate_id, v1::OUTCOME_DEVICE_LOST, "load", why);
  result.set_epoch(entry->assignment.epoch());
  entry->results.push_back(std::move(result));
}

bool AssignmentBook::TakeCandidate(v1::Candidate candidate, Entry* entry, MeasureRequest* request) {
  v1::Kernel* kernel = candidate.mutable_kernel();
  if (kernel->elf().empty()) {
    const auto bytes = entry->blobs.find(kernel->digest());
    if (bytes == entry->blobs.end()) return false;
    kernel->set_elf(*bytes->second);
  }
  request->candidates.push_back(std::move(candidate));
  return true;
}

std::optional<AssignmentBook::Work> AssignmentBook::Start() {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [](const Entry& candidate) {
    return candidate.state == State::kQueued && candidate.wanted.empty();
  });
  if (entry == entries_.end()) return std::nullopt;
  entry->state = State::kRunning;
  Work work;
  work.serial = entry->serial;
  work.request.timing = entry->assignment.timing();
  work.request.verification = entry->assignment.verification();
  work.request.blobs = entry->blobs;
  std::string lost_output;
  for (const v1::ExpectedOutput& expected : work.request.verification.expected()) {
    if (entry->nowhere.contains(expected.digest())) lost_output = expected.digest();
  }
  for (v1::Candidate& candidate : *entry->assignment.mutable_candidates()) {
    const uint64_t id = candidate.candidate_id();
    if (!lost_output.empty()) {
      EndAsLost(id, absl::StrFormat("the tracker has no expected output %s", lost_output), &*entry);
    } else if (!TakeCandidate(std::move(candidate), &*entry, &work.request)) {
      EndAsLost(id, "the tracker has no bytes of the kernel", &*entry);
    }
  }
  // The bytes are the runner's from here on; epoch and id are all that is needed of the rest.
  entry->assignment.clear_candidates();
  return work;
}

void AssignmentBook::AddResult(uint64_t serial, v1::MeasureResult result) {
  const auto entry = FindSerial(serial);
  if (entry == entries_.end() || entry->open.erase(result.candidate_id()) == 0) return;
  result.set_epoch(entry->assignment.epoch());
  entry->results.push_back(std::move(result));
}

void AssignmentBook::Finish(uint64_t serial, const absl::Status& status) {
  const auto entry = FindSerial(serial);
  if (entry == entries_.end()) return;
  entry->state = State::kFinished;
  entry->blobs.clear();
  const std::string why = status.ok() ? "the runner gave no result" : std::string(status.message());
  const std::set<uint64_t> open = entry->open;
  for (const uint64_t candidate_id : open) EndAsLost(candidate_id, why, &*entry);
  DropDone();
}

std::vector<v1::RunningAssignment> AssignmentBook::Running() const {
  std::vector<v1::RunningAssignment> running;
  for (const Entry& entry : entries_) {
    v1::RunningAssignment assignment;
    assignment.set_assignment_id(entry.assignment.assignment_id());
    assignment.set_epoch(entry.assignment.epoch());
    running.push_back(std::move(assignment));
  }
  return running;
}

void AssignmentBook::Reconnect() {
  requested_.clear();
  for (Entry& entry : entries_) entry.num_sent = 0;
}

bool AssignmentBook::HasOutgoing() const {
  return std::any_of(entries_.begin(), entries_.end(), [this](const Entry& entry) {
    return entry.num_sent < entry.results.size() ||
           std::any_of(
               entry.wanted.begin(), entry.wanted.end(),
               [this](const std::string& digest) { return !requested_.contains(digest); });
  });
}

std::vector<v1::AgentMessage> AssignmentBook::TakeOutgoing() {
  std::vector<v1::AgentMessage> messages;
  v1::AgentMessage request;
  for (const Entry& entry : entries_) {
    for (const std::string& digest : entry.wanted) {
      if (requested_.insert(digest).second) request.mutable_blob_request()->add_digests(digest);
    }
  }
  if (request.has_blob_request()) messages.push_back(std::move(request));
  for (Entry& entry : entries_) {
    for (; entry.num_sent < entry.results.size(); ++entry.num_sent) {
      v1::AgentResult* result = messages.emplace_back().mutable_result();
      result->set_assignment_id(entry.assignment.assignment_id());
      result->set_epoch(entry.assignment.epoch());
      *result->mutable_result() = entry.results[entry.num_sent];
    }
  }
  DropDone();
  return messages;
}

void AssignmentBook::DropDone() {
  std::erase_if(entries_, [](const Entry& entry) {
    return entry.state == State::kFinished && entry.num_sent == entry.results.size();
  });
}

}  // namespace tunefarm::device_agent
