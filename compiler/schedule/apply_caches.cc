#include <algorithm>
#include <functional>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/visit.h"
#include "compiler/schedule/apply.h"

namespace tunefarm::compiler {
namespace {

// Redirects every load of one buffer to another, with indices made from the old ones.
class LoadRedirector final : public Mutator {
 public:
  using Remap = std::function<std::vector<Expr>(const std::vector<Expr>&)>;
  LoadRedirector(const Buffer& from, const Buffer& to, Remap remap)
      : from_(from), to_(to), remap_(std::move(remap)) {}

 protected:
  using Mutator::Mutate;
  Expr Mutate(const Load& load, const Expr& self) override {
    const Expr mutated = Mutator::Mutate(load, self);
    const Load* inner = mutated.as<Load>();
    if (inner->buffer != from_) return mutated;
    return MakeLoad(to_, remap_(inner->indices));
  }

 private:
  const Buffer& from_;
  const Buffer& to_;
  const Remap remap_;
};

// The buffer named `name` that `reader` loads, be it an input or another stage's. Null if there is
// none.
Buffer FindBuffer(const std::string& name, const ScheduledOperator& scheduled, bool* constant) {
  *constant = false;
  for (const OperatorInput& input : scheduled.op.inputs) {
    if (input.buffer->name == name) {
      *constant = input.constant;
      return input.buffer;
    }
  }
  for (const ScheduledStage& stage : scheduled.stages) {
    if (stage.stage.buffer->name == name) return stage.stage.buffer;
  }
  return nullptr;
}

bool Reads(int stage, const Buffer& buffer, const ScheduledOperator& scheduled) {
  const std::vector<int> readers = scheduled.ReadersOf(buffer);
  return std::find(readers.begin(), readers.end(), stage) != readers.end();
}

// The layout of a packed copy: which dimension comes where, and how it is blocked.
struct PackLayout {
  std::vector<int64_t> order;
  std::vector<PackBlock> blocks;

  int64_t FactorOf(int64_t dimension) const {
    for (const PackBlock& block : blocks) {
      if (block.dimension == dimension) return block.factor;
    }
    return 1;
  }
  std::vector<int64_t> Extents(const std::vector<int64_t>& extents) const {
    std::vector<int64_t> packed;
    for (int64_t dimension : order) {
      const int64_t factor = FactorOf(dimension);
      packed.push_back((extents[dimension] + factor - 1) / factor);
    }
    for (const PackBlock& block : blocks) packed.push_back(block.factor);
    return packed;
  }
  std::vector<Expr> Indices(const std::vector<Expr>& indices) const {
    std::vector<Expr> packed;
    for (int64_t dimension : order) {
      const int64_t factor = FactorOf(dimension);
      packed.push_back(factor == 1 ? indices[dimension]
                                   : FloorDiv(indices[dimension], Expr(factor)));
    }
    for (const PackBlock& block : blocks) {
      packed.push_back(FloorMod(indices[block.dimension], Expr(block.factor)));
    }
    return packed;
  }
};

absl::StatusOr<PackLayout> ReadLayout(const Step& step, int64_t rank) {
  PackLayout layout;
  if (step.numbers[0] != rank || static_cast<int64_t>(step.numbers.size()) < rank + 1 ||
      (step.numbers.size() - rank - 1) % 2 != 0) {
    return absl::FailedPreconditionError(absl::StrFormat("the order has %d dimensions, %s has %d",
                                                         step.numbers[0], step.names[0], rank));
  }
  layout.order.assign(step.numbers.begin() + 1, step.numbers.begin() + 1 + rank);
  std::vector<int64_t> sorted = layout.order;
  std::sort(sorted.begin(), sorted.end());
  for (int64_t i = 0; i < rank; ++i) {
    if (sorted[i] != i) {
      return absl::FailedPreconditionError("the order does not name every dimension once");
    }
  }
  for (size_t i = rank + 1; i < step.numbers.size(); i += 2) {
    const PackBlock block{step.numbers[i], step.numbers[i + 1]};
    if (block.dimension < 0 || block.dimension >= rank || block.factor < 2 ||
        layout.FactorOf(block.dimension) != 1) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "block %d of dimension %d: factors are at least 2, dimensions in [0, %d), each once",
          block.factor, block.dimension, rank));
    }
    layout.blocks.push_back(block);
  }
  return layout;
}

// The stage that fills the packed copy: an axis per packed dimension, zero where a partly filled
// block has no source.
Stage PackStage(const Buffer& source, const PackLayout& layout, Scope scope) {
  Stage stage;
  stage.name = source->name + "_packed";
  stage.buffer = MakeBuffer(stage.name, source->dtype, layout.Extents(source->extents), scope);
  for (size_t i = 0; i < stage.buffer->extents.size(); ++i) {
    const std::string name = absl::StrFormat("d%d", i);
    stage.axes.push_back({name, MakeVar(name), stage.buffer->extents[i]});
  }
  std::vector<Expr> indices(source->extents.size());
  Expr inside;
  for (size_t i = 0; i < layout.order.size(); ++i) indices[layout.order[i]] = stage.axes[i].var;
  for (size_t i = 0; i < layout.blocks.size(); ++i) {
    const PackBlock& block = layout.blocks[i];
    Expr& index = indices[block.dimension];
    index = index * Expr(block.factor) + stage.axes[layout.order.size() + i].var;
    const int64_t extent = source->extents[block.dimension];
    if (extent % block.factor == 0) continue;
    const Expr fits = index < Expr(extent);
    inside = inside.defined() ? inside && fits : fits;
  }
  stage.value = MakeLoad(source, indices);
  if (inside.defined()) {
    const Expr zero = source->dtype == DType::kF32 ? MakeFloat(0) : MakeInt(0, {source->dtype, 1});
    stage.value = MakeSelect(inside, stage.value, zero);
  }
  return stage;
}

}  // namespace

void InsertStage(ScheduledStage stage, int at, ScheduledOperator& scheduled) {
  for (ScheduledStage& other : scheduled.stages) {
    if (other.attached && other.attached->consumer >= at) ++other.attached->consumer;
  }
  scheduled.stages.insert(scheduled.stages.begin() + at, std::move(stage));
}

absl::Status ApplyCacheRead(const Step& step, int stage, ScheduledOperator& scheduled) {
  bool constant = false;
  const Buffer source = FindBuffer(step.names[0], scheduled, &constant);
  if (source == nullptr || !Reads(stage, source, scheduled)) {
    return absl::NotFoundError(absl::StrFormat("the stage does not read %s", step.names[0]));
  }
  Stage copy;
  copy.name = source->name + "_cache";
  if (scheduled.FindStage(copy.name) >= 0) {
    return absl::FailedPreconditionError(absl::StrFormat("stage %s exists already", copy.name));
  }
  copy.buffer = MakeBuffer(copy.name, source->dtype, source->extents, Scope::kScratch);
  std::vector<Expr> indices;
  for (size_t i = 0; i < source->extents.size(); ++i) {
    const std::string name = absl::StrFormat("d%d", i);
    copy.axes.push_back({name, MakeVar(name), source->extents[i]});
    indices.push_back(copy.axes.back().var);
  }
  copy.value = MakeLoad(source, indices);
  Stage& reader = scheduled.stages[stage].stage;
  reader.value = LoadRedirector(source, copy.buffer, [](const std::vector<Expr>& indices) {
                   return indices;
                 }).MutateExpr(reader.value);
  ScheduledStage cache = MakeScheduledStage(std::move(copy));
  cache.prepared = scheduled.stages[stage].prepared;
  InsertStage(std::move(cache), stage, scheduled);
  return absl::OkStatus();
}

absl::Status ApplyCacheWrite(int stage, ScheduledOperator& scheduled) {
  ScheduledStage& copy = scheduled.stages[stage];
  if (copy.stage.reduction == Reduction::kNone) {
    return absl::FailedPreconditionError("the stage is no reduction, it has no accumulators");
  }
  if (!copy.splits.empty() || !copy.fuses.empty() || copy.attached) {
    return absl::FailedPreconditionError("cache_write must come before the loops are scheduled");
  }
  Stage accumulate = copy.stage;
  accumulate.name += "_acc";
  accumulate.buffer = MakeBuffer(accumulate.name, copy.stage.buffer->dtype,
                                 copy.stage.buffer->extents, Scope::kRegister);
  Stage read;
  read.name = copy.stage.name;
  read.buffer = copy.stage.buffer;
  std::vector<Expr> indices;
  for (const Axis& axis : copy.stage.axes) {
    read.axes.push_back({axis.name, MakeVar(axis.name), axis.extent});
    indices.push_back(read.axes.back().var);
  }
  read.value = MakeLoad(accumulate.buffer, indices);

  ScheduledStage accumulators = MakeScheduledStage(std::move(accumulate));
  accumulators.conditions = copy.conditions;
  accumulators.recentered = copy.recentered;
  const Scope scope = copy.scope;
  copy = MakeScheduledStage(std::move(read));
  copy.scope = scope;
  InsertStage(std::move(accumulators), stage, scheduled);
  return absl::OkStatus();
}

absl::Status ApplyPack(const Step& step, int stage, ScheduledOperator& scheduled) {
  bool constant = false;
  const Buffer source = FindBuffer(step.names[0], scheduled, &constant);
  if (source == nullptr || !Reads(stage, source, scheduled)) {
    return absl::NotFoundError(absl::StrFormat("the stage does not read %s", step.names[0]));
  }
  TUNEFARM_ASSIGN_OR_RETURN(const PackLayout layout,
                            ReadLayout(step, static_cast<int64_t>(source->extents.size())));
  if (scheduled.FindStage(source->name + "_packed") >= 0) {
    return absl::FailedPreconditionError(absl::StrFormat("%s is packed already", source->name));
  }
  ScheduledStage pack =
      MakeScheduledStage(PackStage(source, layout, constant ? Scope::kArgument : Scope::kScratch));
  pack.prepared = constant;
  const auto remap = [&layout](const std::vector<Expr>& indices) {
    return layout.Indices(indices);
  };
  ScheduledStage& reader = scheduled.stages[stage];
  LoadRedirector redirect(source, pack.stage.buffer, remap);
  reader.stage.value = redirect.MutateExpr(reader.stage.value);
  InsertStage(std::move(pack), stage, scheduled);
  return absl::OkStatus();
}

}  // namespace tunefarm::compiler
