#include "base/hash.h"
#include "deploy/bundle/bundle_files.h"
#include "deploy/bundle/c_text.h"
#include "nlohmann/json.hpp"

namespace tunefarm::deploy {
namespace {

using Json = nlohmann::ordered_json;

Json BufferJson(const compiler::Operator& op, const compiler::ArtifactBuffer& buffer) {
  return {{"name", buffer.name},
          {"role", RoleName(buffer.role)},
          {"type", CType(buffer.dtype)},
          {"num_elems", buffer.num_elems},
          {"num_bytes", buffer.num_elems * compiler::SizeBytes(buffer.dtype)},
          {"extents", buffer.extents},
          {"dimensions", DimensionNames(op, buffer)}};
}

Json MeasurementJson(const Provenance& p) {
  if (p.trial_id == 0) return nullptr;
  return {{"trial_id", p.trial_id}, {"cost_median", p.cost_median}, {"cost_unit", p.cost_unit},
          {"mad", p.cost_mad},      {"samples", p.samples},         {"gflops", p.gflops},
          {"device", p.device},     {"emulated", p.emulated},       {"same_code", p.measured_code}};
}

}  // namespace

std::string Manifest(const compiler::Operator& op, const compiler::Artifact& artifact,
                     const Provenance& provenance, const std::vector<BundleFile>& files) {
  Json buffers = Json::array();
  for (const compiler::ArtifactBuffer& buffer : artifact.buffers)
    buffers.push_back(BufferJson(op, buffer));
  Json digests = Json::object();
  for (const BundleFile& file : files)
    digests[file.name] = base::Sha256Hex(std::string_view(file.bytes));
  const Json manifest = {
      {"workload", Print(op.workload)},
      {"target", provenance.target},
      {"triple", artifact.triple},
      {"abi_version", artifact.abi_version},
      {"run_symbol", artifact.run_symbol},
      {"prepare_symbol",
       artifact.prepare_symbol.empty() ? Json(nullptr) : Json(artifact.prepare_symbol)},
      {"code_memory", artifact.code_memory.empty() ? Json(nullptr) : Json(artifact.code_memory)},
      {"scratch_bytes_per_worker", artifact.scratch_bytes_per_worker},
      {"buffers", std::move(buffers)},
      {"how", provenance.how},
      {"config", provenance.config},
      {"space", provenance.space},
      {"space_hash", provenance.space_hash},
      {"schedule", provenance.schedule},
      {"measurement", MeasurementJson(provenance)},
      {"toolchain", artifact.toolchain},
      {"text_hash", artifact.text_hash},
      {"text_bytes", artifact.text_bytes},
      {"sha256", std::move(digests)}};
  return manifest.dump(2) + "\n";
}

}  // namespace tunefarm::deploy
