// Matchers of absl::Status: EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr("no
// axis"))). There is no "not OK" matcher: a test names the error it expects.
#ifndef TUNEFARM_TESTS_SUPPORT_STATUS_MATCHERS_H_
#define TUNEFARM_TESTS_SUPPORT_STATUS_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tunefarm::testing {

inline const absl::Status& GetStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& status) {
  return status.status();
}

MATCHER_P2(StatusIs, code, message_matcher, "") {
  const absl::Status& status = GetStatus(arg);
  *result_listener << status.ToString();
  return status.code() == code &&
         ::testing::ExplainMatchResult(message_matcher, std::string(status.message()),
                                       result_listener);
}

MATCHER(IsOk, "") {
  *result_listener << GetStatus(arg).ToString();
  return GetStatus(arg).ok();
}

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_STATUS_MATCHERS_H_
