// A write as a request, and what its answer says. Pure.
#pragma once

#include "config/core/error.hpp"
#include "config/core/model.hpp"
#include "connector/bentley/catalog.hpp"
#include "connector/http/message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncd::bentley {

/// A request without the token.
struct WriteRequest {
    std::string method, url;
    http::Headers headers;
    std::string body;
};

/// What a write left at the provider.
struct Written {
    std::string id;           // empty where the answer has none
    std::string data = "{}";  // the record's JSON, byte for byte
};

/// The request of a write. `id`: for updates and deletes. `record`: the body, valid JSON; a member that only repeats
/// the id is left out, others that the path or a header takes are read from it. Errors: invalid_input naming the field
/// (the provider has no such write, no id, a parameter of the path is missing).
result<WriteRequest> write_request(const Object& object, WriteType type, std::string_view base_url, std::string_view id,
                                   std::string_view record);
/// Where an update replaces (PUT): the read of what is there. Empty otherwise.
std::optional<WriteRequest> read_before_update(const Object& object, std::string_view base_url, std::string_view id);
/// The body of such an update: what was read, less its wrapper and what only the provider sets, with the given fields
/// laid over. Errors: invalid_body.
result<std::string> overlay(const Object& object, std::string_view read_body, std::string_view record);

/// A 2xx answer; `id` is that of the request, for updates and deletes. Its body may be empty; one of a create must have
/// the id then, or 201 or 202 as its status. Errors: invalid_body (what stands between us and the provider answers with
/// pages of its own, or an answer was cut short: whether it was carried out is not known).
result<Written> parse_written(const Object& object, WriteType type, std::string_view id,
                              const http::Response& response);

/// The names in braces in a path, but {id}.
std::vector<std::string> path_fields(std::string_view path);

/// Whether it starts work that is paid for or uses up a small quota: never sent twice.
bool starts_paid_work(const Object& object, WriteType type, std::string_view record);

/// The id in the record of an update or delete: member `id`, or what the object calls its key (`name`, `jobId`). Empty
/// when absent.
std::string record_id(const Object& object, std::string_view record);

}  // namespace syncd::bentley
