// One error type for everything that may be expected to go wrong: a class for machines, a sentence for people.
#pragma once

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace syncd {

/// What kind of failure it is. Retry, health and exit codes depend on this, never on the text.
enum class errc {
    transient = 1,  // 5xx, reset, refused, DNS: the same request may work later
    timed_out,      // a deadline of ours passed
    rate_limited,   // 429; `retry_after` when the peer named one
    unauthorized,   // 401: the token is not accepted
    forbidden,      // 403
    not_found,      // 404, 410
    too_large,      // 413, or a body over one of our limits
    unprocessable,  // 422
    refused,        // any other 4xx
    invalid_body,   // an answer that is not what the provider documents: never taken for data
    conflict,       // what is asked for is under way already
    invalid_input,  // what the user gave us is wrong
    cancelled,      // we are stopping
    internal,       // our environment is broken: disk, memory, schema
};

std::string_view to_string(errc code);

/// `message` names the thing and, where there is one, the remedy; it holds no secrets and no URL query.
struct [[nodiscard]] Error {
    errc code{};
    std::string message;
    int http_status = 0;                                // 0: no answer
    std::optional<std::chrono::seconds> retry_after{};  // as the peer asked
    bool sent = true;                                   // false: certainly never reached the peer
    bool stale = false;          // a kept-alive connection had been closed: the same request may be sent again at once
    bool needs_consent = false;  // unauthorized until a user signs in: trying again is of no use
};

template <class T>
using result = boost::system::result<T, Error>;

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace syncd
