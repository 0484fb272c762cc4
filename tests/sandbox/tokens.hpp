// The token endpoint: client_credentials, authorization_code and refresh_token.
#pragma once

#include "connector/world/world.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/users.hpp"

#include <map>
#include <string>
#include <string_view>

namespace syncd::sandbox {

/// A client without a secret, for users only.
inline constexpr std::string_view public_client = "sandbox-native";

class Tokens {
public:
    Tokens(World& world, std::uint64_t seed, std::string client_id, std::string client_secret, Duration lifetime);

    /// GET and POST /connect/authorize.
    http::Response authorize(const Call& call);
    /// POST /connect/token.
    http::Response issue(const Call& call);
    /// Empty when the call may pass; else the 401 as documented.
    std::optional<http::Response> refusal(const Call& call) const;
    /// Whether the header carries a token that was issued here, valid or not.
    bool knows(std::string_view authorization) const;

    void revoke_all();
    /// A token that another server issued passes here too.
    void accept(const std::string& token, Duration lifetime) { expiry_[token] = world_.tick() + lifetime; }
    void set_lifetime(Duration lifetime) { lifetime_ = lifetime; }
    void set_secret(std::string secret) { client_secret_ = std::move(secret); }
    Users& users() { return users_; }
    /// Of grants that were asked for by name, good or not: a JSON object.
    std::string describe_grants() const;
    std::uint64_t issued() const { return issued_; }
    std::uint64_t refused() const { return refused_; }

private:
    http::Response grant_access(const std::string& scope, const std::string& refresh_token);
    /// `form` has its fields as parameters.
    http::Response grant_of_user(const std::string& type, const Call& form, const std::string& client_id);
    http::Response refuse(int status, std::string_view error);

    World& world_;
    std::uint64_t seed_;
    std::string client_id_, client_secret_;
    Duration lifetime_;
    std::map<std::string, Tick, std::less<>> expiry_;  // by token; revoked ones stay, expired
    std::map<std::string, std::uint64_t> grants_;
    Users users_;
    std::uint64_t issued_ = 0, refused_ = 0;
};

}  // namespace syncd::sandbox
