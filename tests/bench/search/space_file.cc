#include "tests/bench/search/space_file.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "tests/bench/search/space_fields.h"

namespace tunefarm::tuner {
namespace {

using compiler::ConfigFacts;

constexpr char kMagic[] = "# tunefarm recorded space 1";

std::string PrintNumber(double value) { return absl::StrFormat("%.12g", value); }

absl::StatusOr<double> ParseNumber(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') {
    return absl::InvalidArgumentError(absl::StrFormat("'%s' is not a number", text));
  }
  return value;
}

double Value(const FactField& field, ConfigFacts facts) { return field.get(facts); }

// The same in all rows, so that it stands in the header.
bool IsConstant(const RecordedSpace& space, const FactField& field) {
  const double first = Value(field, space.rows[0].facts);
  return std::all_of(space.rows.begin(), space.rows.end(), [&](const RecordedSpace::Row& row) {
    return Value(field, row.facts) == first;
  });
}

// Reads line by line into a space.
class Parser {
 public:
  absl::Status Header(const std::string& line) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) {
      return absl::InvalidArgumentError(absl::StrFormat("header '%s' has no ': '", line));
    }
    const std::string key = line.substr(2, colon - 2);
    const std::string value = line.substr(colon + 2);
    if (key.starts_with("knob ")) return Knob(key.substr(5), value);
    if (key.starts_with("fact ")) return Fact(key.substr(5), value);
    if (key.starts_with("target.")) return TargetNumber(key.substr(7), value);
    const std::map<std::string, std::string*> texts = {
        {"workload", &space_.workload},     {"target", &space_.target_text},
        {"machine", &space_.machine},       {"space", &space_.space_name},
        {"space_hash", &space_.space_hash}, {"features", &space_.feature_list_hash}};
    const auto it = texts.find(key);
    if (it == texts.end()) {
      return absl::InvalidArgumentError(absl::StrFormat("unknown header '%s'", key));
    }
    *it->second = value;
    return absl::OkStatus();
  }

  absl::Status Columns(const std::string& line) {
    std::vector<std::string> expected = {"index"};
    for (const compiler::Knob& knob : space_.knobs)
      expected.push_back(absl::StrFormat("knob:%s", knob.name));
    const std::vector<std::string> columns = absl::StrSplit(line, ',');
    for (size_t i = 0; i < expected.size(); ++i) {
      if (i >= columns.size() || columns[i] != expected[i]) {
        return absl::InvalidArgumentError(absl::StrFormat("column %d is not '%s'", i, expected[i]));
      }
    }
    for (size_t i = expected.size(); i + 2 < columns.size(); ++i) {
      const FactField* field =
          FindFact(columns[i].starts_with("fact:") ? columns[i].substr(5) : "");
      if (field == nullptr) {
        return absl::InvalidArgumentError(absl::StrFormat("unknown column '%s'", columns[i]));
      }
      fact_columns_.push_back(field);
    }
    num_columns_ = columns.size();
    if (num_columns_ < expected.size() + 2 || columns[num_columns_ - 2] != "outcome" ||
        columns[num_columns_ - 1] != "cost_ns") {
      return absl::InvalidArgumentError("the last two columns are not 'outcome,cost_ns'");
    }
    return absl::OkStatus();
  }

  absl::Status Row(const std::string& line) {
    const std::vector<std::string> cells = absl::StrSplit(line, ',');
    if (cells.size() != num_columns_) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%d cells, the header has %d", cells.size(), num_columns_));
    }
    RecordedSpace::Row row;
    row.facts = constants_;
    size_t cell = 0;
    TUNEFARM_ASSIGN_OR_RETURN(const double index, ParseNumber(cells[cell++]));
    row.index = static_cast<uint64_t>(index);
    for (size_t i = 0; i < space_.knobs.size(); ++i) {
      TUNEFARM_ASSIGN_OR_RETURN(const double value, ParseNumber(cells[cell++]));
      row.config.values.push_back(static_cast<int64_t>(value));
    }
    for (const FactField* field : fact_columns_) {
      TUNEFARM_ASSIGN_OR_RETURN(field->get(row.facts), ParseNumber(cells[cell++]));
    }
    row.outcome = cells[cell++];
    if (row.outcome == "ok") {
      TUNEFARM_ASSIGN_OR_RETURN(row.cost_ns, ParseNumber(cells[cell]));
      if (row.cost_ns <= 0) {
        return absl::InvalidArgumentError(
            absl::StrFormat("cost_ns %g is not positive", row.cost_ns));
      }
    }
    if (!space_.rows.empty() && row.index <= space_.rows.back().index) {
      return absl::InvalidArgumentError(absl::StrFormat("index %d does not increase", row.index));
    }
    space_.rows.push_back(std::move(row));
    return absl::OkStatus();
  }

  bool has_columns() const { return num_columns_ > 0; }
  RecordedSpace Take() { return std::move(space_); }

 private:
  absl::Status Knob(const std::string& name, const std::string& values) {
    compiler::Knob knob = {name, {}, ""};
    for (const std::string& text : std::vector<std::string>(absl::StrSplit(values, ' '))) {
      TUNEFARM_ASSIGN_OR_RETURN(const double value, ParseNumber(text));
      knob.values.push_back(static_cast<int64_t>(value));
    }
    space_.knobs.push_back(std::move(knob));
    return absl::OkStatus();
  }

  absl::Status Fact(const std::string& name, const std::string& text) {
    const FactField* field = FindFact(name);
    if (field == nullptr)
      return absl::InvalidArgumentError(absl::StrFormat("unknown fact '%s'", name));
    TUNEFARM_ASSIGN_OR_RETURN(field->get(constants_), ParseNumber(text));
    return absl::OkStatus();
  }

  absl::Status TargetNumber(const std::string& name, const std::string& text) {
    for (const TargetField& field : TargetFields()) {
      if (name != field.name) continue;
      TUNEFARM_ASSIGN_OR_RETURN(const double value, ParseNumber(text));
      field.set(space_.target, value);
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrFormat("unknown number of a target '%s'", name));
  }

  RecordedSpace space_;
  ConfigFacts constants_;
  std::vector<const FactField*> fact_columns_;
  size_t num_columns_ = 0;
};

}  // namespace

std::string PrintSpace(const RecordedSpace& space) {
  std::string text = absl::StrFormat("%s\n# workload: %s\n# target: %s\n", kMagic, space.workload,
                                     space.target_text);
  for (const TargetField& field : TargetFields()) {
    text += absl::StrFormat("# target.%s: %s\n", field.name, PrintNumber(field.get(space.target)));
  }
  text +=
      absl::StrFormat("# machine: %s\n# space: %s\n# space_hash: %s\n# features: %s\n",
                      space.machine, space.space_name, space.space_hash, space.feature_list_hash);
  std::string columns = "index";
  for (const compiler::Knob& knob : space.knobs) {
    text += absl::StrFormat("# knob %s: %s\n", knob.name, absl::StrJoin(knob.values, " "));
    columns += absl::StrFormat(",knob:%s", knob.name);
  }
  std::vector<const FactField*> varying;
  for (const FactField& field : FactFields()) {
    if (!space.rows.empty() && IsConstant(space, field)) {
      text += absl::StrFormat("# fact %s: %s\n", field.name,
                              PrintNumber(Value(field, space.rows[0].facts)));
    } else {
      varying.push_back(&field);
      columns += absl::StrFormat(",fact:%s", field.name);
    }
  }
  text += columns + ",outcome,cost_ns\n";
  for (const RecordedSpace::Row& row : space.rows) {
    text += absl::StrFormat("%d,%s", row.index, absl::StrJoin(row.config.values, ","));
    for (const FactField* field : varying)
      text += absl::StrFormat(",%s", PrintNumber(Value(*field, row.facts)));
    text += absl::StrFormat(",%s,", row.outcome);
    text += row.outcome == "ok" ? absl::StrFormat("%.1f\n", row.cost_ns) : "\n";
  }
  return text;
}

absl::StatusOr<RecordedSpace> ParseSpace(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  if (!std::getline(lines, line) || line != kMagic) {
    return absl::InvalidArgumentError(absl::StrFormat("line 1 is not '%s'", kMagic));
  }
  Parser parser;
  for (size_t number = 2; std::getline(lines, line); ++number) {
    absl::Status status;
    if (line.starts_with("# ")) {
      status = parser.Header(line);
    } else if (!parser.has_columns()) {
      status = parser.Columns(line);
    } else {
      status = parser.Row(line);
    }
    if (!status.ok()) return base::Annotate(status, absl::StrFormat("line %d", number));
  }
  RecordedSpace space = parser.Take();
  if (space.rows.empty()) return absl::InvalidArgumentError("no rows");
  return space;
}

absl::StatusOr<RecordedSpace> ReadSpaceFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrFormat("%s: cannot be opened", path));
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return absl::UnavailableError(absl::StrFormat("%s: cannot be read", path));
  auto space = ParseSpace(text.str());
  if (!space.ok()) return base::Annotate(space.status(), path);
  return space;
}

absl::Status WriteSpaceFile(const std::string& path, const RecordedSpace& space) {
  std::ofstream file(path);
  file << PrintSpace(space);
  file.flush();
  if (!file) return absl::UnavailableError(absl::StrFormat("%s: cannot be written", path));
  return absl::OkStatus();
}

}  // namespace tunefarm::tuner
