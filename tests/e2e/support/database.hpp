// The daemon's database as a user reads it: another process, read only.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace syncd::e2e {

class Database {
public:
    explicit Database(const std::filesystem::path& path) {
        if (::sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) fail("open");
        ::sqlite3_busy_timeout(handle_, 10'000);
    }
    ~Database() { ::sqlite3_close(handle_); }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    std::vector<std::vector<std::string>> rows(const std::string& sql) {
        sqlite3_stmt* statement = nullptr;
        if (::sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail(sql);
        std::vector<std::vector<std::string>> found;
        while (::sqlite3_step(statement) == SQLITE_ROW) {
            auto& row = found.emplace_back();
            for (int i = 0; i < ::sqlite3_column_count(statement); ++i) {
                const auto* text = reinterpret_cast<const char*>(::sqlite3_column_text(statement, i));
                row.emplace_back(text ? text : "NULL");
            }
        }
        if (::sqlite3_finalize(statement) != SQLITE_OK) fail(sql);
        return found;
    }
    std::string value(const std::string& sql) {
        const auto found = rows(sql);
        return found.empty() ? std::string() : found.front().front();
    }
    /// Everything that a table or view holds, one line a row.
    std::string dump(const std::string& table) {
        std::string text;
        for (const auto& row : rows("SELECT * FROM " + table + " ORDER BY 1, 2, 3")) {
            for (const auto& cell : row) text += cell + "\t";
            text += "\n";
        }
        return text;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw std::runtime_error(what + ": " + ::sqlite3_errmsg(handle_));
    }
    sqlite3* handle_ = nullptr;
};

}  // namespace syncd::e2e
