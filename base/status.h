// Status macros on top of absl::Status: the words every folder uses to hand an error upward.
//
// A trial's failure is a value (an outcome); the system's failure is a Status; a broken invariant
// of ours is TUNEFARM_CHECK. Input from outside (files, wire, users) must never reach
// TUNEFARM_CHECK.
#ifndef TUNEFARM_BASE_STATUS_H_
#define TUNEFARM_BASE_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expr` from the current function unless it is OK.
#define TUNEFARM_RETURN_IF_ERROR(expr)                 \
  do {                                                 \
    ::absl::Status tunefarm_status = (expr);           \
    if (!tunefarm_status.ok()) return tunefarm_status; \
  } while (false)

#define TUNEFARM_CONCAT_INNER(a, b) a##b
#define TUNEFARM_CONCAT(a, b) TUNEFARM_CONCAT_INNER(a, b)

// `lhs` = value of the StatusOr `expr`; returns its status from the current function on error.
#define TUNEFARM_ASSIGN_OR_RETURN(lhs, expr) \
  TUNEFARM_ASSIGN_OR_RETURN_IMPL(TUNEFARM_CONCAT(tunefarm_statusor_, __LINE__), lhs, expr)
#define TUNEFARM_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                   \
  if (!tmp.ok()) return std::move(tmp).status();       \
  lhs = std::move(tmp).value()

// Aborts with file, line and `message` (a std::string expression) when our own invariant is broken,
// in release builds too.
#define TUNEFARM_CHECK(condition, message)                                                      \
  do {                                                                                          \
    if (!(condition)) ::tunefarm::base::CheckFailed(__FILE__, __LINE__, #condition, (message)); \
  } while (false)

namespace tunefarm::base {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const std::string& message);

// The same code with `context` and ": " put before the message. OK stays OK.
absl::Status Annotate(const absl::Status& status, const std::string& context);

// "INVALID_ARGUMENT: message" without payloads or line breaks: what is shown to people on one line.
std::string OneLine(const absl::Status& status);

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_STATUS_H_
