// A template: (operator, target) -> space, and (config) -> schedule. The catalogue lists them all.
//
// How to add a template: a pair of files in compiler/schedule/templates/, a line in catalogue.cc,
// and it is covered by the property tests (random operators x random configs of every template of
// the catalogue) and by tests/golden. See docs/add-a-template.md.
#ifndef TUNEFARM_COMPILER_SCHEDULE_TEMPLATE_H_
#define TUNEFARM_COMPILER_SCHEDULE_TEMPLATE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/op/operator.h"
#include "compiler/schedule/schedule.h"
#include "compiler/space/facts.h"
#include "compiler/space/space.h"
#include "compiler/target/target.h"

namespace tunefarm::compiler {

// A template bound to one operator and target. Immutable and thread-safe.
class BoundTemplate {
 public:
  virtual ~BoundTemplate() = default;
  virtual const ConfigSpace& space() const = 0;
  // The schedule of a config. Errors: kFailedPrecondition with the constraint that the config
  // breaks.
  virtual absl::StatusOr<Schedule> MakeSchedule(const Config& config) const = 0;
  // Requires a valid config.
  virtual ConfigFacts Facts(const Config& config) const = 0;
};

// The template for `op` on `target`; every operator has one on every target (a plain loop nest
// where nothing better exists). `op` and `target` are copied. Errors: kNotFound if no template
// takes the operator.
absl::StatusOr<std::unique_ptr<BoundTemplate>> BindTemplate(const Operator& op,
                                                            const Target& target);

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_SCHEDULE_TEMPLATE_H_
