#include "compiler/artifact/object_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/artifact/artifact.h"
#include "compiler/artifact/link.h"
#include "tests/unit/compiler/artifact/sample_kernels.h"

namespace tunefarm::compiler {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string SampleObject() {
  return BuildArtifact(ScaleKernel(), *ParseTarget("x86-avx2"), "scale")->object;
}

TEST(ObjectFileTest, FactsOfAKernel) {
  const auto facts = InspectObject(SampleObject());
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_GT(facts->text_bytes, 50);
  EXPECT_LT(facts->text_bytes, 2000);
  EXPECT_THAT(facts->undefined, IsEmpty());
  EXPECT_EQ(facts->code_hash.size(), 64u);
}

TEST(ObjectFileTest, WhatIsNoObjectIsRefused) {
  EXPECT_EQ(InspectObject("not an object").status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(InspectObject("").status().code(), absl::StatusCode::kInternal);
}

TEST(ObjectFileTest, AStaticLibraryIsAnArchiveThatHoldsTheObject) {
  const std::string object = SampleObject();
  const auto library = MakeStaticLibrary(object, "scale.o");
  ASSERT_TRUE(library.ok()) << library.status();
  EXPECT_THAT(*library, StartsWith("!<arch>\n"));
  EXPECT_THAT(*library, HasSubstr("scale.o/"));
  EXPECT_NE(library->find(object), std::string::npos);
  EXPECT_EQ(*library, *MakeStaticLibrary(object, "scale.o"));
}

TEST(LinkTest, LldsWordsReachTheCallerOnOneLine) {
  const auto linked = LinkShared("no object at all");
  EXPECT_EQ(linked.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(linked.status().message()), HasSubstr("kernel.o"));
  EXPECT_EQ(linked.status().message().find('\n'), std::string::npos);
  // A failed link leaves LLD able to link.
  EXPECT_TRUE(LinkShared(SampleObject()).ok());
}

}  // namespace
}  // namespace tunefarm::compiler
