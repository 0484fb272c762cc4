#include "storage/rekey.hpp"

#include "config/core/base64.hpp"
#include "storage/database.hpp"
#include "storage/migrate.hpp"
#include "storage/store.hpp"

#include <filesystem>
#include <stdexcept>
#include <utility>

namespace syncd::storage {
namespace {

constexpr std::string_view check_place = "key check";

class Rekeying {
public:
    Rekeying(Database& db, const Cipher& from, const Cipher& to, const Random& random)
        : db_(db), from_(from), to_(to), random_(random) {}

    std::int64_t count = 0;

    std::string again(const std::string& sealed, const std::string& place) {
        if (sealed.empty()) return sealed;
        const auto text = from_.open(sealed, place);
        if (!text) throw std::runtime_error(place + ": " + text.error().message);
        ++count;
        return to_.seal(*text, place, random_);
    }
    void writes() {
        for (std::int64_t after = 0;;) {
            std::string place, body, answer;
            {
                auto row = db_.query(
                    "SELECT b.write_key, w.id, b.body, b.answer FROM write_body b JOIN write w ON w.key = b.write_key "
                    "WHERE b.write_key > ? ORDER BY b.write_key LIMIT 1");
                row.bind(after);
                if (!row.step()) return;
                after = row.integer(0);
                place = "write " + row.text(1);
                body = row.text(2);
                answer = row.text(3);
            }
            body = again(body, place);
            answer = again(answer, place);
            db_.run("UPDATE write_body SET body = ?, answer = ? WHERE write_key = ?", Blob{body}, Blob{answer}, after);
        }
    }
    void tokens() {
        for (std::string after;;) {
            std::string refresh, access;
            {
                auto row = db_.query(
                    "SELECT installation_id, refresh_token, access_token FROM connection_token "
                    "WHERE installation_id > ? ORDER BY installation_id LIMIT 1");
                row.bind(after);
                if (!row.step()) return;
                after = row.text(0);
                refresh = row.text(1);
                access = row.text(2);
            }
            const auto place = place_of_tokens(after);
            refresh = again(refresh, place);
            access = again(access, place);
            db_.run("UPDATE connection_token SET refresh_token = ?, access_token = ? WHERE installation_id = ?",
                    Blob{refresh}, Blob{access}, after);
        }
    }
    void authorizations() {
        for (std::string after;;) {
            std::string verifier;
            {
                auto row = db_.query(
                    "SELECT state_digest, verifier FROM pending_authorization WHERE state_digest > ? "
                    "ORDER BY state_digest LIMIT 1");
                row.bind(after);
                if (!row.step()) return;
                after = row.text(0);
                verifier = row.text(1);
            }
            verifier = again(verifier, place_of_verifier(after));
            db_.run("UPDATE pending_authorization SET verifier = ? WHERE state_digest = ?", Blob{verifier}, after);
        }
    }
    void mark() {
        db_.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('key_check', ?)",
                base64_encode(to_.seal(check_place, check_place, random_)));
    }

private:
    Database& db_;
    const Cipher& from_;
    const Cipher& to_;
    const Random& random_;
};

/// Whether a key has been noted and something is encrypted with it.
bool has_secrets(Database& db) {
    auto used = db.query(
        "SELECT EXISTS (SELECT 1 FROM meta WHERE key = 'key_check') AND (EXISTS (SELECT 1 FROM connection_token) "
        "OR EXISTS (SELECT 1 FROM write_body WHERE length(body) > 0 OR length(answer) > 0))");
    return used.step() && used.integer(0) != 0;
}

}  // namespace

std::int64_t rekey(const std::string& path, const Cipher& from, const Cipher& to, const Random& random) {
    Database db(path, OpenMode::read_write);
    migrate(db);
    db.execute("PRAGMA secure_delete=ON");  // what the old key opens must not stay in free pages
    Rekeying work(db, from, to, random);
    db.execute("BEGIN IMMEDIATE");
    try {
        work.writes();
        work.tokens();
        work.authorizations();
        work.mark();
    } catch (...) {
        db.execute("ROLLBACK");
        throw;
    }
    db.execute("COMMIT");
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)");  // nor in the log
    return work.count;
}

std::optional<bool> is_key_of(const std::string& path, const Cipher& key) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    Database db(path, OpenMode::read_write);  // its log may need recovery after a crash
    if (db.schema_version() == 0) return std::nullopt;
    auto row = db.query("SELECT value FROM meta WHERE key = 'key_check'");
    if (!row.step()) return std::nullopt;
    const auto sealed = base64_decode(row.text_view(0));
    return sealed && key.open(*sealed, check_place).has_value();
}

bool needs_its_key(const std::string& path) {
    Database db(path, OpenMode::read_write);
    return has_secrets(db);
}

bool note_key(const std::string& path, const Cipher& key) {
    Database db(path, OpenMode::read_write);
    if (db.schema_version() == 0) return true;
    if (has_secrets(db)) return false;
    // The same nonce each time: it is the same text, and the only one that is ever sealed with it.
    const auto sealed = key.seal(check_place, check_place, [] { return std::uint64_t(0); });
    db.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('key_check', ?)", base64_encode(sealed));
    return true;
}

}  // namespace syncd::storage
