#include "storage/migrate.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace syncd::embedded {
extern const std::string_view migration_0001, migration_0002, migration_0003, migration_0004, migration_0005,
    migration_0006;
}

namespace syncd::storage {
namespace {

/// In order; the version of a database is how many of them it has had.
std::array<std::string_view, 6> migrations() {
    return {embedded::migration_0001, embedded::migration_0002, embedded::migration_0003,
            embedded::migration_0004, embedded::migration_0005, embedded::migration_0006};
}

[[noreturn]] void refuse_newer(int version) {
    throw std::runtime_error(
        fmt::format("the database has schema {}, this program knows {}: run the newer program, or "
                    "restore a backup made before the upgrade",
                    version, schema_latest()));
}

}  // namespace

int schema_latest() { return int(migrations().size()); }

void require_known(Database& database) {
    if (const int version = database.schema_version(); version > schema_latest()) refuse_newer(version);
}

void migrate(Database& database) {
    require_known(database);
    const int version = database.schema_version();
    const auto all = migrations();
    for (int next = version; next < schema_latest(); ++next)
        database.execute(
            fmt::format("BEGIN IMMEDIATE;\n{}\nPRAGMA user_version={};\nCOMMIT;", all[std::size_t(next)], next + 1));
}

void require_latest(Database& database) {
    require_known(database);
    if (database.schema_version() < schema_latest())
        throw std::runtime_error("the database has an older schema: start the daemon once, which brings it up to date");
}

}  // namespace syncd::storage
