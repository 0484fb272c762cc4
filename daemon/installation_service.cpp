#include "daemon/installation_service.hpp"

#include "daemon/token_store.hpp"

namespace syncd {

InstallationService::InstallationService(const Shared& shared, const config::Installation& installation,
                                         Timestamp updated_at, http::Budget& budget)
    : connector_(shared.world, shared.client, shared.config.provider, installation.connection, budget,
                 make_token_store(shared.world, shared.store, shared.cipher, shared.log, installation, shared.notifier,
                                  shared.ring)),
      context_{shared.world,    shared.store,      connector_, budget,        shared.log,
               shared.config,   installation,      updated_at, shared.ring,   shared.stopping,
               shared.notifier, shared.reads_wait, written_,   shared.metrics},
      health_(context_),
      scheduler_(context_, readers_, health_),
      writes_(context_, shared.catalog, shared.cipher, written_) {
    for (const auto& object : installation.objects)
        readers_.push_back(std::make_unique<ObjectReader>(context_, object, *shared.catalog.find(object.object)));
    connector_.on_sign([this](const std::optional<Error>& refused) {
        health_.hear(refused);
        if (!refused) writes_.resume();
    });
}

void InstallationService::try_again() {
    connector_.tokens().ask_again();
    writes_.resume();
}

awaitable<void> InstallationService::settle() {
    co_await health_.settle();
    co_await connector_.tokens().save_again();
}

awaitable<void> InstallationService::prepare() { co_await connector_.tokens().load(); }

awaitable<result<void>> InstallationService::sign_in(Secret code, Secret verifier, std::string redirect_uri) {
    auto& tokens = connector_.tokens();
    auto done = co_await tokens.redeem(std::move(code), std::move(verifier), std::move(redirect_uri));
    const auto& id = context_.installation.id;
    if (done)
        context_.log.info("connection.signed_in", {{"installation", id}});
    else
        context_.log.warn("connection.not_signed_in", {{"installation", id}, {"error", done.error().message}});
    if (!tokens.needs_consent()) {
        co_await health_.note({.success = true});
        scheduler_.wake();
        writes_.wake();
    }
    co_return done;
}

awaitable<bool> InstallationService::sign_out() {
    bool had_tokens = false;
    const auto notices = context_.notifier.connection(ConnectionEvent::deleted, context_.installation);
    const auto forget = [&notices](const ReaderContext& context, bool& had) -> awaitable<void> {
        had = co_await context.store.forget_tokens(context.installation.id, notices, context.world.now());
    };
    co_await connector_.tokens().sign_out([&] { return forget(context_, had_tokens); });
    context_.ring_for(notices);
    context_.log.info("connection.signed_out", {{"installation", context_.installation.id}});
    if (const auto& missing = connector_.tokens().needs_consent()) co_await health_.set(false, missing->message);
    co_return had_tokens;
}

awaitable<ReadOutcome> InstallationService::read(ObjectReader& reader, ReadOrder order) {
    auto outcome = co_await reader.read(order);
    co_await health_.note(outcome);
    co_return outcome;
}

}  // namespace syncd
