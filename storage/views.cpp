#include "storage/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace syncd::storage {
namespace {

constexpr std::string_view mark = "/* of the catalog */";  // tells our views from the schema's and from a user's

std::string in_quotes(std::string_view text, char quote) {
    std::string out(1, quote);
    for (const char c : text) out.append(c == quote ? 2 : 1, c);
    return out + quote;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return text;
}

/// A path can't spell every name: json_each finds the others.
std::string value_of(const std::string& field) {
    if (field.find_first_of("\"\\") == std::string::npos)
        return fmt::format("json_extract(r.raw, {})", in_quotes("$.\"" + field + "\"", '\''));
    return fmt::format("(SELECT value FROM json_each(r.raw) WHERE key = {})", in_quotes(field, '\''));
}

std::string text_of(const ViewDefinition& view) {
    std::string columns = "o.installation_id, r.record_id";
    for (const auto& field : view.fields) columns += fmt::format(", {} AS {}", value_of(field), in_quotes(field, '"'));
    const auto add = [&](const std::string& name, std::string_view value) {
        if (std::ranges::find(view.fields, name, lower) == view.fields.end())
            columns += fmt::format(", {} AS {}", value, name);
    };
    add("first_seen_at", "r.created_at");
    add("changed_at", "r.updated_at");
    return fmt::format(
        "CREATE VIEW {} AS {} SELECT {} FROM object_state o JOIN record r ON r.object_key = o.key "
        "WHERE o.object = {} AND r.deleted_at IS NULL",
        in_quotes(view.name, '"'), mark, columns, in_quotes(view.object, '\''));
}

struct Found {
    std::string name, text;
    bool ours = false;
};

/// Everything that has a name a view might want, by that name in lower case.
std::map<std::string, Found> names_in(Database& db) {
    std::map<std::string, Found> found;
    auto row = db.query("SELECT name, sql, type = 'view' FROM sqlite_schema");
    while (row.step()) {
        Found each{row.text(0), row.text(1), false};
        each.ours = row.integer(2) != 0 && each.text.find(mark) != std::string::npos;
        found[lower(each.name)] = std::move(each);
    }
    return found;
}

}  // namespace

std::vector<std::string> define_views(Database& db, const std::vector<ViewDefinition>& views) {
    auto there = names_in(db);
    std::vector<std::string> taken;
    for (const auto& view : views) {
        const auto text = text_of(view);
        const auto found = there.extract(lower(view.name));
        if (!found.empty() && found.mapped().text == text) continue;
        if (!found.empty() && !found.mapped().ours) {
            taken.push_back(view.name);
            continue;
        }
        if (!found.empty()) db.execute("DROP VIEW " + in_quotes(found.mapped().name, '"'));
        db.execute(text);
    }
    for (const auto& [name, left] : there)
        if (left.ours) db.execute("DROP VIEW " + in_quotes(left.name, '"'));
    return taken;
}

}  // namespace syncd::storage
