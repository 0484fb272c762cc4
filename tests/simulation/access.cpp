// What the daemon's customers do in a simulated world: they call its server.
#include "tests/simulation/secrets.hpp"
#include "tests/simulation/simulated_world.hpp"

#include <fmt/format.h>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr int tries_max = 6;  // of an order whose answers are lost

}  // namespace

void SimulatedWorld::build_access() {
    network_.port().overhear([this](std::string_view bytes) {
        check_secrets(journal_, bytes, Place::elsewhere, "an answer to a customer");
    });
    provider_.pass_to([this](const Arrival& arrival, const std::string& installation, std::optional<Reply> refused) {
        return passages_.answer(arrival, installation, std::move(refused));
    });
    if (scenario_.access.users) build_users();
}

void SimulatedWorld::check_disk() {
    disk_.look([this](const std::string& path, std::string_view bytes) {
        check_secrets(journal_, bytes, Place::elsewhere, path);
    });
}

/// A customer's request through the proxy.
void SimulatedWorld::pass(const std::string& installation) {
    http::Request request;
    const auto number = passages_.begin(installation, request);
    network_.port().call(request, [this, number](const Heard& heard) {
        passages_.heard(number, heard, loop_.tick() <= undisturbed_since_);
    });
}

/// The order over HTTP; who hears no answer comes again with the same key.
void SimulatedWorld::call_to_write(Order* order, bool other, int tries) {
    auto request = writer_.call(*order, other);
    CallOf call{.other = other, .wrong_key = faults_.strike(Fault::wrong_key, access_chance_)};
    const auto key = call.wrong_key ? wrong_key : customers_key;
    if (access_chance_.one_in(2))
        request.headers.add("X-Api-Key", key);
    else
        request.headers.add("Authorization", fmt::format("Bearer {}", key));
    order->asked = order->asked || !call.wrong_key;
    network_.port().call(request, [this, order, other, tries, call](const Heard& heard) mutable {
        call.troubled = loop_.tick() <= undisturbed_since_;
        if (writer_.heard(*order, call, heard) || tries >= tries_max) return;
        loop_.after(access_chance_.between(Duration{100ms}, Duration{2min}), [this, order, other, tries] {
            if (!peace_) call_to_write(order, other, tries + 1);
        });
    });
}

}  // namespace syncd::simulation
