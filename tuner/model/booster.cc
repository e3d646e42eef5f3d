#include "tuner/model/booster.h"

#include <xgboost/c_api.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace tunefarm::tuner {
namespace {

// Below this many rows the exact method is faster than histograms (measured: 64 features, depth 4).
constexpr size_t kExactRows = 512;

absl::Status Check(int code, const char* what) {
  if (code == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("xgboost: %s: %s", what, XGBGetLastError()));
}

// The library's global configuration is one per thread.
absl::Status Silence() { return Check(XGBSetGlobalConfig("{\"verbosity\":0}"), "set verbosity"); }

// Describes rows in place, by address, in the "array interface" that the library reads.
std::string ArrayInterface(const FeatureMatrix& rows) {
  return absl::StrFormat(R"({"data":[%d,true],"shape":[%d,%d],"typestr":"<f4","version":3})",
                         reinterpret_cast<uintptr_t>(rows.values.data()), rows.num_rows(),
                         rows.num_columns);
}

class Matrix {
 public:
  Matrix() = default;
  ~Matrix() {
    if (handle_ != nullptr) XGDMatrixFree(handle_);
  }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;

  absl::Status Create(const BoosterData& data) {
    TUNEFARM_RETURN_IF_ERROR(
        Check(XGDMatrixCreateFromDense(ArrayInterface(data.rows).c_str(),
                                       R"({"missing":NaN,"nthread":1})", &handle_),
              "create matrix"));
    TUNEFARM_RETURN_IF_ERROR(SetFloats("label", data.labels));
    if (!data.base_margin.empty()) {
      TUNEFARM_RETURN_IF_ERROR(SetFloats("base_margin", data.base_margin));
    }
    if (data.group_sizes.empty()) return absl::OkStatus();
    return Check(
        XGDMatrixSetUIntInfo(handle_, "group", data.group_sizes.data(), data.group_sizes.size()),
        "set groups");
  }

  DMatrixHandle get() const { return handle_; }

 private:
  absl::Status SetFloats(const char* field, std::span<const float> values) {
    return Check(XGDMatrixSetFloatInfo(handle_, field, values.data(), values.size()), field);
  }

  DMatrixHandle handle_ = nullptr;
};

absl::Status Validate(const BoosterData& data) {
  const size_t num_rows = data.rows.num_rows();
  if (num_rows == 0 || data.labels.size() != num_rows) {
    return absl::InvalidArgumentError(
        absl::StrFormat("train booster: %d rows with %d labels", num_rows, data.labels.size()));
  }
  if (!data.base_margin.empty() && data.base_margin.size() != num_rows) {
    return absl::InvalidArgumentError(absl::StrFormat("train booster: %d rows with %d base margins",
                                                      num_rows, data.base_margin.size()));
  }
  size_t grouped = 0;
  for (uint32_t size : data.group_sizes) grouped += size;
  if (!data.group_sizes.empty() && grouped != num_rows) {
    return absl::InvalidArgumentError(
        absl::StrFormat("train booster: %d rows in groups of %d rows", num_rows, grouped));
  }
  return absl::OkStatus();
}

std::vector<std::pair<std::string, std::string>> Parameters(const BoosterOptions& options,
                                                            size_t num_rows) {
  const bool rank = options.objective == BoosterOptions::Objective::kPairwiseRank;
  std::vector<std::pair<std::string, std::string>> parameters = {
      {"objective", rank ? "rank:pairwise" : "reg:squarederror"},
      {"max_depth", absl::StrFormat("%d", options.max_depth)},
      {"eta", absl::StrFormat("%g", options.learning_rate)},
      {"lambda", absl::StrFormat("%g", options.l2_regularisation)},
      {"min_child_weight", absl::StrFormat("%g", options.min_child_weight)},
      // A given base margin replaces base_score: with 0 a prediction is the sum of the trees in
      // both cases.
      {"base_score", "0"},
      {"nthread", "1"},
      {"seed", "0"},
      {"verbosity", "0"},
      {"disable_default_eval_metric", "1"},
  };
  if (num_rows < kExactRows) {
    parameters.emplace_back("tree_method", "exact");
  } else {
    parameters.emplace_back("tree_method", "hist");
    parameters.emplace_back("max_bin", "32");
  }
  if (rank) {
    parameters.emplace_back("num_pairsample", absl::StrFormat("%d", options.num_pair_samples));
  }
  return parameters;
}

}  // namespace

struct Booster::Handle {
  BoosterHandle booster = nullptr;
  ~Handle() {
    if (booster != nullptr) XGBoosterFree(booster);
  }
};

Booster::Booster(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Booster::Booster(Booster&&) noexcept = default;
Booster& Booster::operator=(Booster&&) noexcept = default;
Booster::~Booster() = default;

absl::StatusOr<Booster> Booster::Train(const BoosterOptions& options, const BoosterData& data) {
  TUNEFARM_RETURN_IF_ERROR(Validate(data));
  TUNEFARM_RETURN_IF_ERROR(Silence());
  Matrix matrix;
  TUNEFARM_RETURN_IF_ERROR(matrix.Create(data));
  auto handle = std::make_unique<Handle>();
  const DMatrixHandle matrices[] = {matrix.get()};
  TUNEFARM_RETURN_IF_ERROR(Check(XGBoosterCreate(matrices, 1, &handle->booster), "create booster"));
  for (const auto& [name, value] : Parameters(options, data.rows.num_rows())) {
    TUNEFARM_RETURN_IF_ERROR(
        Check(XGBoosterSetParam(handle->booster, name.c_str(), value.c_str()), name.c_str()));
  }
  for (int round = 0; round < options.num_rounds; ++round) {
    TUNEFARM_RETURN_IF_ERROR(
        Check(XGBoosterUpdateOneIter(handle->booster, round, matrix.get()), "train"));
  }
  // The library may keep the matrix in its prediction cache; it is weakly held and safe to free.
  return Booster(std::move(handle));
}

absl::StatusOr<std::string> Booster::Save() const {
  bst_ulong size = 0;
  const char* bytes = nullptr;
  TUNEFARM_RETURN_IF_ERROR(Check(
      XGBoosterSaveModelToBuffer(handle_->booster, R"({"format":"ubj"})", &size, &bytes), "save"));
  return std::string(bytes, size);
}

absl::StatusOr<Booster> Booster::Load(const std::string& ubjson) {
  TUNEFARM_RETURN_IF_ERROR(Silence());
  // The library reads malformed UBJSON as an empty model or worse; it always opens with an object.
  if (ubjson.empty() || ubjson.front() != '{') {
    return absl::InvalidArgumentError(
        absl::StrFormat("load booster: %d bytes that are not UBJSON", ubjson.size()));
  }
  auto handle = std::make_unique<Handle>();
  TUNEFARM_RETURN_IF_ERROR(Check(XGBoosterCreate(nullptr, 0, &handle->booster), "create booster"));
  TUNEFARM_RETURN_IF_ERROR(Check(XGBoosterSetParam(handle->booster, "nthread", "1"), "nthread"));
  const absl::Status loaded = Check(
      XGBoosterLoadModelFromBuffer(handle->booster, ubjson.data(), ubjson.size()), "load booster");
  if (!loaded.ok()) return absl::InvalidArgumentError(std::string(loaded.message()));
  return Booster(std::move(handle));
}

absl::StatusOr<std::vector<float>> Booster::Predict(const FeatureMatrix& rows) const {
  if (rows.num_rows() == 0) return std::vector<float>();
  TUNEFARM_RETURN_IF_ERROR(Silence());
  // type 1: margins. iteration_end 0: all trees.
  constexpr char kConfig[] =
      R"({"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false,)"
      R"("cache_id":0,"missing":NaN})";
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  TUNEFARM_RETURN_IF_ERROR(
      Check(XGBoosterPredictFromDense(handle_->booster, ArrayInterface(rows).c_str(), kConfig,
                                      nullptr, &shape, &dimensions, &values),
            "predict"));
  // The result belongs to the library and to this thread, until its next call.
  return std::vector<float>(values, values + rows.num_rows());
}

}  // namespace tunefarm::tuner
