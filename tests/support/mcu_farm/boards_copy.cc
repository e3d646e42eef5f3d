#include "tests/support/mcu_farm/boards_copy.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace tunefarm::testing {

namespace fs = std::filesystem;

BoardsCopy::BoardsCopy(const fs::path& folder) : folder_(folder) {
  fs::copy(fs::path(TUNEFARM_BIN_DIR) / "../boards", folder_, fs::copy_options::recursive);
}

void BoardsCopy::Replace(const std::string& file, const std::string& text,
                         const std::string& with) const {
  std::stringstream content;
  content << std::ifstream(folder_ / file).rdbuf();
  std::string edited = content.str();
  const size_t at = edited.find(text);
  ASSERT_NE(at, std::string::npos) << file << " has no " << text;
  edited.replace(at, text.size(), with);
  std::ofstream(folder_ / file) << edited;
}

}  // namespace tunefarm::testing
