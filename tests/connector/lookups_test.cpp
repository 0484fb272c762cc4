// Names that take their time: this program's getaddrinfo holds those that end in .slow.test.
#include "tests/connector/loopback.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <condition_variable>
#include <mutex>
#include <string_view>

namespace {

std::mutex mutex;
std::condition_variable changed;
bool held = false;
int waiting = 0;

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* port, const addrinfo* hints, addrinfo** found) {
    if (host && std::string_view(host).ends_with(".slow.test")) {
        std::unique_lock lock(mutex);
        ++waiting;
        changed.notify_all();
        changed.wait(lock, [] { return !held; });
        --waiting;
        changed.notify_all();
        return EAI_NONAME;
    }
    static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(host, port, hints, found);
}

namespace syncd::http {
namespace {

using namespace std::chrono_literals;

/// Holds slow names until it goes.
struct Held {
    Held() {
        const std::lock_guard lock(mutex);
        held = true;
    }
    ~Held() {
        std::unique_lock lock(mutex);
        held = false;
        changed.notify_all();
        changed.wait(lock, [] { return waiting == 0; });
    }
    static void wait_for(int lookups) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return waiting == lookups; });
    }
};

TEST(Lookups, ASlowNameHoldsUpNobodyElseHoweverOftenItIsAskedForAndIsNotWaitedForAtTheEnd) {
    const Held hold;
    Loopback loopback;
    const auto port = loopback.serve(echo);
    for (int i = 0; i < 10; ++i) {
        const auto given_up = testing::run(loopback.context, loopback.world->connect({"a.slow.test", port}, 10ms));
        EXPECT_FALSE(given_up.stream);
        EXPECT_EQ(given_up.failure.code, asio::error::timed_out);
        EXPECT_EQ(given_up.failure.message, fmt::format("resolving a.slow.test:{}: no answer in time", port));
    }
    Held::wait_for(1);

    EXPECT_EQ(loopback.send(port, {}, {}, "http://localhost")->body, "GET / ");
}

TEST(Lookups, ANameThatIsNoneIsAnError) {
    Loopback loopback;
    const auto none = testing::run(loopback.context, loopback.world->connect({"b.slow.test", 1}, 1h));
    EXPECT_FALSE(none.stream);
    EXPECT_EQ(none.failure.code, asio::error::host_not_found);
}

}  // namespace
}  // namespace syncd::http
