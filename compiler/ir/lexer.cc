#include "compiler/ir/lexer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace tunefarm::compiler {
namespace {

// Longest first: "..+" begins like "..".
constexpr const char* kSymbols[] = {"..+", "..", "<=", "==", "&&", "||", "(", ")", "[", "]", "{",
                                    "}",   ",",  ":",  "=",  "<",  "+",  "-", "*", "/", "%"};

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsNameChar(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

}  // namespace

void Lexer::Step() {
  if (text_[at_] == '\n') {
    ++line_;
    column_ = 1;
  } else {
    ++column_;
  }
  ++at_;
}

void Lexer::Advance() {
  while (absl::ascii_isspace(static_cast<unsigned char>(Peek()))) Step();
  current_ = Token{Token::Kind::kEnd, "", line_, column_};
  if (at_ >= text_.size()) return;
  if (IsDigit(Peek())) {
    TakeNumber();
  } else if (IsNameChar(Peek())) {
    TakeName();
  } else {
    TakeSymbol();
  }
}

void Lexer::TakeName() {
  current_.kind = Token::Kind::kName;
  // A dot belongs to the name if it begins a suffix; two dots are a range.
  while (IsNameChar(Peek()) || (Peek() == '.' && IsNameChar(Peek(1)))) {
    current_.text += Peek();
    Step();
  }
}

void Lexer::TakeNumber() {
  current_.kind = Token::Kind::kInt;
  const auto take = [this] {
    current_.text += Peek();
    Step();
  };
  while (IsDigit(Peek())) take();
  if (Peek() == '.' && IsDigit(Peek(1))) {
    take();
    while (IsDigit(Peek())) take();
  }
  const bool signed_exponent = (Peek(1) == '+' || Peek(1) == '-') && IsDigit(Peek(2));
  if (Peek() == 'e' && (IsDigit(Peek(1)) || signed_exponent)) {
    take();
    take();
    while (IsDigit(Peek())) take();
  }
  if (Peek() == 'f') {
    current_.kind = Token::Kind::kFloat;
    Step();
  } else if (current_.text.find_first_of(".e") != std::string::npos) {
    current_.kind = Token::Kind::kSymbol;  // A float needs its f: nothing takes this word.
  }
}

void Lexer::TakeSymbol() {
  current_.kind = Token::Kind::kSymbol;
  for (const char* symbol : kSymbols) {
    const std::string word = symbol;
    if (text_.compare(at_, word.size(), word) != 0) continue;
    current_.text = word;
    for (size_t i = 0; i < word.size(); ++i) Step();
    return;
  }
  current_.text = std::string(1, Peek());
  Step();
}

absl::Status Lexer::Expected(const std::string& what) const {
  if (current_.kind == Token::Kind::kEnd) {
    return Error(absl::StrFormat("expected %s, met the end", what));
  }
  const std::string met = absl::CHexEscape(current_.text.substr(0, 40));
  return Error(absl::StrFormat("expected %s, met \"%s\"", what, met));
}

absl::Status Lexer::Error(const std::string& what) const {
  return absl::InvalidArgumentError(
      absl::StrFormat("line %d, column %d: %s", current_.line, current_.column, what));
}

}  // namespace tunefarm::compiler
