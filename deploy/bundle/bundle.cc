#include "deploy/bundle/bundle.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "deploy/bundle/archive.h"
#include "deploy/bundle/bundle_files.h"

namespace tunefarm::deploy {
namespace {

constexpr size_t kMaxSymbolBytes = 200;

absl::Status FileError(const std::string& path, int error) {
  const std::string message = absl::StrFormat("cannot write %s: %s", path, std::strerror(error));
  if (error == EACCES || error == EROFS || error == EPERM)
    return absl::PermissionDeniedError(message);
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(message);
  return absl::InternalError(message);
}

// Beside it first, then renamed: whoever reads meanwhile sees the old file or the new one.
absl::Status WriteFile(const std::filesystem::path& path, const std::string& bytes) {
  const std::filesystem::path fresh = path.string() + ".new";
  errno = 0;
  std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
  stream << bytes;
  stream.close();
  if (!stream) {
    const int error = errno;
    std::error_code ignored;
    std::filesystem::remove(fresh, ignored);
    return FileError(path.string(), error);
  }
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  return error ? FileError(path.string(), error.value()) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<BundleFile>> MakeBundle(const compiler::Operator& op,
                                                   const compiler::Artifact& artifact,
                                                   const Provenance& provenance) {
  if (artifact.object.empty() || !IsValidSymbol(artifact.run_symbol)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("bundle of %s: the artifact has an object of %d bytes and the symbol '%s'",
                        Print(op.workload), artifact.object.size(), artifact.run_symbol));
  }
  std::vector<std::string> symbols = {artifact.run_symbol};
  if (!artifact.prepare_symbol.empty()) symbols.push_back(artifact.prepare_symbol);
  std::vector<BundleFile> files = {
      {"kernel.o", artifact.object},
      {"libkernel.a", MakeArchive("kernel.o", artifact.object, symbols)},
      {"kernel.h", KernelHeader(op, artifact, provenance)},
  };
  const absl::StatusOr<compiler::Target> target = compiler::ParseTarget(provenance.target);
  if (target.ok() && target->IsBareMetal()) {
    files.push_back({"example.c", BoardProgram(op, artifact, *target)});
    files.push_back({"board.ld", BoardLinkerScript()});
  } else {
    files.push_back({"example.c", ExampleProgram(op, artifact)});
  }
  std::string manifest = Manifest(op, artifact, provenance, files);
  files.push_back({"manifest.json", std::move(manifest)});
  return files;
}

absl::Status WriteBundle(const std::vector<BundleFile>& files, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return FileError(folder, error.value());
  for (const BundleFile& file : files) {
    TUNEFARM_RETURN_IF_ERROR(WriteFile(std::filesystem::path(folder) / file.name, file.bytes));
  }
  return absl::OkStatus();
}

std::string DefaultSymbol(const compiler::Workload& workload) {
  std::string symbol = Print(workload);
  for (char& c : symbol) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return symbol;
}

bool IsValidSymbol(const std::string& symbol) {
  if (symbol.empty() || symbol.size() > kMaxSymbolBytes) return false;
  if (!absl::ascii_isalpha(static_cast<unsigned char>(symbol[0]))) return false;
  for (char c : symbol) {
    if (c != '_' && !absl::ascii_isalnum(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

}  // namespace tunefarm::deploy
