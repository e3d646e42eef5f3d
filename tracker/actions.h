// What the tracker core decides: each event handed to TrackerCore appends the actions that follow
// from it, in order. Whoever owns the core (tracker/dispatcher.h) carries them out.
#ifndef TUNEFARM_TRACKER_ACTIONS_H_
#define TUNEFARM_TRACKER_ACTIONS_H_

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "tracker/types.h"

namespace tunefarm::tracker {

struct SendAssignment {
  SessionId session = 0;
  AssignmentId assignment_id = 0;
  Epoch epoch = 0;
  SubmissionId submission = 0;
  std::vector<CandidateId> candidates;
};

// Results of this assignment are no longer wanted.
struct SendCancel {
  SessionId session = 0;
  AssignmentId assignment_id = 0;
};

struct SendDrain {
  SessionId session = 0;
  std::string reason;
};

// The session is over: the stream is to be closed with `why`. Nothing else is sent to it
// afterwards.
struct CloseAgent {
  SessionId session = 0;
  absl::Status why;
};

// The result that was just handed to OnResult is the candidate's end.
struct ForwardResult {
  SubmissionId submission = 0;
  CandidateId candidate = 0;
  std::string device;
};

// The candidate ends without a result; `history` tells every attempt on one line.
struct EndAsDeviceLost {
  SubmissionId submission = 0;
  CandidateId candidate = 0;
  std::string device;  // Of the last attempt.
  Epoch epoch = 0;     // Of the last attempt.
  std::string history;
};

// The candidate ends unsent: its kernel took a board of every device's kind down that could run it.
struct EndAsQuarantined {
  SubmissionId submission = 0;
  CandidateId candidate = 0;
  std::string why;
};

// What the agent does not know yet of its kind of board.
struct SendQuarantine {
  SessionId session = 0;
  std::vector<QuarantinedKernel> kernels;
};

// Nothing of the submission runs and no device could take it now. Told once per reason.
struct TellWaiting {
  SubmissionId submission = 0;
  std::string why;
};

// Every candidate of the submission has ended.
struct EndSubmission {
  SubmissionId submission = 0;
};

using Action =
    std::variant<SendAssignment, SendCancel, SendDrain, CloseAgent, ForwardResult, EndAsDeviceLost,
                 EndAsQuarantined, SendQuarantine, TellWaiting, EndSubmission>;
using Actions = std::vector<Action>;

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_ACTIONS_H_
