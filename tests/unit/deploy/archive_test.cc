#include "deploy/bundle/archive.h"

#include "gtest/gtest.h"

namespace tunefarm::deploy {
namespace {

TEST(ArchiveTest, IndexPointsAtTheMembersHeader) {
  const std::string archive = MakeArchive("kernel.o", "ELF!", {"run", "run_prepare"});
  ASSERT_EQ(archive.substr(0, 8), "!<arch>\n");
  // Big-endian number of symbols, then one offset for each.
  const std::string index = archive.substr(8 + 60);
  ASSERT_EQ(index.substr(0, 4), std::string("\0\0\0\2", 4));
  for (size_t symbol = 0; symbol < 2; ++symbol) {
    size_t offset = 0;
    for (size_t i = 0; i < 4; ++i) {
      offset = offset * 256 + static_cast<unsigned char>(index[4 + 4 * symbol + i]);
    }
    EXPECT_EQ(archive.substr(offset, 9), "kernel.o/") << "symbol " << symbol;
    EXPECT_EQ(archive.substr(offset + 60, 4), "ELF!") << "symbol " << symbol;
  }
  EXPECT_EQ(index.substr(12, 16), std::string("run\0run_prepare\0", 16));
}

TEST(ArchiveTest, MembersStartAtEvenPositions) {
  const std::string odd_index = MakeArchive("kernel.o", "12345", {"ab", "c"});
  const size_t member = odd_index.find("kernel.o/");
  ASSERT_NE(member, std::string::npos);
  EXPECT_EQ(member % 2, 0u);
  EXPECT_EQ(odd_index.size() % 2, 0u);
}

}  // namespace
}  // namespace tunefarm::deploy
