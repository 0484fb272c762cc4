#include "tests/sandbox/sandbox.hpp"

#include "tests/sandbox/control.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace syncd::sandbox {

struct Sandbox::Parts {
    Parts(World& world, Options options)
        : data(world, options.seed, fmt::format("{}@apps.imsoidc.bentley.com", options.client_id)),
          tokens(world, options.seed, options.client_id, options.client_secret, options.token_lifetime),
          provider(world, data, tokens, options.origin, options.foreign_origin),
          receiver(world, options.webhook_secrets, options.log), control(data, tokens, provider, receiver) {
        fill(options);
    }

    void fill(const Options& options) {
        std::map<const ObjectRow*, std::size_t> counts, others;
        for (const auto& row : objects()) {
            counts[&row] = row.at_start;
            others[&row] = 0;
        }
        counts[&known("itwins")] = options.itwins;
        counts[&known("itwins/recents")] = options.recents;
        counts[&known("itwins/favorites")] = options.favorites;
        counts[&known("curated-content/cesium")] = options.cesium;
        counts[&known("contextcapture/jobs")] = options.jobs;
        for (const auto& [name, count] : options.counts) counts[&known(name)] = count;
        const auto& reality_data = known("reality-management/reality-data");
        others[&reality_data] = counts[&reality_data] / 2;
        for (const auto& [name, count] : options.others) {
            if (known(name).owner_member.empty()) throw std::invalid_argument(name + ": its records have no owner");
            others[&known(name)] = count;
        }
        for (const auto& row : objects()) data.fill(row, counts[&row], others[&row]);
    }

    static const ObjectRow& known(const std::string& name) {
        if (const auto* row = find_object(name)) return *row;
        throw std::invalid_argument(name + ": not an object");
    }

    Data data;
    Tokens tokens;
    Provider provider;
    Receiver receiver;
    Control control;
};

Sandbox::Sandbox(World& world, Options options) : parts_(new Parts(world, std::move(options))) {}
Sandbox::~Sandbox() = default;

awaitable<http::Response> Sandbox::provider(http::Request request) {
    Call call = take_apart(std::move(request));
    if (call.path == authorize_path) co_return parts_->tokens.authorize(call);
    if (!call.path.starts_with(control_path)) co_return co_await parts_->provider.handle(std::move(call));
    if (parts_->tokens.knows(call.headers.get("Authorization"))) parts_->provider.traffic().note_token_astray();
    co_return parts_->control.handle(call);
}

awaitable<http::Response> Sandbox::receiver(http::Request request) {
    return parts_->receiver.handle(std::move(request));
}

}  // namespace syncd::sandbox
