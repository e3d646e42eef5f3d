#include "tuner/cli/table.h"

#include <algorithm>

namespace tunefarm::tuner {
namespace {

using Row = std::vector<std::string>;

// Continuation bytes of UTF-8 take no place.
size_t Width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Line(const Row& row, const std::vector<size_t>& widths,
                 const std::vector<bool>& right) {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    const std::string blanks(widths[i] - Width(row[i]), ' ');
    if (i > 0) line += "  ";
    line += i < right.size() && right[i] ? blanks + row[i] : row[i] + blanks;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string CsvLine(const Row& row) {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += ',';
    if (row[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += row[i];
      continue;
    }
    line += '"';
    for (char c : row[i]) line.append(c == '"' ? 2 : 1, c);
    line += '"';
  }
  return line + "\n";
}

}  // namespace

std::string PrintAligned(const Table& table) {
  std::vector<size_t> widths;
  for (const std::string& name : table.header) widths.push_back(Width(name));
  for (const Row& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  Row rule;
  for (size_t width : widths) rule.push_back(std::string(width, '-'));
  std::string text = Line(table.header, widths, table.right) + Line(rule, widths, {});
  for (const Row& row : table.rows) text += Line(row, widths, table.right);
  return text;
}

std::string PrintCsv(const Table& table) {
  std::string text = CsvLine(table.header);
  for (const Row& row : table.rows) text += CsvLine(row);
  return text;
}

}  // namespace tunefarm::tuner
