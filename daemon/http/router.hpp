// Routes as a table: which paths there are, and who answers which method.
#pragma once

#include "connector/http/message.hpp"
#include "connector/world/world.hpp"
#include "storage/reader.hpp"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace syncd {

class Daemon;

namespace config {
struct Installation;
}

using Texts = std::map<std::string, std::string, std::less<>>;

/// One request to a route, decoded.
struct Call {
    Texts path;   // what the pattern's names stand for
    Texts query;  // of a repeated name the first
    std::string body;

    /// What the name stands for; empty where it is absent.
    const std::string& operator[](std::string_view name) const;
};

/// What the routes answer from. Lives as long as the server.
class Api {
public:
    explicit Api(Daemon& daemon) : daemon(daemon) {}
    /// The database, opened when it is first asked for. Throws when it can't be.
    storage::Reader& reader();
    /// The installation of that id, and of that integration unless it is empty; empty: there is none.
    const config::Installation* installation(const std::string& integration, const std::string& id) const;
    /// The provider's name of an object that may be given by a mapped name, of that installation or of any; as it is
    /// given where nobody maps it.
    std::string object_name(const config::Installation* installation, const std::string& given) const;

    Daemon& daemon;

private:
    std::optional<storage::Reader> reader_;
};

using RouteHandler = awaitable<http::Response> (*)(Api& api, Call call);

struct Route {
    std::string_view method;
    /// "/v1/{project}/objects/{object...}/metadata": a name in braces stands for one segment, with dots for one or
    /// more; "{id}:replay" for what comes before a verb.
    std::string_view pattern;
    RouteHandler handler;
};

/// What the names of `pattern` stand for in `path`, decoded; empty: it is another path. Pure.
std::optional<Texts> match(std::string_view pattern, std::string_view path);
/// The names and values of a query, decoded. Pure.
Texts parse_query(std::string_view query);

/// Answers what lies under /v1, and /metrics; empty: there is no such route.
awaitable<std::optional<http::Response>> serve_api(Api& api, http::Request request);

}  // namespace syncd
