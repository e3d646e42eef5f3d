#include "base/log.h"

#include <cstdlib>

#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"

namespace tunefarm::base {

void InitLog(const std::string& process, const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>(
      process, std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ " + process + ": %v");
  const char* from_environment = std::getenv("TUNEFARM_LOG");
  logger->set_level(spdlog::level::from_str(from_environment ? from_environment : level));
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace tunefarm::base
