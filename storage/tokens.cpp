#include "storage/tokens.hpp"

namespace syncd::storage {
namespace {

constexpr int pending_max = 1000;  // whoever may begin an authorization must not fill the disk

}  // namespace

std::string place_of_tokens(const std::string& installation_id) { return "token " + installation_id; }
std::string place_of_verifier(const std::string& state_digest) { return "authorization " + state_digest; }

std::optional<ConnectionTokens> load_tokens(Database& db, const std::string& installation_id) {
    auto row = db.query(
        "SELECT client_id, state, refresh_token, access_token, expires_at, consented_at, updated_at "
        "FROM connection_token WHERE installation_id = ?");
    row.bind(installation_id);
    if (!row.step()) return std::nullopt;
    ConnectionTokens tokens{.installation_id = installation_id, .client_id = row.text(0)};
    tokens.needs_consent = row.text_view(1) == "needs_consent";
    tokens.refresh_token = row.text(2);
    tokens.access_token = row.text(3);
    tokens.expires_at = row.time(4);
    tokens.consented_at = row.time(5).value_or(Timestamp{});
    tokens.updated_at = row.time(6).value_or(Timestamp{});
    return tokens;
}

void save_tokens(Database& db, const ConnectionTokens& tokens, bool consented) {
    db.run(
        "INSERT INTO connection_token (installation_id, client_id, state, refresh_token, access_token, expires_at, "
        "consented_at, updated_at) VALUES (?1, ?2, 'signed_in', ?3, ?4, ?5, ?6, ?6) ON CONFLICT (installation_id) DO "
        "UPDATE SET client_id = excluded.client_id, state = excluded.state, refresh_token = excluded.refresh_token, "
        "access_token = excluded.access_token, expires_at = excluded.expires_at, updated_at = excluded.updated_at, "
        "consented_at = iif(?7, excluded.consented_at, consented_at)",
        tokens.installation_id, tokens.client_id, Blob{tokens.refresh_token}, Blob{tokens.access_token},
        tokens.expires_at, tokens.updated_at, consented);
}

void end_consent(Database& db, const std::string& installation_id, Timestamp now) {
    db.run(
        "UPDATE connection_token SET state = 'needs_consent', refresh_token = x'', access_token = x'', "
        "expires_at = NULL, updated_at = ? WHERE installation_id = ?",
        now, installation_id);
}

bool forget_tokens(Database& db, const std::string& installation_id) {
    db.run("DELETE FROM pending_authorization WHERE installation_id = ?", installation_id);
    return db.run("DELETE FROM connection_token WHERE installation_id = ?", installation_id) > 0;
}

void begin_authorization(Database& db, const PendingAuthorization& pending) {
    db.run("DELETE FROM pending_authorization WHERE created_at < ?", pending.created_at - authorization_lifetime);
    db.run(
        "DELETE FROM pending_authorization WHERE state_digest IN (SELECT state_digest FROM pending_authorization "
        "ORDER BY created_at DESC LIMIT -1 OFFSET ?)",
        pending_max - 1);
    db.run(
        "INSERT INTO pending_authorization (state_digest, installation_id, browser_digest, verifier, redirect_uri, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?)",
        pending.state_digest, pending.installation_id, pending.browser_digest, Blob{pending.verifier},
        pending.redirect_uri, pending.created_at);
}

std::optional<PendingAuthorization> take_authorization(Database& db, const std::string& state_digest, Timestamp now) {
    PendingAuthorization pending{.state_digest = state_digest};
    {
        auto row = db.query(
            "SELECT installation_id, browser_digest, verifier, redirect_uri, created_at FROM pending_authorization "
            "WHERE state_digest = ?");
        row.bind(state_digest);
        if (!row.step()) return std::nullopt;
        pending.installation_id = row.text(0);
        pending.browser_digest = row.text(1);
        pending.verifier = row.text(2);
        pending.redirect_uri = row.text(3);
        pending.created_at = row.time(4).value_or(Timestamp{});
    }
    db.run("DELETE FROM pending_authorization WHERE state_digest = ?", state_digest);
    const bool fresh = std::chrono::abs(now - pending.created_at) <= authorization_lifetime;
    return fresh ? std::optional(pending) : std::nullopt;
}

}  // namespace syncd::storage
