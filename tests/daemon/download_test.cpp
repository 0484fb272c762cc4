#include "daemon/download.hpp"

#include "tests/support/builders.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using namespace std::chrono_literals;
using testing::at;

const Downloads downloads("https://sync.example.com", Secret("key"));

std::string query_of(const std::string& link) { return link.substr(link.find('?') + 1); }

TEST(Download, ALinkIsUnderThePublicUrlAndGoodForAQuarterOfAnHour) {
    const auto link = downloads.link("msg_1", at(0));
    const auto query = query_of(link);

    EXPECT_TRUE(link.starts_with("https://sync.example.com/downloads/msg_1?expires="));
    EXPECT_TRUE(downloads.is_valid("msg_1", query, at(0)));
    EXPECT_TRUE(downloads.is_valid("msg_1", query, at(0) + 15min));
    EXPECT_FALSE(downloads.is_valid("msg_1", query, at(1) + 15min));
}

TEST(Download, ALinkIsForItsDeliveryAndItsKeyOnly) {
    const auto query = query_of(downloads.link("msg_1", at(0)));

    EXPECT_FALSE(downloads.is_valid("msg_2", query, at(0)));
    EXPECT_FALSE(Downloads("https://sync.example.com", Secret("other")).is_valid("msg_1", query, at(0)));
}

TEST(Download, NothingOfItCanBeChanged) {
    const auto query = query_of(downloads.link("msg_1", at(0)));
    for (std::size_t i = 0; i < query.size(); ++i) {
        auto forged = query;
        forged[i] = forged[i] == '1' ? '2' : '1';
        EXPECT_FALSE(downloads.is_valid("msg_1", forged, at(0))) << forged;
    }
    for (std::size_t bytes = 0; bytes < query.size(); ++bytes)
        EXPECT_FALSE(downloads.is_valid("msg_1", query.substr(0, bytes), at(0)));
    EXPECT_FALSE(downloads.is_valid("msg_1", query + "0", at(0)));
    EXPECT_FALSE(downloads.is_valid("msg_1", query + "&x=1", at(0)));
}

TEST(Download, OddQueriesAreNotValid) {
    for (const auto* query :
         {"", "?", "expires=", "expires=&signature=", "signature=x&expires=1",
          "expires=99999999999999999999999&signature=x", "expires=x&signature=", "expires=-1&signature=00"})
        EXPECT_FALSE(downloads.is_valid("msg_1", query, at(0))) << query;
    EXPECT_FALSE(downloads.is_valid("msg_1", std::string(1u << 20, '&'), at(0)));
}

}  // namespace
}  // namespace syncd
