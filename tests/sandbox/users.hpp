// Users who consent: the authorize page, authorization codes with PKCE, and refresh tokens that rotate.
#pragma once

#include "connector/world/world.hpp"
#include "tests/sandbox/call.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace syncd::sandbox {

inline constexpr std::string_view authorize_path = "/connect/authorize";

class Users {
public:
    Users(World& world, std::uint64_t seed) : world_(world), seed_(seed) {}

    /// GET /connect/authorize: the page that asks. POST of its form, with `decision`: back to the redirect_uri.
    http::Response authorize(const Call& call, const std::set<std::string>& clients);

    /// What a grant is answered with: the error, or empty and the refresh token (empty without offline_access).
    struct Redeemed {
        std::string error, refresh_token;
    };
    Redeemed redeem_code(const Call& form, const std::string& client_id);
    Redeemed refresh(const Call& form, const std::string& client_id);

    /// Every consent ends: the next refresh answers invalid_grant.
    void revoke();
    /// How long a refresh token that was used up is taken once more; 0: using it again ends the consent.
    void set_grace(Duration grace) { grace_ = grace; }
    void set_rotation(bool rotates) { rotates_ = rotates; }

private:
    struct Code {
        std::string client_id, redirect_uri, challenge, scope;
        Tick ends;
        std::uint64_t family = 0;  // it was redeemed for; 0: not yet
    };
    struct Refresh {
        std::string client_id;
        std::uint64_t family = 0;
        std::optional<Tick> used_at;
    };
    std::string make(std::string_view kind);
    std::string new_refresh_token(const std::string& client_id, std::uint64_t family);

    World& world_;
    std::uint64_t seed_, made_ = 0, families_ = 0;
    std::map<std::string, Code> codes_;
    std::map<std::string, Refresh> refresh_tokens_;
    std::set<std::uint64_t> ended_;  // families
    Duration grace_{};
    bool rotates_ = true;
};

}  // namespace syncd::sandbox
