// The folder of boards that the programs were built with, copied to where a test may change it.
#ifndef TUNEFARM_TESTS_SUPPORT_MCU_FARM_BOARDS_COPY_H_
#define TUNEFARM_TESTS_SUPPORT_MCU_FARM_BOARDS_COPY_H_

#include <filesystem>
#include <string>

namespace tunefarm::testing {

class BoardsCopy {
 public:
  // `folder` does not exist yet.
  explicit BoardsCopy(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  // The first `text` in `file` of the folder becomes `with`. A test failure if there is none.
  void Replace(const std::string& file, const std::string& text, const std::string& with) const;

 private:
  const std::filesystem::path folder_;
};

}  // namespace tunefarm::testing

#endif  // TUNEFARM_TESTS_SUPPORT_MCU_FARM_BOARDS_COPY_H_
