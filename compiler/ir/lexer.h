// Words of the IR's text form. Private to the parser.
#ifndef TUNEFARM_COMPILER_IR_LEXER_H_
#define TUNEFARM_COMPILER_IR_LEXER_H_

#include <string>

#include "absl/status/status.h"

namespace tunefarm::compiler {

struct Token {
  enum class Kind { kEnd, kName, kInt, kFloat, kSymbol };
  Kind kind = Kind::kEnd;
  std::string text;  // As written; a float without its f.
  int line = 1;
  int column = 1;
};

// Hands out the words of a text one by one, with one of lookahead.
class Lexer {
 public:
  explicit Lexer(std::string text) : text_(std::move(text)) { Advance(); }

  const Token& current() const { return current_; }
  void Advance();

  bool At(const std::string& symbol_or_name) const {
    return current_.text == symbol_or_name &&
           (current_.kind == Token::Kind::kSymbol || current_.kind == Token::Kind::kName);
  }
  // Goes on if the current word is the given one.
  bool Take(const std::string& symbol_or_name) {
    if (!At(symbol_or_name)) return false;
    Advance();
    return true;
  }

  // "line 3, column 5: expected X, met Y".
  absl::Status Expected(const std::string& what) const;
  // "line 3, column 5: what".
  absl::Status Error(const std::string& what) const;

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void Step();
  void TakeName();
  void TakeNumber();
  void TakeSymbol();

  std::string text_;
  size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
  Token current_;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_LEXER_H_
