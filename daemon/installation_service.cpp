#include "daemon/installation_service.hpp"

namespace syncd {

InstallationService::InstallationService(const Shared& shared, const config::Installation& installation,
                                         Timestamp updated_at, http::Budget& budget)
    : connector_(shared.world, shared.client, shared.config.provider, installation.connection, budget),
      context_{shared.world,    shared.store,      connector_, budget,        shared.log,
               shared.config,   installation,      updated_at, shared.ring,   shared.stopping,
               shared.notifier, shared.reads_wait, written_,   shared.metrics},
      health_(context_),
      scheduler_(context_, readers_, health_),
      writes_(context_, shared.catalog, shared.cipher, written_) {
    for (const auto& object : installation.objects)
        readers_.push_back(std::make_unique<ObjectReader>(context_, object, *shared.catalog.find(object.object)));
}

awaitable<ReadOutcome> InstallationService::read(ObjectReader& reader, ReadOrder order) {
    auto outcome = co_await reader.read(order);
    co_await health_.note(outcome);
    co_return outcome;
}

}  // namespace syncd
