// The parser's part for names, types and expressions; statements are in parse.cc on top of it.
// Private to the parser.
#ifndef TUNEFARM_COMPILER_IR_PARSE_EXPR_H_
#define TUNEFARM_COMPILER_IR_PARSE_EXPR_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/ir/lexer.h"
#include "compiler/ir/nodes.h"

namespace tunefarm::compiler {

// The element type with this name, if there is one.
std::optional<DType> DTypeOf(const std::string& name);

class ExprParser {
 public:
  explicit ExprParser(const std::string& text) : lexer_(text) {}

  absl::StatusOr<Expr> ParseExpr();
  // A bound of a loop: a sum, which ends at "..", "..+" or "{".
  absl::StatusOr<Expr> ParseSum();
  // "[a, b]" of an access to `buffer`, checked against it.
  absl::StatusOr<std::vector<Expr>> ParseSubscripts(const Buffer& buffer);
  absl::StatusOr<int64_t> ParseInt(const std::string& what);
  absl::StatusOr<std::string> ParseName(const std::string& what);
  absl::Status Expect(const std::string& word);

  Lexer& lexer() { return lexer_; }
  const Buffer* FindBuffer(const std::string& name) const;

  // The innermost thing of a name is what the name means.
  void PushVar(const std::string& name, Expr var) { vars_[name].push_back(std::move(var)); }
  void PopVar(const std::string& name) { vars_[name].pop_back(); }
  void PushBuffer(const std::string& name, Buffer buffer) {
    buffers_[name].push_back(std::move(buffer));
  }
  void PopBuffer(const std::string& name) { buffers_[name].pop_back(); }

  // Refuses text that nests so deeply that recursion could exhaust the stack.
  absl::Status Enter();
  void Leave() { --depth_; }
  // A chain of operators nests as well, in the tree: their number in one statement is limited.
  void StartStatement() { num_operators_ = 0; }

 private:
  absl::StatusOr<Expr> ParseLevel(int level);
  absl::StatusOr<Expr> ParseAtom();
  absl::StatusOr<Expr> ParseNumber(bool negative);
  absl::StatusOr<Expr> ParseNamed();
  absl::StatusOr<Expr> ParseApplication(const std::string& name);
  absl::StatusOr<Expr> ParseRamp();
  absl::StatusOr<Expr> ParseBroadcast();
  absl::StatusOr<std::vector<Expr>> ParseArguments(size_t count);
  absl::StatusOr<int> ParseLanes();
  absl::StatusOr<Expr> MakeCheckedBinary(BinaryOp op, Expr a, Expr b);

  Lexer lexer_;
  int depth_ = 0;
  int num_operators_ = 0;
  std::map<std::string, std::vector<Expr>> vars_;
  std::map<std::string, std::vector<Buffer>> buffers_;
};

}  // namespace tunefarm::compiler

#endif  // TUNEFARM_COMPILER_IR_PARSE_EXPR_H_
