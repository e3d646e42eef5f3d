#include "db/schema.h"

#include <cctype>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/db/log_fixture.h"

namespace tunefarm::db {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::unique_ptr<Connection> Open(const std::string& path) {
  auto connection = Connection::Open(path, ConnectionMode::kReadWriteCreate);
  TUNEFARM_CHECK(connection.ok(), base::OneLine(connection.status()));
  return *std::move(connection);
}

// The first column of every row of `sql`.
std::vector<std::string> TextColumn(Connection& connection, const std::string& sql) {
  Statement statement = *connection.Prepare(sql);
  std::vector<std::string> values;
  while (*statement.Step()) values.push_back(statement.Text(0));
  return values;
}

// "table.column" of every column that has no comment line right above it in `schema`.
std::vector<std::string> ColumnsWithoutComment(const std::string& schema) {
  TempFolder folder;
  const auto connection = Open(folder.File("schema.db"));
  TUNEFARM_CHECK(connection->Execute(schema).ok(), "the schema does not compile");
  std::vector<std::string> missing;
  for (const std::string& table :
       TextColumn(*connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    const std::string body = schema.substr(schema.find("CREATE TABLE " + table + " ("));
    for (const std::string& column :
         TextColumn(*connection, "SELECT name FROM pragma_table_xinfo('" + table + "')")) {
      const size_t line = body.find("\n  " + column + " ");
      const size_t above = line == std::string::npos ? line : body.rfind('\n', line - 1);
      const bool has_comment = above != std::string::npos && body.compare(above, 6, "\n  -- ") == 0;
      if (!has_comment) missing.push_back(table + "." + column);
    }
  }
  return missing;
}

TEST(SchemaTest, EveryColumnHasAComment) {
  EXPECT_THAT(ColumnsWithoutComment(SchemaSql()), IsEmpty());
}

TEST(SchemaTest, ColumnWithoutCommentIsNoticed) {
  EXPECT_THAT(ColumnsWithoutComment("-- A table.\n"
                                    "CREATE TABLE t (\n"
                                    "  a INTEGER,\n"
                                    "  -- Has one.\n"
                                    "  b INTEGER,\n"
                                    "  c INTEGER\n"
                                    ");"),
              ElementsAre("t.a", "t.c"));
}

TEST(SchemaTest, EmbeddedSchemaIsTheFileInTheTree) {
  std::ifstream file(TUNEFARM_SOURCE_DIR "/db/schema.sql");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(SchemaSql(), text.str());
}

TEST(SchemaTest, EveryTableIsStrict) {
  TempFolder folder;
  const auto connection = Open(folder.File("schema.db"));
  ASSERT_TRUE(connection->Execute(SchemaSql()).ok());
  EXPECT_THAT(TextColumn(*connection,
                         "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict "
                         "AND name NOT LIKE 'sqlite_%'"),
              IsEmpty());
}

// SQL with comments dropped and blanks made one, so that two spellings of one table compare equal.
std::string Normalize(const std::string& sql) {
  std::string text;
  for (size_t i = 0; i < sql.size(); ++i) {
    if (sql.compare(i, 2, "--") == 0) i = sql.find('\n', i);
    if (i >= sql.size()) break;
    if (!std::isspace(static_cast<unsigned char>(sql[i]))) {
      text += sql[i];
    } else if (!text.empty() && text.back() != ' ') {
      text += ' ';
    }
  }
  return text;
}

// Everything the file declares, by name, and its marks.
std::map<std::string, std::string> Declarations(Connection& connection) {
  Statement statement =
      *connection.Prepare("SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql NOT NULL");
  std::map<std::string, std::string> declarations;
  while (*statement.Step()) declarations[statement.Text(0)] = Normalize(statement.Text(1));
  for (const char* mark : {"user_version", "application_id"}) {
    declarations[mark] = std::to_string(*connection.QueryInt(std::string("PRAGMA ") + mark));
  }
  return declarations;
}

TEST(SchemaTest, AllMigrationsFromNothingGiveTheSchemaOfSchemaSql) {
  TempFolder folder;
  const auto fresh = Open(folder.File("fresh.db"));
  ASSERT_TRUE(PrepareSchema(*fresh).ok());
  const auto migrated = Open(folder.File("migrated.db"));
  const absl::Status status = Migrate(*migrated, Migrations());
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Declarations(*fresh), Declarations(*migrated));
  EXPECT_EQ(Declarations(*fresh)["user_version"], std::to_string(CurrentSchemaVersion()));
}

constexpr Migration kTwoSteps[] = {
    {1, "0001_first", "CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (7)"},
    {2, "0002_second", "ALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = 'seven' WHERE a = 7"},
};

TEST(SchemaTest, OlderFileGetsOnlyTheMigrationsAboveItsVersionAndKeepsItsRows) {
  TempFolder folder;
  const auto connection = Open(folder.File("old.db"));
  ASSERT_TRUE(Migrate(*connection, std::span(kTwoSteps).first(1)).ok());
  EXPECT_EQ(*connection->QueryInt("PRAGMA user_version"), 1);
  ASSERT_TRUE(Migrate(*connection, kTwoSteps).ok());
  EXPECT_EQ(*connection->QueryInt("PRAGMA user_version"), 2);
  EXPECT_THAT(TextColumn(*connection, "SELECT b FROM t"), ElementsAre("seven"));
  ASSERT_TRUE(Migrate(*connection, kTwoSteps).ok()) << "nothing is left to do";
}

TEST(SchemaTest, MigrationThatFailsLeavesTheFileAtItsOldVersion) {
  constexpr Migration kBroken[] = {
      kTwoSteps[0], {2, "0002_broken", "DELETE FROM t; ALTER TABLE nowhere ADD COLUMN b TEXT"}};
  TempFolder folder;
  const auto connection = Open(folder.File("old.db"));
  ASSERT_TRUE(Migrate(*connection, std::span(kBroken).first(1)).ok());
  {
    Transaction transaction = *Transaction::Begin(*connection);
    const absl::Status status = Migrate(*connection, kBroken);
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("migration 0002_broken"));
  }
  EXPECT_EQ(*connection->QueryInt("PRAGMA user_version"), 1);
  EXPECT_EQ(*connection->QueryInt("SELECT a FROM t"), 7);
}

TEST(SchemaTest, EveryMigrationHasTheNumberOfItsPlace) {
  int expected = 0;
  for (const Migration& migration : Migrations()) EXPECT_EQ(migration.version, ++expected);
  EXPECT_GE(expected, 1);
}

}  // namespace
}  // namespace tunefarm::db
