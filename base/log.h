// Log set-up (spdlog): one format for every process, to stderr, so that stdout carries only data.
#ifndef TUNEFARM_BASE_LOG_H_
#define TUNEFARM_BASE_LOG_H_

#include <string>

namespace tunefarm::base {

// Sends spdlog's default logger to stderr as "time level process: message". The level is `level`,
// or the environment variable TUNEFARM_LOG where it is set (trace, debug, info, warn, error, off).
void InitLog(const std::string& process, const std::string& level = "warn");

}  // namespace tunefarm::base

#endif  // TUNEFARM_BASE_LOG_H_
