#include "tests/support/emulated_core/emulated_core.h"

#include <elf.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "tests/support/emulated_core/task_table.h"

extern char** environ;

namespace tunefarm::testing {
namespace {

constexpr int64_t kMemoryBytes = 15 * 1024 * 1024;
constexpr char kQemu[] = "/usr/bin/qemu-system-arm";
constexpr double kNsPerInstruction = 16;  // -icount shift=4.

struct Machine {
  const char* name;
  const char* cpu;
  uint32_t memory_base;    // Of its 16 MiB of PSRAM.
  uint32_t table_pointer;  // Where its monitor looks for the task table.
  double ns_per_tick;      // Of SysTick.
  const char* monitor;     // Behind TUNEFARM_EMULATED_CORE_MONITOR.
};
constexpr Machine kMachines[] = {
    {"mps2-an386", "cortex-m4", 0x21000000, 0x20100000, 40, ".elf"},
    {"mps2-an500", "cortex-m7", 0x60000000, 0x20100000, 40, ".elf"},
    {"mps2-an505", "cortex-m33", 0x80000000, 0x38100000, 50, "_v8m.elf"},
};

absl::StatusOr<Machine> FindMachine(const std::string& name) {
  for (const Machine& machine : kMachines) {
    if (name == machine.name) return machine;
  }
  return absl::InvalidArgumentError(absl::StrFormat("no monitor for machine '%s'", name));
}

std::string MonitorOf(const Machine& machine) {
  return std::string(TUNEFARM_EMULATED_CORE_MONITOR) + machine.monitor;
}

// The block of memory under construction.
class MemoryBlock {
 public:
  explicit MemoryBlock(uint32_t base) : base_(base) {}
  uint32_t Place(const void* data, size_t bytes) {
    bytes_.resize((bytes_.size() + 63) / 64 * 64);
    const uint32_t address = base_ + static_cast<uint32_t>(bytes_.size());
    const auto* begin = static_cast<const uint8_t*>(data);
    if (begin == nullptr) {
      bytes_.resize(bytes_.size() + bytes);
    } else {
      bytes_.insert(bytes_.end(), begin, begin + bytes);
    }
    return address;
  }
  std::vector<uint8_t>& bytes() { return bytes_; }
  uint32_t base() const { return base_; }

 private:
  uint32_t base_;
  std::vector<uint8_t> bytes_;
};

struct PlacedImage {
  uint32_t run = 0, prepare = 0;
};

absl::StatusOr<PlacedImage> PlaceImage(const compiler::Artifact& artifact, MemoryBlock& memory) {
  const std::string& elf = artifact.shared;
  Elf32_Ehdr header;
  Elf32_Phdr segment;
  if (elf.size() < sizeof(header)) return absl::InvalidArgumentError("no image");
  std::memcpy(&header, elf.data(), sizeof(header));
  std::memcpy(&segment, elf.data() + header.e_phoff, sizeof(segment));
  const uint32_t base = memory.Place(elf.data() + segment.p_offset, segment.p_filesz);
  PlacedImage image;
  for (int i = 0; i < header.e_shnum; ++i) {
    Elf32_Shdr section, names;
    std::memcpy(&section, elf.data() + header.e_shoff + i * sizeof(section), sizeof(section));
    if (section.sh_type != SHT_SYMTAB) continue;
    std::memcpy(&names, elf.data() + header.e_shoff + section.sh_link * sizeof(names),
                sizeof(names));
    for (uint32_t at = 0; at < section.sh_size; at += sizeof(Elf32_Sym)) {
      Elf32_Sym symbol;
      std::memcpy(&symbol, elf.data() + section.sh_offset + at, sizeof(symbol));
      const std::string name = elf.data() + names.sh_offset + symbol.st_name;
      if (name == artifact.run_symbol) image.run = base + symbol.st_value;
      if (!name.empty() && name == artifact.prepare_symbol) image.prepare = base + symbol.st_value;
    }
  }
  if (image.run == 0) return absl::InvalidArgumentError("image without its entry");
  return image;
}

struct PlacedTask {
  std::vector<uint32_t> buffers;
};

absl::StatusOr<MemoryBlock> BuildMemory(uint32_t base, const std::vector<CoreTask>& tasks,
                                        const std::string& result_path,
                                        std::vector<PlacedTask>& placed) {
  MemoryBlock memory(base);
  memory.Place(nullptr, sizeof(task_table) + tasks.size() * sizeof(task));
  std::vector<task> entries;
  for (const CoreTask& core_task : tasks) {
    TUNEFARM_ASSIGN_OR_RETURN(const PlacedImage image, PlaceImage(core_task.artifact, memory));
    PlacedTask& place = placed.emplace_back();
    for (const auto& buffer : core_task.buffers) {
      place.buffers.push_back(memory.Place(buffer.data(), buffer.size()));
    }
    const uint32_t pointers = memory.Place(place.buffers.data(), place.buffers.size() * 4);
    const uint32_t scratch =
        memory.Place(nullptr, static_cast<size_t>(core_task.artifact.scratch_bytes_per_worker));
    entries.push_back({image.run, image.prepare, pointers, scratch, 0, 0});
  }
  const auto total = static_cast<int64_t>(memory.bytes().size());
  if (total > kMemoryBytes) {
    return absl::ResourceExhaustedError(absl::StrFormat("%d tasks need %d bytes, the board has %d",
                                                        tasks.size(), total, kMemoryBytes));
  }
  task_table table = {};
  table.num_tasks = static_cast<uint32_t>(tasks.size());
  table.total_bytes = static_cast<uint32_t>(total);
  table.result_path_bytes = static_cast<uint32_t>(result_path.size());
  if (result_path.size() >= sizeof(table.result_path)) {
    return absl::InvalidArgumentError("the temporary folder's name is too long");
  }
  std::memcpy(table.result_path, result_path.data(), result_path.size());
  std::memcpy(memory.bytes().data(), &table, sizeof(table));
  std::memcpy(memory.bytes().data() + sizeof(table), entries.data(), entries.size() * sizeof(task));
  return memory;
}

absl::Status RunQemu(const Machine& machine, const std::string& blob) {
  std::vector<std::string> words = {
      "timeout",
      "120",
      kQemu,
      "-M",
      machine.name,
      "-accel",
      "tcg",
      "-display",
      "none",
      "-serial",
      "null",
      "-monitor",
      "none",
      "-icount",
      "shift=4,sleep=on",
      "-semihosting-config",
      "enable=on,target=native",
      "-kernel",
      MonitorOf(machine),
      "-device",
      absl::StrFormat("loader,file=%s,addr=0x%x,force-raw=on", blob, machine.memory_base),
      "-device",
      absl::StrFormat("loader,data=0x%x,data-len=4,addr=0x%x", machine.memory_base,
                      machine.table_pointer)};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, "timeout", nullptr, nullptr, argv.data(), environ) != 0) {
    return absl::InternalError("cannot start qemu-system-arm");
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("qemu-system-arm ended with status %d", status));
}

absl::StatusOr<std::vector<CoreResult>> ReadResults(const std::string& path, const Machine& machine,
                                                    const std::vector<CoreTask>& tasks,
                                                    const std::vector<PlacedTask>& placed) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  task_table table;
  if (bytes.size() < sizeof(table)) return absl::InternalError("the core gave nothing back");
  std::memcpy(&table, bytes.data(), sizeof(table));
  if (table.fault != 0) {
    return absl::InternalError(absl::StrFormat("kernel %d of %d faulted: %x", table.running,
                                               table.num_tasks, table.fault));
  }
  const auto instructions = [&](uint64_t ticks) {
    const auto net = static_cast<double>(ticks) - static_cast<double>(table.overhead_ticks);
    return static_cast<int64_t>(net * machine.ns_per_tick / kNsPerInstruction + 0.5);
  };
  std::vector<CoreResult> results;
  for (size_t i = 0; i < tasks.size(); ++i) {
    task entry;
    std::memcpy(&entry, bytes.data() + sizeof(table) + i * sizeof(entry), sizeof(entry));
    CoreResult& result = results.emplace_back();
    result.run_instructions = instructions(entry.run_ticks);
    if (entry.prepare != 0) result.prepare_instructions = instructions(entry.prepare_ticks);
    for (size_t b = 0; b < tasks[i].buffers.size(); ++b) {
      const char* begin = bytes.data() + (placed[i].buffers[b] - machine.memory_base);
      result.buffers.emplace_back(begin, begin + tasks[i].buffers[b].size());
    }
  }
  return results;
}

}  // namespace

std::string WhyNoEmulatedCore() {
  if (access(kQemu, X_OK) != 0) return "qemu-system-arm is not installed";
  for (const Machine& machine : kMachines) {
    if (access(MonitorOf(machine).c_str(), R_OK) != 0) {
      return "the monitor was not built: clang-19 is not installed";
    }
  }
  return "";
}

std::string MachineOf(const std::string& cpu) {
  for (const Machine& machine : kMachines) {
    if (cpu == machine.cpu) return machine.name;
  }
  return "";
}

absl::StatusOr<std::vector<CoreResult>> RunOnCore(const std::string& machine_name,
                                                  const std::vector<CoreTask>& tasks) {
  TUNEFARM_ASSIGN_OR_RETURN(const Machine machine, FindMachine(machine_name));
  std::string folder = std::filesystem::temp_directory_path() / "tunefarm-core-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return absl::InternalError("no temporary folder");
  const std::string blob = folder + "/tasks", result = folder + "/result";
  std::vector<PlacedTask> placed;
  auto memory = BuildMemory(machine.memory_base, tasks, result, placed);
  absl::StatusOr<std::vector<CoreResult>> results = absl::InternalError("nothing was run");
  if (!memory.ok()) {
    results = memory.status();
  } else {
    std::ofstream(blob, std::ios::binary)
        .write(reinterpret_cast<const char*>(memory->bytes().data()),
               static_cast<std::streamsize>(memory->bytes().size()));
    const absl::Status status = RunQemu(machine, blob);
    results = status.ok() ? ReadResults(result, machine, tasks, placed) : status;
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return results;
}

}  // namespace tunefarm::testing
