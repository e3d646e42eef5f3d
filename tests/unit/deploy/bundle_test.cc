#include "deploy/bundle/bundle.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "compiler/lower/lower.h"
#include "compiler/schedule/schedule.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tunefarm::deploy {
namespace {

using compiler::Operator;
using testing::HasSubstr;

constexpr char kKey[] = "conv2d/f32/nhwc/1x8x8x16/o32k3x3s1x1p1x1d1x1g1/bias+relu";

Operator MakeOperator() { return *compiler::BuildOperator(*compiler::ParseWorkload(kKey)); }

// A kernel that exists on paper only: its object is never linked here.
compiler::Artifact MakeArtifact(const Operator& op) {
  compiler::Artifact artifact;
  artifact.object = "object";
  artifact.run_symbol = "conv_a";
  artifact.prepare_symbol = "conv_a_prepare";
  for (const compiler::OperatorInput& input : op.inputs) {
    artifact.buffers.push_back(
        {input.buffer->name,
         input.constant ? compiler::BufferRole::kConstant : compiler::BufferRole::kInput,
         input.buffer->dtype, input.buffer->num_elems(), input.buffer->extents, input.fill});
  }
  artifact.buffers.push_back({"w_packed",
                              compiler::BufferRole::kPacked,
                              compiler::DType::kF32,
                              4608,
                              {1, 3, 3, 16, 32},
                              {}});
  artifact.buffers.push_back({"out",
                              compiler::BufferRole::kOutput,
                              compiler::DType::kF32,
                              op.output->num_elems(),
                              op.output->extents,
                              {}});
  artifact.abi_version = 1;
  artifact.toolchain = "tunefarm test";
  return artifact;
}

Provenance Unmeasured() {
  Provenance provenance;
  provenance.how = "default";
  return provenance;
}

std::map<std::string, std::string> FilesOf(const Provenance& provenance) {
  const Operator op = MakeOperator();
  const auto bundle = MakeBundle(op, MakeArtifact(op), provenance);
  EXPECT_TRUE(bundle.ok()) << bundle.status();
  std::map<std::string, std::string> files;
  for (const BundleFile& file : *bundle) files[file.name] = file.bytes;
  return files;
}

TEST(BundleTest, HeaderNamesEachBufferWithItsPlaceShapeAndSize) {
  const std::string header = FilesOf(Unmeasured())["kernel.h"];
  EXPECT_THAT(header, HasSubstr("1 x 8 x 8 x 16   [n h w c]"));
  EXPECT_THAT(header, HasSubstr("3 x 3 x 16 x 32   [kh kw ic oc]"));
  EXPECT_THAT(header, HasSubstr("#define CONV_A_NUM_BUFFERS 5\n"));
  EXPECT_THAT(header, HasSubstr("#define CONV_A_W_PACKED 3\n"));
  EXPECT_THAT(header, HasSubstr("#define CONV_A_OUT_BYTES 8192\n"));
  EXPECT_THAT(header, HasSubstr("int32_t conv_a_prepare(void* const* buffers"));
  EXPECT_THAT(header, HasSubstr("#define TUNEFARM_KERNEL_ABI_VERSION"));
}

TEST(BundleTest, SaysWhetherTheKernelWasMeasured) {
  Provenance measured;
  measured.trial_id = 12;
  measured.cost_median = 1.5e6;
  measured.samples = 9;
  measured.device = "pi5";
  measured.how = "exact";
  EXPECT_THAT(FilesOf(Unmeasured())["kernel.h"], HasSubstr("Not measured"));
  EXPECT_THAT(FilesOf(measured)["kernel.h"], HasSubstr("median 1.5 ms"));
  EXPECT_THAT(FilesOf(measured)["kernel.h"], HasSubstr("trial 12 on pi5"));
  EXPECT_TRUE(
      nlohmann::json::parse(FilesOf(Unmeasured())["manifest.json"])["measurement"].is_null());
  const nlohmann::json manifest = nlohmann::json::parse(FilesOf(measured)["manifest.json"]);
  EXPECT_EQ(manifest["measurement"]["trial_id"], 12);
  EXPECT_EQ(manifest["workload"], kKey);
  EXPECT_EQ(manifest["sha256"].size(), 4u);
}

TEST(BundleTest, TextsCannotEndTheCommentTheyStandIn) {
  Provenance provenance = Unmeasured();
  provenance.target = "a*/b";
  provenance.config = "x=1\n#error";
  const std::string header = FilesOf(provenance)["kernel.h"];
  EXPECT_THAT(header, HasSubstr("a* /b"));
  EXPECT_THAT(header, HasSubstr("x=1 #error"));
}

TEST(BundleTest, SameInputGivesTheSameBytes) {
  EXPECT_EQ(FilesOf(Unmeasured()), FilesOf(Unmeasured()));
}

TEST(BundleTest, RefusesAnArtifactWithoutObject) {
  const Operator op = MakeOperator();
  compiler::Artifact artifact = MakeArtifact(op);
  artifact.object.clear();
  EXPECT_EQ(MakeBundle(op, artifact, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(BundleTest, WritesIntoAFolderThatItMakes) {
  const std::filesystem::path folder = testing::TempDir() + "bundle_test/a/b";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(WriteBundle({{"one", "first"}}, folder).ok());
  ASSERT_TRUE(WriteBundle({{"one", "second"}}, folder).ok());
  std::string text;
  std::ifstream(folder / "one") >> text;
  EXPECT_EQ(text, "second");
  EXPECT_FALSE(std::filesystem::exists(folder / "one.new"));
}

TEST(BundleTest, NamesThePathThatCannotBeWritten) {
  const std::string file = testing::TempDir() + "bundle_test_file";
  std::ofstream(file) << "in the way";
  const absl::Status status = WriteBundle({{"one", "x"}}, file + "/folder");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr(file));
}

TEST(BundleTest, SymbolsAreIdentifiersOfC) {
  EXPECT_EQ(DefaultSymbol(*compiler::ParseWorkload("matmul/f32/5x7x9")), "matmul_f32_5x7x9");
  EXPECT_TRUE(IsValidSymbol(DefaultSymbol(*compiler::ParseWorkload(kKey))));
  EXPECT_FALSE(IsValidSymbol(""));
  EXPECT_FALSE(IsValidSymbol("1st"));
  EXPECT_FALSE(IsValidSymbol("a-b"));
  EXPECT_FALSE(IsValidSymbol("_reserved"));
}

TEST(BundleTest, CodeForAMemorySaysSoToWhoWritesTheLinkerScript) {
  const Operator op = MakeOperator();
  compiler::Artifact artifact = MakeArtifact(op);
  artifact.code_memory = "itcm";
  std::map<std::string, std::string> files;
  const auto bundle = MakeBundle(op, artifact, Unmeasured());
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  for (const BundleFile& file : *bundle) files[file.name] = file.bytes;
  EXPECT_EQ(nlohmann::json::parse(files["manifest.json"])["code_memory"], "itcm");
  EXPECT_THAT(files["kernel.h"], HasSubstr("conv_a is alone in section .text.itcm"));
  std::map<std::string, std::string> anywhere = FilesOf(Unmeasured());
  EXPECT_TRUE(nlohmann::json::parse(anywhere["manifest.json"])["code_memory"].is_null());
  EXPECT_THAT(anywhere["kernel.h"], testing::Not(HasSubstr(".text.")));
}

}  // namespace
}  // namespace tunefarm::deploy
