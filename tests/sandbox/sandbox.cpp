#include "tests/sandbox/sandbox.hpp"

#include "tests/sandbox/control.hpp"

#include <fmt/format.h>

namespace syncd::sandbox {

struct Sandbox::Parts {
    Parts(World& world, Options options)
        : data(world, options.seed, fmt::format("{}@apps.imsoidc.bentley.com", options.client_id)),
          tokens(world, options.seed, options.client_id, options.client_secret, options.token_lifetime),
          provider(world, data, tokens, options.origin, options.foreign_origin),
          receiver(world, options.webhook_secrets, options.log), control(data, tokens, provider, receiver) {
        const std::pair<const char*, std::size_t> counts[] = {{"itwins", options.itwins},
                                                              {"itwins/recents", options.recents},
                                                              {"itwins/favorites", options.favorites},
                                                              {"curated-content/cesium", options.cesium},
                                                              {"contextcapture/jobs", options.jobs}};
        for (const auto& [name, count] : counts) data.fill(*find_object(name), count);
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
    if (!call.path.starts_with(control_path)) co_return co_await parts_->provider.handle(std::move(call));
    if (parts_->tokens.knows(call.headers.get("Authorization"))) parts_->provider.traffic().note_token_astray();
    co_return parts_->control.handle(call);
}

awaitable<http::Response> Sandbox::receiver(http::Request request) {
    return parts_->receiver.handle(std::move(request));
}

}  // namespace syncd::sandbox
