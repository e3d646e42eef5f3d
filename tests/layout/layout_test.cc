// Rules over the tree itself (docs/design.md, section 2): who may include whom, where third-party
// names may stand, how long files are, that every source is in a CMake list and every folder has a
// README.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace tunefarm {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = TUNEFARM_SOURCE_DIR;

std::string Read(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Sources and headers below `folder`, relative to the root.
std::vector<fs::path> SourcesBelow(const std::string& folder) {
  std::vector<fs::path> paths;
  if (!fs::exists(kRoot / folder)) return paths;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
    const std::string extension = entry.path().extension();
    if (extension == ".h" || extension == ".cc" || extension == ".c") {
      paths.push_back(fs::relative(entry.path(), kRoot));
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<fs::path> AllSources() {
  std::vector<fs::path> all;
  for (const char* folder : {"base", "proto", "compiler", "db", "tracker", "device_agent",
                             "mcu_agent", "deploy", "tuner", "tests"}) {
    const auto paths = SourcesBelow(folder);
    all.insert(all.end(), paths.begin(), paths.end());
  }
  return all;
}

std::vector<std::string> IncludesOf(const fs::path& path) {
  static const std::regex kInclude("#include [\"<]([^\">]+)[\">]");
  const std::string text = Read(kRoot / path);
  std::vector<std::string> includes;
  for (std::sregex_iterator it(text.begin(), text.end(), kInclude), end; it != end; ++it) {
    includes.push_back((*it)[1]);
  }
  return includes;
}

bool StartsWith(const std::string& text, const std::string& prefix) {
  return text.rfind(prefix, 0) == 0;
}

// Folder -> prefixes of our own headers that it may include, itself apart.
const std::map<std::string, std::vector<std::string>> kMayUse = {
    {"base", {}},
    {"compiler/ir", {"base"}},
    {"compiler/op", {"base", "proto/tensor_fill.h", "compiler/ir"}},
    {"compiler/target", {"base", "proto/code_memory.h"}},
    {"compiler/space", {"base"}},
    {"compiler/schedule",
     {"base", "proto/code_memory.h", "compiler/ir", "compiler/op", "compiler/target",
      "compiler/space"}},
    {"compiler/lower",
     {"base", "proto/tensor_fill.h", "compiler/ir", "compiler/op", "compiler/schedule"}},
    {"compiler/codegen",
     {"base", "proto/kernel_abi.h", "proto/code_memory.h", "compiler/ir", "compiler/target",
      "compiler/lower"}},
    {"compiler/artifact",
     {"base", "proto/kernel_abi.h", "proto/code_memory.h", "proto/tensor_fill.h", "compiler/ir",
      "compiler/target", "compiler/lower", "compiler/codegen"}},
    {"db", {"base"}},
    {"tracker", {"base", "proto", "tunefarm/v1"}},
    {"device_agent", {"base", "proto", "tunefarm/v1"}},
    {"mcu_agent/boards",
     {"base", "proto/code_memory.h", "proto/mcu_mailbox.h", "mcu_agent/firmware/port.h",
      "mcu_agent/firmware/armv7m.h"}},
    {"mcu_agent/firmware", {"proto"}},
    {"mcu_agent/emulated_board", {"base", "mcu_agent/boards"}},
    {"mcu_agent/bridge", {"base", "proto", "tunefarm/v1", "mcu_agent/boards", "device_agent"}},
    {"deploy/bundle", {"base", "proto", "compiler"}},
    {"tuner/feature", {"base", "compiler"}},
    {"tuner/model", {"base", "compiler", "tuner/feature"}},
    {"tuner/search", {"base", "compiler", "tuner/feature"}},
    {"tuner/measure", {"base", "compiler", "proto", "tunefarm/v1"}},
    {"tuner/session",
     {"base", "compiler", "db", "tuner/feature", "tuner/model", "tuner/search", "tuner/measure"}},
    {"tuner/service",
     {"base", "compiler", "db", "tunefarm/v1", "tracker", "tuner/search", "tuner/measure",
      "tuner/session", "tuner/feature"}},
};

TEST(LayoutTest, FoldersIncludeOnlyWhatTheyMayUse) {
  for (const auto& [folder, allowed] : kMayUse) {
    for (const fs::path& path : SourcesBelow(folder)) {
      for (const std::string& include : IncludesOf(path)) {
        const bool ours = fs::exists(kRoot / include) || StartsWith(include, "tunefarm/v1");
        if (!ours || StartsWith(include, folder + "/")) continue;
        const bool may =
            std::any_of(allowed.begin(), allowed.end(), [&include](const std::string& prefix) {
              return include == prefix || StartsWith(include, prefix + "/");
            });
        EXPECT_TRUE(may) << path << " includes " << include << ", which " << folder
                         << " may not use";
      }
    }
  }
}

// A third-party header and the folders where it may be named.
struct ThirdParty {
  const char* prefix;
  std::vector<std::string> folders;
};

TEST(LayoutTest, ThirdPartyNamesStandInOnePlaceEach) {
  const std::vector<ThirdParty> rules = {
      {"llvm/", {"compiler/codegen", "compiler/artifact", "tests"}},
      {"lld/", {"compiler/artifact", "tests"}},
      {"sqlite3.h", {"db", "tests"}},
      {"xgboost/", {"tuner/model", "tests"}},
      {"grpcpp/",
       {"tracker", "device_agent", "tuner/measure", "tuner/service", "tuner/cli", "tests"}},
      {"openssl/", {"base"}},
      {"absl/synchronization/mutex.h", {}},  // base/mutex.h says why.
  };
  for (const fs::path& path : AllSources()) {
    for (const std::string& include : IncludesOf(path)) {
      for (const ThirdParty& rule : rules) {
        if (!StartsWith(include, rule.prefix)) continue;
        const bool may = std::any_of(
            rule.folders.begin(), rule.folders.end(),
            [&path](const std::string& folder) { return StartsWith(path.string(), folder + "/"); });
        EXPECT_TRUE(may) << path << " includes " << include;
      }
    }
  }
}

TEST(LayoutTest, NoFileIsLongerThan400Lines) {
  for (const fs::path& path : AllSources()) {
    const std::string text = Read(kRoot / path);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 400) << path;
  }
}

TEST(LayoutTest, EverySourceIsInACMakeList) {
  std::string lists;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot)) {
    const fs::path relative = fs::relative(entry.path(), kRoot);
    if (StartsWith(relative.string(), "build")) continue;
    if (entry.path().filename() == "CMakeLists.txt") lists += Read(entry.path());
  }
  for (const fs::path& path : AllSources()) {
    if (path.extension() == ".h") continue;
    // Test kernels in C are listed by their stem: one rule builds each of them alike.
    const std::string listed = path.extension() == ".c" ? path.stem() : path.filename();
    EXPECT_NE(lists.find(listed), std::string::npos) << path << " is built by nothing";
  }
}

TEST(LayoutTest, HeaderGuardsNameThePath) {
  for (const fs::path& path : AllSources()) {
    if (path.extension() != ".h") continue;
    std::string guard = "TUNEFARM_" + path.string() + "_";
    std::transform(guard.begin(), guard.end(), guard.begin(),
                   [](unsigned char c) { return std::isalnum(c) ? std::toupper(c) : '_'; });
    EXPECT_NE(Read(kRoot / path).find("#ifndef " + guard), std::string::npos)
        << path << " lacks " << guard;
  }
}

TEST(LayoutTest, EveryFolderHasAShortReadme) {
  for (const auto& [folder, unused] : kMayUse) {
    if (SourcesBelow(folder).empty()) continue;
    const fs::path readme = kRoot / folder / "README.md";
    ASSERT_TRUE(fs::exists(readme)) << readme;
    const std::string text = Read(readme);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40) << readme;
  }
}

// Fields of the wire format are documented at the field, at the message above it, or speak for
// themselves in a one-field message; what is checked here is that every message and enum has words
// before or in it.
TEST(LayoutTest, EveryProtoFileOpensWithAComment) {
  for (const auto& entry : fs::directory_iterator(kRoot / "proto/tunefarm/v1")) {
    EXPECT_TRUE(StartsWith(Read(entry.path()), "//")) << entry.path();
  }
}

}  // namespace
}  // namespace tunefarm
