#include "daemon/token_store.hpp"

namespace syncd {
namespace {

struct Keeper {
    World& world;
    storage::Store& store;
    const Cipher& cipher;
    const Log& log;
    const config::Installation& installation;
    const Notifier& notifier;
    std::function<void(const std::string& destination)> ring;

    std::string seal(const Secret& text) const {
        return cipher.seal(text.reveal(), storage::place_of_tokens(installation.id), [this] { return world.random(); });
    }
};

awaitable<result<std::optional<oauth::Tokens>>> load(Keeper keeper) {
    const auto kept = co_await keeper.store.load_tokens(keeper.installation.id);
    const bool usable = kept && !kept->needs_consent && kept->client_id == keeper.installation.connection.client_id;
    if (!usable) co_return std::optional<oauth::Tokens>();
    const auto place = storage::place_of_tokens(kept->installation_id);
    const auto refresh = keeper.cipher.open(kept->refresh_token, place);
    if (!refresh) co_return refresh.error();
    const auto access = keeper.cipher.open(kept->access_token, place);
    if (!access) co_return access.error();
    co_return oauth::Tokens{Secret(*refresh), Secret(*access), kept->expires_at.value_or(Timestamp{})};
}

awaitable<void> save(Keeper keeper, oauth::Tokens tokens, bool consented) {
    storage::ConsentNotices told;
    if (consented)
        told = {keeper.notifier.connection(ConnectionEvent::created, keeper.installation),
                keeper.notifier.connection(ConnectionEvent::updated, keeper.installation)};
    try {
        co_await keeper.store.save_tokens({.installation_id = keeper.installation.id,
                                           .client_id = keeper.installation.connection.client_id,
                                           .refresh_token = keeper.seal(tokens.refresh_token),
                                           .access_token = keeper.seal(tokens.access_token),
                                           .expires_at = tokens.expires_at,
                                           .updated_at = keeper.world.now()},
                                          consented, told);
        for (const auto& notice : told.first) keeper.ring(notice.destination);
        for (const auto& notice : told.again) keeper.ring(notice.destination);
    } catch (const std::exception& broken) {
        keeper.log.error("tokens.not_saved", {{"installation", keeper.installation.id}, {"error", broken.what()}});
        throw;
    }
}

awaitable<void> end(Keeper keeper) { co_await keeper.store.end_consent(keeper.installation.id, keeper.world.now()); }

}  // namespace

oauth::TokenStore make_token_store(World& world, storage::Store& store, const Cipher& cipher, const Log& log,
                                   const config::Installation& installation, const Notifier& notifier,
                                   std::function<void(const std::string& destination)> ring) {
    const Keeper keeper{world, store, cipher, log, installation, notifier, std::move(ring)};
    return {
        .load = [keeper] { return load(keeper); },
        .save = [keeper](oauth::Tokens tokens, bool consented) { return save(keeper, std::move(tokens), consented); },
        .end = [keeper] { return end(keeper); }};
}

}  // namespace syncd
