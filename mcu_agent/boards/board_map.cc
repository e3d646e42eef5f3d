#include "mcu_agent/boards/board_map.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "mcu_agent/boards/json_object_reader.h"
#include "proto/code_memory.h"
#include "proto/mcu_mailbox.h"

namespace tunefarm::mcu_agent {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

absl::Status Wrong(const std::string& source, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", source, what));
}

absl::StatusOr<ChipId> ReadChipId(const Json& json, const std::string& source,
                                  const std::string& place) {
  JsonObjectReader reader(json, source, place);
  reader.AllowOnly({"address", "mask", "value"});
  const ChipId id = {reader.Number("address"), reader.Number("mask"), reader.Number("value")};
  TUNEFARM_RETURN_IF_ERROR(reader.status());
  return id;
}

absl::StatusOr<MemoryRange> CheckedRange(uint32_t base, uint32_t bytes, const std::string& source,
                                         const std::string& place) {
  if (bytes == 0) return Wrong(source, absl::StrFormat("%s has no bytes", place));
  const MemoryRange range = {base, bytes};
  if (range.end() > (uint64_t{1} << 32)) {
    return Wrong(source, absl::StrFormat("%s ends beyond 0xFFFFFFFF", place));
  }
  return range;
}

absl::StatusOr<MemoryRegion> ReadRegion(const Json& json, const std::string& source,
                                        const std::string& place) {
  JsonObjectReader reader(json, source, place);
  reader.AllowOnly({"name", "kind", "base", "bytes", "use"});
  MemoryRegion region;
  region.name = reader.Text("name");
  const std::string kind = reader.Has("kind") ? reader.Text("kind") : "ram";
  const uint32_t base = reader.Number("base");
  const uint32_t bytes = reader.Number("bytes");
  const std::vector<std::string> uses = reader.Texts("use");
  TUNEFARM_RETURN_IF_ERROR(reader.status());
  if (kind != "ram" && kind != "flash") {
    return Wrong(source, absl::StrFormat("%s.kind: '%s' is neither ram nor flash", place, kind));
  }
  region.flash = kind == "flash";
  for (const std::string& use : uses) {
    if (use == "code") {
      region.code = true;
    } else if (use == "constants") {
      region.constants = true;
    } else if (use == "data" && !region.flash) {
      region.data = region.constants = true;
    } else {
      return Wrong(source, absl::StrFormat("%s.use: '%s' is not one of code, constants%s", place,
                                           use, region.flash ? " (of flash)" : ", data"));
    }
  }
  if (region.code && tunefarm_is_memory_name(region.name.data(), region.name.size()) == 0) {
    return Wrong(source,
                 absl::StrFormat("%s.name: '%s' is no name of a memory for code (a-z first, "
                                 "then a-z, 0-9, _; at most %d)",
                                 place, region.name, TUNEFARM_MAX_MEMORY_NAME));
  }
  TUNEFARM_ASSIGN_OR_RETURN(region.range, CheckedRange(base, bytes, source, place));
  return region;
}

std::string Span(const MemoryRange& range) {
  return absl::StrFormat("[0x%08x, 0x%08x)", range.base, range.end());
}

absl::Status CheckOrder(const BoardMap& map, const std::string& source, const char* key,
                        const std::vector<std::string>& order, const char* use,
                        bool (*can_hold)(const MemoryRegion&)) {
  if (order.empty()) return Wrong(source, absl::StrFormat("%s is empty", key));
  for (const std::string& name : order) {
    const MemoryRegion* region = FindRegion(map, name);
    if (region == nullptr || !can_hold(*region)) {
      return Wrong(source, absl::StrFormat("%s: '%s' is no region for %s", key, name, use));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckOverlaps(const BoardMap& map, const std::string& source) {
  for (size_t i = 0; i + 1 < map.regions.size(); ++i) {
    const MemoryRegion& a = map.regions[i];
    const MemoryRegion& b = map.regions[i + 1];
    if (a.range.Overlaps(b.range)) {
      return Wrong(source, absl::StrFormat("regions %s %s and %s %s overlap", a.name, Span(a.range),
                                           b.name, Span(b.range)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFlash(const BoardMap& map, const std::string& source) {
  const auto is_flash = [](const MemoryRegion& region) { return region.flash; };
  if (std::count_if(map.regions.begin(), map.regions.end(), is_flash) > 1) {
    return Wrong(source, "two regions are flash; there may be one");
  }
  const MemoryRegion* flash = FlashOf(map);
  if (flash == nullptr) return absl::OkStatus();
  if (!map.chip) {
    return Wrong(source, absl::StrFormat("%s is flash, and no chip id tells whose is erased: "
                                         "'chip' is missing",
                                         flash->name));
  }
  const std::vector<std::string>& order = map.constant_order;
  if (order.size() > 1 && std::count(order.begin(), order.end(), flash->name) > 0) {
    // Where they lie must not depend on what was in flash before.
    return Wrong(source, absl::StrFormat("constant_order: %s must be alone", flash->name));
  }
  return absl::OkStatus();
}

absl::Status CheckFirmware(const BoardMap& map, const std::string& source) {
  const auto holds_firmware = [&map](const MemoryRegion& region) {
    return region.code && !region.flash && region.range.Contains(map.firmware);
  };
  if (std::none_of(map.regions.begin(), map.regions.end(), holds_firmware)) {
    return Wrong(source,
                 absl::StrFormat("firmware %s lies in no RAM that holds code", Span(map.firmware)));
  }
  const MemoryRange mailbox = {map.mailbox, sizeof(tunefarm_mailbox)};
  if (map.mailbox % 8 != 0 || !map.firmware.Contains(mailbox)) {
    return Wrong(source, absl::StrFormat("mailbox 0x%08x is misaligned or not inside firmware %s",
                                         map.mailbox, Span(map.firmware)));
  }
  return absl::OkStatus();
}

absl::Status CheckOrders(const BoardMap& map, const std::string& source) {
  // Flash is programmed for a kernel that asks for it, never by default.
  TUNEFARM_RETURN_IF_ERROR(
      CheckOrder(map, source, "code_order", map.code_order, "code in RAM",
                 [](const auto& region) { return region.code && !region.flash; }));
  TUNEFARM_RETURN_IF_ERROR(CheckOrder(map, source, "data_order", map.data_order, "data",
                                      [](const auto& region) { return region.data; }));
  return CheckOrder(map, source, "constant_order", map.constant_order, "constants",
                    [](const auto& region) { return region.constants; });
}

absl::Status ReadFirmware(const Json& json, const std::string& source, const std::string& directory,
                          BoardMap& map) {
  JsonObjectReader reader(json, source, "firmware");
  reader.AllowOnly({"elf", "base", "bytes"});
  map.firmware_elf = (fs::path(directory) / reader.Text("elf")).string();
  const uint32_t base = reader.Number("base");
  const uint32_t bytes = reader.Number("bytes");
  TUNEFARM_RETURN_IF_ERROR(reader.status());
  TUNEFARM_ASSIGN_OR_RETURN(map.firmware, CheckedRange(base, bytes, source, "firmware"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BoardMap> ParseBoardMap(const std::string& text, const std::string& source,
                                       const std::string& directory) {
  const Json json =
      Json::parse(text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (json.is_discarded()) return Wrong(source, "is no JSON");
  JsonObjectReader reader(json, source, "board");
  reader.AllowOnly({"board", "description", "cpu", "cpuid", "chip", "emulator", "openocd",
                    "firmware", "mailbox", "regions", "code_order", "data_order",
                    "constant_order"});
  BoardMap map;
  map.name = reader.Text("board");
  map.description = reader.Text("description");
  map.cpu = reader.Text("cpu");
  map.openocd_config = (fs::path(directory) / reader.Text("openocd")).string();
  map.mailbox = reader.Number("mailbox");
  map.code_order = reader.Texts("code_order");
  map.data_order = reader.Texts("data_order");
  map.constant_order =
      reader.Has("constant_order") ? reader.Texts("constant_order") : map.data_order;
  const Json& cpuid = reader.Child("cpuid");
  const Json& firmware = reader.Child("firmware");
  const Json& regions = reader.Child("regions");
  TUNEFARM_RETURN_IF_ERROR(reader.status());

  TUNEFARM_ASSIGN_OR_RETURN(map.cpuid, ReadChipId(cpuid, source, "cpuid"));
  TUNEFARM_RETURN_IF_ERROR(ReadFirmware(firmware, source, directory, map));
  if (reader.Has("chip")) {
    TUNEFARM_ASSIGN_OR_RETURN(map.chip, ReadChipId(json.at("chip"), source, "chip"));
  }
  if (reader.Has("emulator")) {
    JsonObjectReader emulator(json.at("emulator"), source, "emulator");
    emulator.AllowOnly({"machine", "icount_shift"});
    map.emulator =
        Emulator{emulator.Text("machine"), static_cast<int>(emulator.Number("icount_shift"))};
    TUNEFARM_RETURN_IF_ERROR(emulator.status());
  }
  if (!regions.is_array() || regions.empty()) return Wrong(source, "regions is not a list");
  for (size_t i = 0; i < regions.size(); ++i) {
    TUNEFARM_ASSIGN_OR_RETURN(MemoryRegion region,
                              ReadRegion(regions[i], source, absl::StrFormat("regions[%d]", i)));
    if (FindRegion(map, region.name) != nullptr) {
      return Wrong(source, absl::StrFormat("two regions are called %s", region.name));
    }
    map.regions.push_back(std::move(region));
  }
  std::sort(map.regions.begin(), map.regions.end(),
            [](const auto& a, const auto& b) { return a.range.base < b.range.base; });
  TUNEFARM_RETURN_IF_ERROR(CheckFlash(map, source));
  TUNEFARM_RETURN_IF_ERROR(CheckOverlaps(map, source));
  TUNEFARM_RETURN_IF_ERROR(CheckFirmware(map, source));
  TUNEFARM_RETURN_IF_ERROR(CheckOrders(map, source));
  return map;
}

absl::StatusOr<BoardMap> LoadBoardMap(const std::string& boards_dir, const std::string& board) {
  const fs::path folder = fs::path(boards_dir) / board;
  const fs::path path = folder / "board.json";
  std::ifstream file(path);
  if (board.empty() || board.find('/') != std::string::npos || !file) {
    return absl::NotFoundError(absl::StrFormat("no board '%s' in %s (there: %s)", board, boards_dir,
                                               absl::StrJoin(ListBoards(boards_dir), ", ")));
  }
  std::stringstream text;
  text << file.rdbuf();
  TUNEFARM_ASSIGN_OR_RETURN(BoardMap map,
                            ParseBoardMap(text.str(), path.string(), folder.string()));
  if (map.name != board) {
    return Wrong(path.string(), absl::StrFormat("board is '%s', its folder '%s'", map.name, board));
  }
  return map;
}

std::vector<std::string> ListBoards(const std::string& boards_dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(boards_dir, error)) {
    if (fs::exists(entry.path() / "board.json")) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string DefaultBoardsDir() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return (self.parent_path().parent_path() / "boards").string();
}

const MemoryRegion* FindRegion(const BoardMap& map, const std::string& name) {
  for (const MemoryRegion& region : map.regions) {
    if (region.name == name) return &region;
  }
  return nullptr;
}

const MemoryRegion* FlashOf(const BoardMap& map) {
  for (const MemoryRegion& region : map.regions) {
    if (region.flash) return &region;
  }
  return nullptr;
}

bool InFlash(const BoardMap& map, uint64_t address) {
  const MemoryRegion* flash = FlashOf(map);
  return flash != nullptr && flash->range.base <= address && address < flash->range.end();
}

BoardMap WithoutFlash(BoardMap map) {
  const MemoryRegion* flash = FlashOf(map);
  if (flash == nullptr) return map;
  std::erase(map.constant_order, flash->name);
  if (map.constant_order.empty()) map.constant_order = map.data_order;
  std::erase_if(map.regions, [](const MemoryRegion& region) { return region.flash; });
  return map;
}

std::vector<MemoryRange> FreeRanges(const BoardMap& map, const MemoryRegion& region) {
  if (!region.range.Overlaps(map.firmware)) return {region.range};
  std::vector<MemoryRange> free;
  if (map.firmware.base > region.range.base) {
    free.push_back({region.range.base, map.firmware.base - region.range.base});
  }
  if (map.firmware.end() < region.range.end()) {
    free.push_back({static_cast<uint32_t>(map.firmware.end()),
                    static_cast<uint32_t>(region.range.end() - map.firmware.end())});
  }
  return free;
}

}  // namespace tunefarm::mcu_agent
