// Faults on order: which of the coming requests go wrong, and how. Used by the provider and by the receiver.
#pragma once

#include "config/core/error.hpp"
#include "config/core/time.hpp"
#include "connector/http/message.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace syncd::sandbox {

inline constexpr std::size_t faults_max = 1000;  // on order at a time

enum class FaultKind {
    status,        // answers `status`
    reset,         // closes the connection unanswered, before anything was done
    close,         // does everything, then closes the connection unanswered
    hang,          // says nothing for delayMs (an hour without it), then closes
    slow,          // a right answer, after delayMs
    truncate,      // half of the body
    garbage,       // 200 with bytes that are no JSON
    html,          // 200 with a gateway's page
    foreign_next,  // the next link goes to `url`, another host
    loop,          // the next link is the page's own
    null_next,     // "next":null on the last page
    no_next,       // the next link is missing
    wrong_key,     // the array has another name
    no_id,         // the first record has no id
    omit,          // the first record is missing
    twice,         // the first record stands there twice
    empty,         // a page without rows, with its next link
    body,          // answers `body` with `status`, as it stands
    date,          // a right answer whose Date is `offsetSeconds` off
};

/// What a fault may ask of a request beside its path. Empty: unknown.
struct Subject {
    std::string_view method{};
    std::string_view object{};             // full name
    std::string_view operation{};          // create, update, delete or read
};

struct Fault {
    std::string path{};                    // slash at the end and case aside; `/itwins*`: a prefix; empty: any
    std::string method{};                  // empty: any
    std::string object{};                  // full name; empty: any
    std::string operation{};               // create, update, delete, read, write (any of the first three); empty: any
    double probability = 1;                // of each fitting request, drawn from `seed`: the same ones each time
    std::uint64_t seed = 1;
    std::string contains{};                // only where the decoded query contains this
    FaultKind kind = FaultKind::status;
    int status = 503;
    std::int64_t count = 1;                // requests that go wrong; -1: for ever
    std::int64_t after = 0;                // fitting requests that pass first (`afterPages`)
    std::int64_t every = 1;                // then only each n-th fitting request
    std::optional<std::int64_t> retry_after{};
    Duration delay{};
    std::string url{};
    std::string body{}, content_type = "application/json";
    http::Headers headers{};               // added to the answer, whatever the kind
    Duration date_offset{};
    bool processed = false;                // does everything (receiver: takes the message in) before it goes wrong
    std::int64_t seen = 0, served = 0;
};

/// {"path":"/itwins/","kind":"status","status":429,"count":3,"afterPages":0,"every":1,"retryAfter":2,"delayMs":0,
/// "method":"POST","object":"itwins","operation":"create","probability":0.2,"seed":7,
/// "url":"…","contains":"…","processed":false,"body":"…","contentType":"text/plain","headers":{"Name":"value"},
/// "offsetSeconds":-7200}. The status is 503 unless it is given, 200 of a `body`.
/// Errors: invalid_input naming the member and what is allowed.
result<Fault> parse_fault(std::string_view json);
std::string_view to_string(FaultKind kind);

class Faults {
public:
    /// Errors: too_large when faults_max is reached.
    result<void> add(Fault fault);
    void clear() { faults_.clear(); }
    /// The fault that this request meets, if any: the first fitting one on order.
    std::optional<Fault> take(std::string_view path, std::string_view query, Subject subject = {});
    /// JSON list of what is left.
    std::string describe() const;
    std::uint64_t served() const { return served_; }

private:
    std::deque<Fault> faults_;
    std::uint64_t served_ = 0;
};

}  // namespace syncd::sandbox
