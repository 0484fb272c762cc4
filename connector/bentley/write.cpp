#include "connector/bentley/write.hpp"

#include "config/core/json.hpp"
#include "connector/http/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace syncd::bentley {
namespace {

Error wrong(std::string message) { return {.code = errc::invalid_input, .message = std::move(message), .sent = false}; }
Error unreadable(std::string message) {
    return {.code = errc::invalid_body, .message = std::move(message), .http_status = 200};
}

const WriteCall* call_of(const Object& object, WriteType type) {
    if (!object.write) return nullptr;
    const auto& write = *object.write;
    if (type == WriteType::create) return &write.create;
    const auto& call = type == WriteType::update ? write.update : write.remove;
    return call ? &*call : nullptr;
}

void replace(std::string& text, std::string_view what, std::string_view with) {
    if (const auto at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
}

std::string text_at(std::string_view object, const std::string& name) {
    const auto value = json::find(object, name);
    return value ? json::as_text(*value).value_or("") : std::string();
}

/// A path segment; . and .. would be taken for steps in the path.
std::string segment(std::string_view text) {
    if (text == "." || text == "..") return text.size() == 1 ? "%2E" : "%2E%2E";
    return http::percent_encode(text);
}

result<std::string> url_of(const WriteCall& call, std::string_view base_url, std::string_view id,
                           std::string_view record) {
    auto path = call.path;
    if (path.find("{id}") != std::string::npos && id.empty()) return wrong("id: is required");
    for (const auto& name : path_fields(call.path)) {
        const auto value = text_at(record, name);
        if (value.empty()) return wrong(name + ": is required, the address is made of it");
        replace(path, "{" + name + "}", segment(value));
    }
    replace(path, "{id}", segment(id));  // last: an id may look like a place
    return std::string(base_url) + path;
}

/// The members of `record` for which `keep` is true; the record as it stands where that is all of them.
template <class Keep>
std::string filtered(std::string_view record, Keep keep) {
    const auto members = json::members(record);
    if (std::ranges::all_of(members, keep)) return std::string(record);
    std::string out = "{";
    for (const auto& member : members) {
        if (!keep(member)) continue;
        if (out.size() > 1) out += ",";
        json::append_quoted(out, member.key);
        out.append(":").append(member.value);
    }
    return out + "}";
}

/// The id in the record again, under `id` or the object's own word for it.
bool repeats_id(const Object& object, const json::Member& member, std::string_view id) {
    if (member.key == "id") return true;
    return member.key == object.write->create.id_at.back() && json::as_text(member.value) == id;
}

bool is_header_value(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

/// Digs out what is read as `field`; empty: it is not there, or null.
std::string source(const Overlay& overlay, const std::string& field, std::string_view read) {
    const auto found = overlay.sources.find(field);
    const auto value = found == overlay.sources.end() ? json::find(read, field) : json::find(read, found->second.at);
    if (!value || json::kind(*value) == json::Kind::null) return {};
    if (found == overlay.sources.end() || !found->second.link) return std::string(*value);
    const auto linked = [](std::string_view link) -> std::string {
        auto href = text_at(link, "href");
        href = href.substr(0, href.find_first_of("?#"));
        while (href.ends_with('/')) href.pop_back();
        const auto id = http::percent_decode(href.substr(href.rfind('/') + 1));
        return id.empty() ? id : json::quote(id);
    };
    if (json::kind(*value) == json::Kind::object) return linked(*value);
    std::string out;
    for (const auto element : json::elements(*value))
        if (const auto id = linked(element); !id.empty()) out += (out.empty() ? "" : ",") + id;
    return "[" + out + "]";
}

}  // namespace

std::vector<std::string> path_fields(std::string_view path) {
    std::vector<std::string> names;
    for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
        const auto close = std::min(path.find('}', open), path.size());
        if (const auto name = path.substr(open + 1, close - open - 1); name != "id") names.emplace_back(name);
    }
    return names;
}

result<WriteRequest> write_request(const Object& object, WriteType type, std::string_view base_url, std::string_view id,
                                   std::string_view record) {
    const auto* call = call_of(object, type);
    if (call == nullptr) return wrong(fmt::format("type: the provider has no {} of {}", to_string(type), object.name));
    auto url = url_of(*call, base_url, id, record);
    if (!url) return url.error();
    WriteRequest request{
        .method = call->method, .url = std::move(*url), .headers = {{"Accept", call->accept}}, .body = {}};
    if (type == WriteType::remove) return request;
    for (const auto& name : call->headers) {
        const auto value = text_at(record, name);
        if (!is_header_value(value)) return wrong(name + ": can't be a header");
        if (!value.empty()) request.headers.add(name, value);
    }
    request.headers.add("Content-Type", "application/json");
    const auto in_path = path_fields(call->path);
    request.body = filtered(record, [&](const json::Member& member) {
        if (std::ranges::find(call->headers, member.key) != call->headers.end()) return false;
        if (type == WriteType::create) return true;
        return !repeats_id(object, member, id) && std::ranges::find(in_path, member.key) == in_path.end();
    });
    return request;
}

std::optional<WriteRequest> read_before_update(const Object& object, std::string_view base_url, std::string_view id) {
    const auto* call = call_of(object, WriteType::update);
    if (call == nullptr || !call->overlay) return std::nullopt;
    auto url = url_of(*call, base_url, id, "{}");
    if (!url) return std::nullopt;
    return WriteRequest{.method = "GET", .url = std::move(*url), .headers = {{"Accept", call->accept}}, .body = {}};
}

result<std::string> overlay(const Object& object, std::string_view read_body, std::string_view record) {
    const auto* call = call_of(object, WriteType::update);
    if (call == nullptr || !call->overlay) return std::string(record);
    if (auto valid = json::validate(read_body); !valid) return unreadable(valid.error().message);
    const auto read = call->wrapper.empty() ? read_body : json::find(read_body, call->wrapper).value_or("null");
    if (json::kind(read) != json::Kind::object)
        return unreadable(fmt::format("the answer has no \"{}\" to lay the update over", call->wrapper));
    std::map<std::string, std::string> fields;
    const auto take = [&](const std::string& name) {
        if (auto value = source(*call->overlay, name, read); !value.empty()) fields[name] = std::move(value);
    };
    if (call->fields.empty()) {
        for (const auto& [name, type] : object.write->required) take(name);
        for (const auto& [name, type] : object.write->optional) take(name);
    }
    for (const auto& name : call->fields) take(name);
    for (const auto& [name, value] : json::members(record)) fields[name] = value;
    std::string out;
    for (const auto& [name, value] : fields)
        out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json::quote(name), value);
    return "{" + out + "}";
}

result<Written> parse_written(const Object& object, WriteType type, std::string_view id,
                              const http::Response& response) {
    Written written;
    if (type != WriteType::create) written.id = id;
    const std::string_view body = response.body;
    const bool empty = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (!empty && !json::validate(body))
        return Error{errc::invalid_body, fmt::format("HTTP {}, but its body is not the provider's", response.status)};
    const auto* call = call_of(object, type);
    if (call != nullptr && !empty) {
        const auto record = call->wrapper.empty() ? std::optional(body) : json::find(body, call->wrapper);
        if (record && json::kind(*record) == json::Kind::object) written.data = *record;
        const auto value = type == WriteType::create ? json::find(body, call->id_at) : std::nullopt;
        if (value) written.id = json::as_text(*value).value_or("");
    }
    const bool says_created = response.status == 201 || response.status == 202;
    if (written.id.empty() && !says_created)
        return Error{errc::invalid_body, fmt::format("HTTP {}, but without the record's id", response.status)};
    return written;
}

bool starts_paid_work(const Object& object, WriteType type, std::string_view record) {
    const auto* call = call_of(object, type);
    if (call == nullptr || type == WriteType::remove) return false;
    if (type == WriteType::create) return call->charged;
    return call->starts && http::Headers::same(text_at(record, call->starts->field), call->starts->value);
}

std::string record_id(const Object& object, std::string_view record) {
    if (auto id = text_at(record, "id"); !id.empty() || !object.write) return id;
    return text_at(record, object.write->create.id_at.back());
}

}  // namespace syncd::bentley
