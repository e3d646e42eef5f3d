// LLVM's name of a processor from the text of /proc/cpuinfo.
//
// The tables follow LLVM's own (llvm/lib/TargetParser/Host.cpp), which an agent cannot link. Pure.
#ifndef TUNEFARM_DEVICE_AGENT_DEVICE_CPU_NAME_H_
#define TUNEFARM_DEVICE_AGENT_DEVICE_CPU_NAME_H_

#include <map>
#include <string>
#include <vector>

namespace tunefarm::device_agent {

// The fields of the first processor in `cpuinfo`: "model name" -> "AMD EPYC".
std::map<std::string, std::string> CpuinfoFields(const std::string& cpuinfo);

// "znver4", "skylake-avx512", "cortex-a72", ... An x86 processor that is not in the table gets the
// highest level its `features` (LLVM names) reach, "x86-64" to "x86-64-v4"; any other "generic".
std::string CpuName(const std::string& architecture, const std::string& cpuinfo,
                    const std::vector<std::string>& features);

// True when `cpuinfo` cannot be that of a processor of `architecture`: QEMU's user mode hands the
// host's file through, so a program of another architecture sees a foreign processor.
bool IsForeignCpuinfo(const std::string& architecture, const std::string& cpuinfo);

}  // namespace tunefarm::device_agent

#endif  // TUNEFARM_DEVICE_AGENT_DEVICE_CPU_NAME_H_
