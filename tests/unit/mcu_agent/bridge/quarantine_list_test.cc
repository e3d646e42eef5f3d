#include "mcu_agent/bridge/quarantine_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/support/program.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::HasSubstr;
using ::tunefarm::testing::IsOk;
using ::tunefarm::testing::StatusIs;
using ::tunefarm::testing::TempFolder;

TEST(QuarantineListTest, EntryOutlivesTheProcess) {
  const TempFolder folder;
  {
    auto list = QuarantineList::Open(folder.File("list"));
    ASSERT_THAT(list, IsOk());
    EXPECT_EQ((*list)->Reason("stm32f746", "abc"), std::nullopt);
    ASSERT_THAT((*list)->Add("stm32f746", "abc", "hung \"twice\"", absl::UnixEpoch()), IsOk());
    EXPECT_EQ((*list)->Reason("stm32f746", "abc"), "hung \"twice\"");
  }
  auto again = QuarantineList::Open(folder.File("list"));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ((*again)->Reason("stm32f746", "abc"), "hung \"twice\"");
}

TEST(QuarantineListTest, EntryIsOfOneKindOfBoard) {
  auto list = QuarantineList::Open("");
  ASSERT_THAT((*list)->Add("stm32f746", "abc", "hung", absl::UnixEpoch()), IsOk());
  EXPECT_EQ((*list)->Reason("nucleo-f446re", "abc"), std::nullopt);
}

TEST(QuarantineListTest, KernelIsTakenDownOnceAndListedForItsKind) {
  const TempFolder folder;
  {
    const auto list = QuarantineList::Open(folder.File("list"));
    for (const char* digest : {"def", "abc", "def"}) {
      ASSERT_THAT((*list)->Add("stm32f746", digest, "hung", absl::UnixEpoch()), IsOk());
    }
    ASSERT_THAT((*list)->Add("nucleo-f446re", "ghi", "hung", absl::UnixEpoch()), IsOk());
  }
  std::ifstream file(folder.File("list"));
  EXPECT_EQ(std::count(std::istreambuf_iterator<char>(file), {}, '\n'), 3);
  const auto kernels = (*QuarantineList::Open(folder.File("list")))->Of("stm32f746");
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].digest(), "abc");
  EXPECT_EQ(kernels[0].reason(), "hung");
  EXPECT_EQ(kernels[1].digest(), "def");
}

TEST(QuarantineListTest, LineThatCannotBeReadIsNamed) {
  const TempFolder folder;
  std::ofstream(folder.File("list"))
      << R"({"board":"b","kernel":"k","reason":"r","time":"t"})" << "\n"
      << R"({"board":"b"})" << "\n";
  EXPECT_THAT(
      QuarantineList::Open(folder.File("list")).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("list:2: no text \"kernel\"")));
}

TEST(QuarantineListTest, FileThatCannotBeWrittenStillCountsInThisProcess) {
  auto list = QuarantineList::Open("/no/such/folder/list");
  ASSERT_THAT(list, IsOk());
  EXPECT_THAT((*list)->Add("b", "k", "hung", absl::UnixEpoch()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("/no/such/folder/list")));
  EXPECT_EQ((*list)->Reason("b", "k"), "hung");
}

}  // namespace
}  // namespace tunefarm::mcu_agent
