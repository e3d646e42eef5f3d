// Rows of text as people and programs read them.
#ifndef TUNEFARM_TUNER_CLI_TABLE_H_
#define TUNEFARM_TUNER_CLI_TABLE_H_

#include <string>
#include <vector>

namespace tunefarm::tuner {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // Each as long as the header.
  std::vector<bool> right;  // Columns of numbers; shorter than the header: the rest is left.
};

// Columns two blanks apart, a header and a line below it, no blanks at line ends. Widths count
// UTF-8 characters.
std::string PrintAligned(const Table& table);

// RFC 4180, with the header and "\n" at line ends.
std::string PrintCsv(const Table& table);

}  // namespace tunefarm::tuner

#endif  // TUNEFARM_TUNER_CLI_TABLE_H_
