// What waits for a device, and the policy that picks the next batch for one. Pure: no time, no
// threads. It relies on its caller (tracker/tracker_core.h) to say which devices are there and how
// attempts end.
//
// Order: owners take turns, the one with the fewest running candidates first; within an owner,
// first come first served among what the device can run. A candidate is queued, running, or gone
// from the queue.
//
// A candidate whose device was lost may be what took the device down. From then on it is a suspect:
// it is queued before its submission's fresh candidates, goes to a device that it has not lost yet
// while there is one, and travels alone - to an idle device that gets nothing else meanwhile - so
// that it can take no innocent candidate with it again.
//
// A candidate whose kernel is known to take boards down (tracker/quarantine.h) is left for a device
// that may have it. Where there is none, the next device that asks ends it.
#ifndef TUNEFARM_TRACKER_DISPATCH_QUEUE_H_
#define TUNEFARM_TRACKER_DISPATCH_QUEUE_H_

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tracker/quarantine.h"
#include "tracker/types.h"

namespace tunefarm::tracker {

class DispatchQueue {
 public:
  struct Refusal {
    CandidateId candidate = 0;
    std::string why;
  };
  struct Batch {
    SubmissionId submission = 0;
    std::vector<CandidateId> candidates;  // May be empty where some were refused.
    bool solo = false;             // A suspect: the device must get nothing else while it runs.
    std::vector<Refusal> refused;  // No device that is there may have them: they have ended.
  };
  struct Waiting {
    SubmissionId submission = 0;
    std::string why;
  };

  // `quarantine` must outlive the queue.
  explicit DispatchQueue(const Quarantine* quarantine) : quarantine_(*quarantine) {}

  // Requires what SubmissionSpec demands.
  void Add(SubmissionId id, SubmissionSpec spec);
  // Forgets the submission, running candidates included.
  void Remove(SubmissionId id);

  // The next batch for `device`, moved from queued to running. `available` are all devices that
  // take work now, `device` among them. None when nothing fits, and when the next in line is a
  // suspect and the device is not `idle`: then the device is to run dry, or the suspect would wait
  // for ever.
  std::optional<Batch> Take(const DeviceInfo& device, bool idle,
                            const std::vector<const DeviceInfo*>& available, size_t max_batch);

  // A running candidate has its result.
  void End(SubmissionId id, CandidateId candidate);
  // A running candidate's attempt on `device` came to nothing. Queues it again, or, when that was
  // its last attempt, ends it and returns the history of its attempts on one line.
  std::optional<std::string> Lose(SubmissionId id, CandidateId candidate, const std::string& device,
                                  const std::string& why);

  bool Contains(SubmissionId id) const { return submissions_.contains(id); }
  // Every candidate of the submission has ended. Requires Contains(id).
  bool Finished(SubmissionId id) const { return submissions_.at(id).unfinished() == 0; }
  // Of the candidate's kernel; "" where the client named none. Requires Contains(id).
  std::string DigestOf(SubmissionId id, CandidateId candidate) const;
  const SubmissionSpec& spec(SubmissionId id) const { return submissions_.at(id).spec; }
  size_t num_queued() const { return num_queued_; }

  // Submissions that have queued candidates, none running, and no available device for them - those
  // whose reason differs from the one told last.
  std::vector<Waiting> NewlyWaiting(const std::vector<const DeviceInfo*>& available,
                                    const std::vector<const DeviceInfo*>& draining);

 private:
  struct Loss {
    std::string device;
    std::string why;
  };
  struct Submission {
    SubmissionSpec spec;  // Its candidates are moved to `fresh`.
    std::deque<CandidateId> fresh;
    std::deque<CandidateId> suspects;
    std::set<CandidateId> running;
    std::unordered_map<CandidateId, std::vector<Loss>> losses;
    std::string told;  // The last reason for waiting.

    size_t queued() const { return fresh.size() + suspects.size(); }
    size_t unfinished() const { return queued() + running.size(); }
  };
  struct Owner {
    std::set<SubmissionId> submissions;  // Ids grow: in order of arrival.
    size_t num_running = 0;
    uint64_t last_served = 0;  // Breaks ties: who waited longer.
  };

  // It meets the requirement, is not one to avoid beside the others, and the kernel is not barred
  // from it.
  bool MayHave(const Submission& submission, CandidateId candidate, const DeviceInfo& device,
               const std::vector<const DeviceInfo*>& available) const;
  // What becomes of a candidate when a device asks that meets the requirement.
  struct Fate {
    enum { kRun, kLeave, kRefuse } kind = kRun;
    std::string why;  // kRefuse.
  };
  Fate FateOf(const Submission& submission, CandidateId candidate, const DeviceInfo& device,
              const std::vector<const DeviceInfo*>& available) const;
  // What a submission offers a device: a suspect, fresh candidates, or nothing.
  struct Offer {
    SubmissionId submission = 0;
    std::optional<CandidateId> suspect;
  };
  std::optional<Offer> OfferOf(SubmissionId id, const DeviceInfo& device,
                               const std::vector<const DeviceInfo*>& available) const;
  std::optional<Offer> BestOffer(const DeviceInfo& device,
                                 const std::vector<const DeviceInfo*>& available) const;
  Batch Start(const Offer& offer, const DeviceInfo& device,
              const std::vector<const DeviceInfo*>& available, size_t batch_size);
  void Leave(Submission& submission, CandidateId candidate);

  const Quarantine& quarantine_;
  std::map<SubmissionId, Submission> submissions_;
  std::map<std::string, Owner> owners_;  // Those with a submission in the queue.
  size_t num_queued_ = 0;
  uint64_t num_served_ = 0;
};

}  // namespace tunefarm::tracker

#endif  // TUNEFARM_TRACKER_DISPATCH_QUEUE_H_
