#include "compiler/ir/parse.h"

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "compiler/ir/parse_expr.h"
#include "compiler/ir/print.h"
#include "compiler/ir/type_rules.h"
#include "compiler/ir/verify.h"

namespace tunefarm::compiler {
namespace {

constexpr int64_t kMaxBufferElems = int64_t{1} << 40;
constexpr LoopKind kAllLoopKinds[] = {LoopKind::kSerial, LoopKind::kParallel, LoopKind::kVectorized,
                                      LoopKind::kUnrolled, LoopKind::kTile};

class FunctionParser {
 public:
  explicit FunctionParser(const std::string& text) : exprs_(text), lexer_(exprs_.lexer()) {}

  absl::StatusOr<Function> Parse() {
    Function function;
    TUNEFARM_RETURN_IF_ERROR(exprs_.Expect("fn"));
    TUNEFARM_ASSIGN_OR_RETURN(function.name, exprs_.ParseName("the function's name"));
    TUNEFARM_RETURN_IF_ERROR(exprs_.Expect("("));
    while (!lexer_.At(")")) {
      if (!function.params.empty()) TUNEFARM_RETURN_IF_ERROR(exprs_.Expect(","));
      TUNEFARM_ASSIGN_OR_RETURN(BufferNode param, ParseBuffer());
      function.params.push_back(Introduce(std::move(param)));
    }
    lexer_.Advance();
    TUNEFARM_ASSIGN_OR_RETURN(function.body, ParseBody());
    if (lexer_.current().kind != Token::Kind::kEnd) return lexer_.Expected("the end");
    return function;
  }

 private:
  Buffer Introduce(BufferNode node) {
    Buffer buffer = std::make_shared<const BufferNode>(std::move(node));
    exprs_.PushBuffer(buffer->name, buffer);
    return buffer;
  }

  // "name: f32[1,56]"; the scope stays argument.
  absl::StatusOr<BufferNode> ParseBuffer() {
    BufferNode node;
    TUNEFARM_ASSIGN_OR_RETURN(node.name, exprs_.ParseName("a buffer's name"));
    TUNEFARM_RETURN_IF_ERROR(exprs_.Expect(":"));
    TUNEFARM_ASSIGN_OR_RETURN(const std::string type, exprs_.ParseName("an element type"));
    const std::optional<DType> dtype = DTypeOf(type);
    if (!dtype) return lexer_.Error(absl::StrFormat("no type %s", type));
    node.dtype = *dtype;
    TUNEFARM_RETURN_IF_ERROR(exprs_.Expect("["));
    int64_t num_elems = 1;
    while (!lexer_.At("]")) {
      if (!node.extents.empty()) TUNEFARM_RETURN_IF_ERROR(exprs_.Expect(","));
      TUNEFARM_ASSIGN_OR_RETURN(const int64_t extent, exprs_.ParseInt("an extent"));
      if (extent < 1 || extent > kMaxBufferElems / num_elems) {
        return lexer_.Error(
            absl::StrFormat("buffer %s: extent %d, must be at least 1 and the "
                            "buffer no larger than %d elements",
                            node.name, extent, kMaxBufferElems));
      }
      num_elems *= extent;
      node.extents.push_back(extent);
    }
    lexer_.Advance();
    return node;
  }

  // "{ statements }".
  absl::StatusOr<Stmt> ParseBody() {
    TUNEFARM_RETURN_IF_ERROR(exprs_.Enter());
    TUNEFARM_RETURN_IF_ERROR(exprs_.Expect("{"));
    std::vector<Stmt> stmts;
    while (!lexer_.At("}")) {
      TUNEFARM_ASSIGN_OR_RETURN(Stmt stmt, ParseStmt());
      stmts.push_back(std::move(stmt));
    }
    lexer_.Advance();
    exprs_.Leave();
    return MakeBlock(std::move(stmts));
  }

  absl::StatusOr<Stmt> ParseStmt() {
    exprs_.StartStatement();
    for (LoopKind kind : kAllLoopKinds) {
      if (lexer_.Take(Name(kind))) return ParseFor(kind);
    }
    if (lexer_.Take("if")) return ParseIf();
    if (lexer_.Take("alloc")) return ParseAllocate();
    return ParseStore();
  }

  absl::StatusOr<Stmt> ParseFor(LoopKind kind) {
    TUNEFARM_ASSIGN_OR_RETURN(const std::string name, exprs_.ParseName("a loop variable"));
    TUNEFARM_RETURN_IF_ERROR(exprs_.Expect("in"));
    TUNEFARM_ASSIGN_OR_RETURN(Expr min, exprs_.ParseSum());
    if (!lexer_.Take("..+")) {
      int64_t zero = 0;
      const bool from_zero = IsConst(min, &zero) && zero == 0;
      if (!from_zero || !lexer_.At("..")) return lexer_.Expected("\"..+\"");
      lexer_.Advance();
    }
    TUNEFARM_ASSIGN_OR_RETURN(Expr extent, exprs_.ParseSum());
    const Expr var = MakeVar(name);
    exprs_.PushVar(name, var);
    TUNEFARM_ASSIGN_OR_RETURN(Stmt body, ParseBody());
    exprs_.PopVar(name);
    return MakeFor(var, std::move(min), std::move(extent), kind, std::move(body));
  }

  absl::StatusOr<Stmt> ParseIf() {
    TUNEFARM_ASSIGN_OR_RETURN(Expr condition, exprs_.ParseExpr());
    if (condition.type() != Type{DType::kBool, 1}) {
      return lexer_.Error("the condition of an if must be a scalar bool");
    }
    TUNEFARM_ASSIGN_OR_RETURN(Stmt body, ParseBody());
    return MakeIf(std::move(condition), std::move(body));
  }

  absl::StatusOr<Stmt> ParseAllocate() {
    TUNEFARM_ASSIGN_OR_RETURN(BufferNode node, ParseBuffer());
    const bool scratch = lexer_.At(Name(Scope::kScratch));
    if (!scratch && !lexer_.At(Name(Scope::kRegister))) {
      return lexer_.Expected("scratch or register");
    }
    lexer_.Advance();
    node.scope = scratch ? Scope::kScratch : Scope::kRegister;
    const Buffer buffer = Introduce(std::move(node));
    TUNEFARM_ASSIGN_OR_RETURN(Stmt body, ParseBody());
    exprs_.PopBuffer(buffer->name);
    return MakeAllocate(buffer, std::move(body));
  }

  absl::StatusOr<Stmt> ParseStore() {
    TUNEFARM_ASSIGN_OR_RETURN(const std::string name, exprs_.ParseName("a statement"));
    const Buffer* found = exprs_.FindBuffer(name);
    if (found == nullptr) return lexer_.Error(absl::StrFormat("no buffer %s here", name));
    const Buffer buffer = *found;
    TUNEFARM_ASSIGN_OR_RETURN(std::vector<Expr> indices, exprs_.ParseSubscripts(buffer));
    TUNEFARM_RETURN_IF_ERROR(exprs_.Expect("="));
    TUNEFARM_ASSIGN_OR_RETURN(Expr value, exprs_.ParseExpr());
    const std::string error = StoreTypeError(*buffer, indices, value.type());
    if (!error.empty()) return lexer_.Error(error);
    return MakeStore(buffer, std::move(indices), std::move(value));
  }

  ExprParser exprs_;
  Lexer& lexer_;
};

}  // namespace

absl::StatusOr<Function> ParseFunction(const std::string& text) {
  TUNEFARM_ASSIGN_OR_RETURN(Function function, FunctionParser(text).Parse());
  TUNEFARM_RETURN_IF_ERROR(Verify(function));
  return function;
}

}  // namespace tunefarm::compiler
