#include "config/settings.hpp"

#include "config/core/base64.hpp"
#include "config/interpolate.hpp"
#include "config/proxy.hpp"
#include "config/suggest.hpp"
#include "config/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace syncd::config {
namespace {

constexpr std::int64_t requests_max = 1'000'000;
constexpr std::int64_t concurrency_max = 256;
constexpr std::size_t encryption_key_bytes = 32;

/// An IPv6 address takes brackets in a URL.
std::string in_url(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

/// An origin: the address without path or query, a trailing slash dropped.
std::optional<std::string> read_origin(const Value& value) {
    const auto text = read_url(value, false, "");
    if (!text) return std::nullopt;
    const auto url = parse_url(*text).value();
    if ((!url.path.empty() && url.path != "/") || !url.query.empty()) {
        value.error(fmt::format("{} {}: allowed is an address without path and query: {}://{}", value.name(),
                                value.written(), url.scheme, in_url(url.host)));
        return std::nullopt;
    }
    return fmt::format("{}://{}{}", url.scheme, in_url(url.host), url.port == 0 ? "" : fmt::format(":{}", url.port));
}

void read_retention(const Value& value, Retention& retention) {
    Map map(value);
    set(retention.operations, map["operations"].duration());
    set(retention.deliveries, map["deliveries"].duration());
    set(retention.dead_letters, map["deadLetters"].duration());
    set(retention.deleted_records, map["deletedRecords"].duration());
    map.close();
}

std::vector<Secret> read_api_keys(const Value& value) {
    std::vector<Secret> keys;
    for (const auto& entry : value.list()) {
        const auto key = entry.filled();
        if (!key) continue;
        if (std::ranges::all_of(*key, [](char c) { return c > 0x20 && c < 0x7F; }))
            keys.emplace_back(*key);
        else
            entry.error("an API key travels in a header: allowed are visible ASCII characters, no spaces");
    }
    return keys;
}

std::optional<std::string> read_public_url(const Value& value) {
    const auto text = value.filled();
    if (!text) return std::nullopt;
    const auto url = parse_url(*text);
    if (!url || !url->query.empty()) {
        value.error(fmt::format("{} {}: {}", value.name(), value.written(),
                                url ? "a query can't stand in it" : url.error().message));
        return std::nullopt;
    }
    return text->substr(0, text->find_last_not_of('/') + 1);
}

std::string url_of(const Server& server) {
    return fmt::format("{}://{}:{}", server.tls ? "https" : "http", in_url(server.host), server.port);
}

void read_tls(const Value& value, const Folder& folder, Server& server) {
    if (!value.present() || value.is_null()) return;
    Map map(value);
    auto& tls = server.tls.emplace();
    set(tls.certificate_file, folder.readable(map.required("certificate")));
    set(tls.key_file, folder.readable(map.required("key")));
    map.close();
}

}  // namespace

std::optional<std::string> Folder::absolute(const Value& value) const {
    const auto text = value.filled();
    if (!text) return std::nullopt;
    return std::filesystem::absolute(path_in(path, *text)).lexically_normal().string();
}

std::optional<std::string> Folder::readable(const Value& value) const {
    const auto file = absolute(value);
    std::string why;
    if (!file || surroundings.read_file(*file, why)) return file;
    value.error(fmt::format("{}: can't read {}: {}", value.name(), *file, why));
    return std::nullopt;
}

std::optional<std::string> read_url(const Value& value, bool insecure, std::string_view remedy) {
    auto text = value.filled();
    if (!text) return std::nullopt;
    const auto url = parse_url(*text);
    if (!url) {
        value.error(fmt::format("{} {}: {}", value.name(), value.written(), url.error().message));
        return std::nullopt;
    }
    if (url->scheme != "https" && !insecure && !is_loopback(url->host)) {
        value.error(fmt::format("{} {}: http is allowed to this machine only (localhost, 127.0.0.1, ::1); use https{}",
                                value.name(), value.written(), remedy));
        return std::nullopt;
    }
    return text;
}

void read_provider(const Value& value, const Folder& folder, Provider& provider) {
    Map map(value);
    set(provider.base_url, read_origin(map["baseUrl"]));
    set(provider.authorize_url, read_url(map["authorizeUrl"], false, ""));
    set(provider.token_url, read_url(map["tokenUrl"], false, ""));
    set(provider.requests_per_minute, map["requestsPerMinute"].integer(0, requests_max));
    set(provider.requests_per_hour, map["requestsPerHour"].integer(0, requests_max));
    set(provider.max_concurrent_requests, map["maxConcurrentRequests"].integer(1, concurrency_max));
    set(provider.timeout, map["timeout"].duration(std::chrono::milliseconds{1}));
    set(provider.ca_file, folder.readable(map["caFile"]));
    read_proxy(map["proxy"], folder.surroundings, provider);
    map.close();
}

void read_storage(const Value& value, const Folder& folder, Storage& storage) {
    Map map(value);
    set(storage.path, folder.absolute(map["path"]));
    const auto key = map["encryptionKey"];
    if (const auto text = key.filled()) {
        auto bytes = base64_decode(*text);
        if (bytes && bytes->size() == encryption_key_bytes)
            storage.encryption_key = Secret(std::move(*bytes));
        else
            key.error("encryptionKey is not 32 bytes in base64; make one with: openssl rand -base64 32");
    }
    read_retention(map["retention"], storage.retention);
    map.close();
}

void read_server(const Value& value, const Folder& folder, Server& server) {
    Map map(value);
    const auto listen = map["listen"];
    if (const auto text = listen.filled()) {
        const auto address = parse_listen(*text);
        if (address) {
            server.host = address->host;
            server.port = address->port;
        } else {
            listen.error(fmt::format("listen {}: {}", listen.written(), address.error().message));
        }
    }
    const auto keys = map["apiKeys"];
    server.api_keys = read_api_keys(keys);
    const bool no_keys = !keys.present() || keys.is_null() || (keys.is_list() && keys.list().empty());
    if (no_keys && !is_loopback(server.host))
        listen.error(
            fmt::format("listen {}: another address than loopback needs apiKeys, or everyone could use the API; "
                        "add server.apiKeys, or listen on 127.0.0.1 or [::1]",
                        listen.written()));
    read_tls(map["tls"], folder, server);
    const auto public_url = map["publicUrl"];
    server.public_url = read_public_url(public_url).value_or(url_of(server));
    if (!public_url.present() && (server.host == "0.0.0.0" || server.host == "::"))
        listen.warning(fmt::format(
            "without publicUrl, messages would point to {}, which nobody can reach; set publicUrl", server.public_url));
    if (server.tls && server.public_url == fmt::format("http://{}:{}", in_url(server.host), server.port))
        public_url.warning(fmt::format("publicUrl {} is where this server speaks TLS only; let it begin with https",
                                       public_url.written()));
    map.close();
}

void read_logging(const Value& value, Logging& logging) {
    Map map(value);
    const auto level = map["level"].word({"debug", "info", "warn", "error"});
    if (level == "debug") logging.level = LogLevel::debug;
    if (level == "warn") logging.level = LogLevel::warn;
    if (level == "error") logging.level = LogLevel::error;
    const auto format = map["format"].word({"auto", "json", "text"});
    if (format == "json") logging.format = LogFormat::json;
    if (format == "text") logging.format = LogFormat::text;
    map.close();
}

}  // namespace syncd::config
