#include "mcu_agent/boards/board_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "compiler/target/mcu_boards.h"
#include "tests/support/status_matchers.h"

namespace tunefarm::mcu_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kBoards = std::string(TUNEFARM_SOURCE_DIR) + "/mcu_agent/boards";

// A good map, with `from` replaced by `to`.
std::string MapText(const std::string& from = "", const std::string& to = "") {
  std::string text = R"({  // a small board
    "board": "small", "description": "made up", "cpu": "cortex-m4",
    "cpuid": {"address": "0xE000ED00", "mask": "0xFFF0", "value": "0xC240"},
    "openocd": "openocd.cfg",
    "firmware": {"elf": "firmware.elf", "base": "0x20002000", "bytes": "0x2000"},
    "mailbox": "0x20003120",
    "regions": [
      {"name": "sram", "base": "0x20000000", "bytes": 32768, "use": ["code", "data"]},
      {"name": "ccm", "base": "0x10000000", "bytes": "0x1000", "use": ["data"]}
    ],
    "code_order": ["sram"], "data_order": ["ccm", "sram"]})";
  if (!from.empty()) {
    const size_t at = text.find(from);
    if (at == std::string::npos) ADD_FAILURE() << from << " is not in the map";
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string Refusal(const std::string& from, const std::string& to) {
  const auto map = ParseBoardMap(MapText(from, to), "small.json", "/b");
  EXPECT_EQ(map.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(map.status().message());
}

TEST(BoardMapTest, RegionsAreSortedAndPathsTakenFromTheFolder) {
  const auto map = ParseBoardMap(MapText(), "small.json", "/b");
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(map->regions[0].name, "ccm");
  EXPECT_EQ(map->regions[1].range, (MemoryRange{0x20000000, 32768}));
  EXPECT_EQ(map->firmware_elf, "/b/firmware.elf");
  EXPECT_EQ(map->openocd_config, "/b/openocd.cfg");
  EXPECT_FALSE(map->emulator.has_value());
  EXPECT_THAT(map->data_order, ElementsAre("ccm", "sram"));
}

TEST(BoardMapTest, TheFirmwaresBlockIsNotFree) {
  const auto map = ParseBoardMap(MapText(), "small.json", "/b");
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_THAT(FreeRanges(*map, *FindRegion(*map, "sram")),
              ElementsAre(MemoryRange{0x20000000, 0x2000}, MemoryRange{0x20004000, 0x4000}));
  EXPECT_THAT(FreeRanges(*map, *FindRegion(*map, "ccm")),
              ElementsAre(MemoryRange{0x10000000, 0x1000}));
}

TEST(BoardMapTest, OverlappingRegionsAreRefusedWithBothNames) {
  EXPECT_THAT(Refusal("0x10000000", "0x20007000"),
              HasSubstr("regions sram [0x20000000, 0x20008000) and ccm [0x20007000, 0x20008000) "
                        "overlap"));
}

TEST(BoardMapTest, RegionsMayNotWrapAround) {
  EXPECT_THAT(Refusal("\"0x1000\"", "\"0xF0000001\""), HasSubstr("ends beyond 0xFFFFFFFF"));
}

TEST(BoardMapTest, FirmwareOutsideOfCodeMemoryIsRefused) {
  EXPECT_THAT(Refusal("\"base\": \"0x20002000\"", "\"base\": \"0x10000000\""),
              HasSubstr("lies in no RAM that holds code"));
}

TEST(BoardMapTest, AMailboxThatDoesNotFitIsRefused) {
  EXPECT_THAT(Refusal("0x20003120", "0x20003128"), HasSubstr("mailbox 0x20003128"));
}

TEST(BoardMapTest, AnOrderNamesRegionsOfItsUse) {
  EXPECT_THAT(Refusal("\"code_order\": [\"sram\"]", "\"code_order\": [\"ccm\"]"),
              HasSubstr("'ccm' is no region for code"));
}

TEST(BoardMapTest, RegionsForCodeHaveNamesThatTargetsCanSay) {
  EXPECT_THAT(Refusal("\"name\": \"sram\"", "\"name\": \"SRAM\""),
              HasSubstr("regions[0].name: 'SRAM' is no name of a memory for code"));
}

// The map with a region of flash behind the others.
std::string WithFlash(const std::string& use, const std::string& orders = "",
                      const std::string& chip = R"({"address": 1, "mask": 1, "value": 1})") {
  const std::string data = "\"use\": [\"data\"]}";
  std::string text = MapText(data, data + R"(,
      {"name": "flash", "kind": "flash", "base": "0x080E0000", "bytes": "0x20000", "use": )" +
                                       use + "}");
  if (!chip.empty()) text.insert(text.rfind('}'), R"(, "chip": )" + chip);
  if (!orders.empty()) text.insert(text.rfind('}'), ", " + orders);
  return text;
}

TEST(BoardMapTest, FlashHoldsCodeAndConstantsWhereItIsNamed) {
  const auto map = ParseBoardMap(
      WithFlash(R"(["code", "constants"])", R"("constant_order": ["flash"])"), "small.json", "/b");
  ASSERT_TRUE(map.ok()) << map.status();
  ASSERT_NE(FlashOf(*map), nullptr);
  EXPECT_EQ(FlashOf(*map)->range, (MemoryRange{0x080E0000, 0x20000}));
  EXPECT_TRUE(FlashOf(*map)->code);
  EXPECT_FALSE(FlashOf(*map)->data);
  EXPECT_THAT(map->constant_order, ElementsAre("flash"));

  const BoardMap without = WithoutFlash(*map);
  EXPECT_EQ(FlashOf(without), nullptr);
  EXPECT_THAT(without.constant_order, ElementsAre("ccm", "sram"));
  EXPECT_EQ(without.regions.size(), 2u);
}

TEST(BoardMapTest, ConstantsLieWithDataWhereNothingElseIsSaid) {
  const auto map = ParseBoardMap(WithFlash(R"(["code", "constants"])"), "small.json", "/b");
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_THAT(map->constant_order, ElementsAre("ccm", "sram"));
}

std::string FlashRefusal(const std::string& text) {
  const auto map = ParseBoardMap(text, "small.json", "/b");
  EXPECT_EQ(map.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(map.status().message());
}

TEST(BoardMapTest, FlashOfAChipThatIsNotRecognisedIsRefused) {
  EXPECT_THAT(FlashRefusal(WithFlash(R"(["code"])", "", /*chip=*/"")),
              HasSubstr("'chip' is missing"));
}

TEST(BoardMapTest, ConstantsLieInFlashOrInRam) {
  EXPECT_THAT(FlashRefusal(WithFlash(R"(["constants"])", R"("constant_order": ["flash", "sram"])")),
              HasSubstr("constant_order: flash must be alone"));
}

TEST(BoardMapTest, FlashIsNoPlaceForDataNorADefaultOne) {
  EXPECT_THAT(FlashRefusal(WithFlash(R"(["data"])")),
              HasSubstr("regions[2].use: 'data' is not one of code, constants (of flash)"));
  std::string text = WithFlash(R"(["code"])");
  text.replace(text.find(R"(["sram"])"), 8, R"(["flash"])");
  EXPECT_THAT(FlashRefusal(text), HasSubstr("code_order: 'flash' is no region for code in RAM"));
  EXPECT_THAT(FlashRefusal(WithFlash(R"(["code"])", R"("constant_order": ["flash"])")),
              HasSubstr("constant_order: 'flash' is no region for constants"));
  EXPECT_THAT(Refusal("\"name\": \"ccm\"", "\"name\": \"ccm\", \"kind\": \"eeprom\""),
              HasSubstr("regions[1].kind: 'eeprom' is neither ram nor flash"));
}

TEST(BoardMapTest, UnknownMissingAndMalformedKeysAreNamed) {
  EXPECT_THAT(Refusal("\"mailbox\"", "\"mailbx\""), HasSubstr("board.mailbx is unknown"));
  EXPECT_THAT(Refusal("\"mailbox\": \"0x20003120\",", ""), HasSubstr("board.mailbox is missing"));
  EXPECT_THAT(Refusal("32768", "-1"), HasSubstr("regions[0].bytes = -1 is no number"));
  EXPECT_THAT(Refusal("32768", "\"0x12G\""), HasSubstr("regions[0].bytes = \"0x12G\""));
  EXPECT_THAT(Refusal("{", "["), HasSubstr("is no JSON"));
}

TEST(BoardMapTest, UnknownBoardsAreRefusedWithTheListOfKnownOnes) {
  const auto map = LoadBoardMap(kBoards, "../boards");
  EXPECT_EQ(map.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(map.status().message()), HasSubstr("mps2-an500"));
}

TEST(BoardMapTest, EveryBoardInTheTreeHasAMapThatParses) {
  const std::vector<std::string> boards = ListBoards(kBoards);
  ASSERT_GE(boards.size(), 8u);
  for (const std::string& board : boards) {
    const auto map = LoadBoardMap(kBoards, board);
    ASSERT_TRUE(map.ok()) << map.status();
    // Code, data, stack and mailbox: the linker refuses what does not fit into this block.
    EXPECT_LE(map->firmware.bytes, 8u * 1024) << board;
  }
}

TEST(BoardMapTest, TargetsNamedAfterBoardsHaveTheMemoriesOfTheirMaps) {
  for (const compiler::McuBoard& target : compiler::McuBoards()) {
    const auto map = LoadBoardMap(kBoards, target.name);
    ASSERT_TRUE(map.ok()) << map.status();
    EXPECT_EQ(target.code_memories, map->code_order) << target.name;
    EXPECT_EQ(target.core, map->cpu) << target.name;
  }
}

TEST(BoardMapTest, HardwareWithAChoiceOfCodeMemoriesIsATargetsName) {
  for (const std::string& board : ListBoards(kBoards)) {
    const auto map = LoadBoardMap(kBoards, board);
    ASSERT_TRUE(map.ok()) << map.status();
    if (map->emulator || map->code_order.size() < 2) continue;
    const auto& targets = compiler::McuBoards();
    EXPECT_TRUE(std::any_of(targets.begin(), targets.end(), [&](const compiler::McuBoard& target) {
      return target.name == board;
    })) << board;
  }
}

}  // namespace
}  // namespace tunefarm::mcu_agent
