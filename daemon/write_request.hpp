// A write request as it comes and its answer as it goes, in Ampersand's shapes. Pure.
#pragma once

#include "connector/bentley/rules.hpp"
#include "daemon/write_service.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace syncd {

struct WriteRequest {
    std::string group_ref;
    WriteOrder order;  // without its object and key
};

/// Errors: invalid_input naming the member and what is allowed.
result<WriteRequest> parse_write_request(std::string_view body);

struct WriteReply {
    int status = 200;  // of HTTP: 200, 202 (goes on, or its outcome is unknown), 422
    std::string body;  // JSON
};

/// What became of the operation's writes; `answers` are the records as the provider answered them, JSON or empty.
WriteReply write_reply(const std::string& operation_id, bool batch, const std::vector<storage::Write>& writes,
                       const std::vector<std::string>& answers);
/// A request of which nothing was queued; `batch`: how many records it had, if it was one.
WriteReply write_refusal(const std::string& operation_id, const std::vector<bentley::Fault>& faults,
                         std::optional<std::size_t> batch = {});

}  // namespace syncd
