// The knob code_memory, around any template: where a kernel's code lies decides how long its
// instructions are waited for, and no other choice of the template changes with it.
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "compiler/schedule/templates/templates.h"

namespace tunefarm::compiler {
namespace {

// Position of each in the target's list, with its name.
std::string Meaning(const std::vector<std::string>& memories) {
  std::vector<std::string> names;
  for (size_t i = 0; i < memories.size(); ++i) {
    names.push_back(absl::StrFormat("%d %s", i, memories[i]));
  }
  return absl::StrFormat("Memory of the board that the code runs from: %s.",
                         absl::StrJoin(names, ", "));
}

class CodePlacement final : public BoundTemplate {
 public:
  CodePlacement(std::unique_ptr<BoundTemplate> inner, const Target& target, std::string stage)
      : inner_(std::move(inner)), memories_(target.code_memories), stage_(std::move(stage)) {
    std::vector<Knob> knobs = inner_->space().knobs();
    std::vector<int64_t> values;
    for (size_t i = 0; i < memories_.size(); ++i) values.push_back(static_cast<int64_t>(i));
    knobs.push_back({"code_memory", std::move(values), Meaning(memories_)});
    space_ = ConfigSpace(inner_->space().name(), std::move(knobs), [this](const Config& config) {
      return inner_->space().Violation(Inner(config));
    });
  }

  const ConfigSpace& space() const override { return space_; }

  absl::StatusOr<Schedule> MakeSchedule(const Config& config) const override {
    TUNEFARM_ASSIGN_OR_RETURN(Schedule schedule, inner_->MakeSchedule(Inner(config)));
    schedule.steps.push_back(
        PlaceCode(stage_, memories_[static_cast<size_t>(config.values.back())]));
    return schedule;
  }

  ConfigFacts Facts(const Config& config) const override {
    ConfigFacts facts = inner_->Facts(Inner(config));
    facts.code_memory = static_cast<double>(config.values.back());
    return facts;
  }

 private:
  static Config Inner(const Config& config) {
    return {{config.values.begin(), config.values.end() - 1}};
  }

  const std::unique_ptr<BoundTemplate> inner_;
  const std::vector<std::string> memories_;
  const std::string stage_;
  ConfigSpace space_;
};

}  // namespace

std::unique_ptr<BoundTemplate> WithCodePlacement(std::unique_ptr<BoundTemplate> inner,
                                                 const Target& target, std::string stage) {
  return std::make_unique<CodePlacement>(std::move(inner), target, std::move(stage));
}

}  // namespace tunefarm::compiler
