#include "connector/bentley/catalog.hpp"

#include "connector/bentley/catalog_entry.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace syncd::embedded {
extern const std::string_view catalog_json;  // generated from catalog.json by the build
}

namespace syncd::bentley {

namespace {

namespace json = boost::json;

constexpr int page_max_limit = 100'000;  // no list of the provider comes near: more is a slip of the pen
constexpr int rows_max_limit = 10'000'000;

OwnRead own_read(Entry entry) {
    OwnRead own;
    own.path = path(entry, true);
    own.wrapper = entry.text("wrapper");
    entry.finish();
    return own;
}

Incremental incremental(Entry entry) {
    using Style = Incremental::Style;
    Incremental result;
    result.style = choice<Style>(entry, "style", {{"filter", Style::filter}, {"range", Style::range}});
    result.parameter = entry.word("parameter");
    if (result.style == Style::filter) {
        result.expression = entry.word("expression");
        if (result.expression.find("{since}") == std::string::npos) entry.refuse("expression", "must contain {since}");
        result.until = entry.word("until");
        if (result.until.find("{until}") == std::string::npos) entry.refuse("until", "must contain {until}");
    }
    result.at = entry.words("at");
    result.required = entry.flag("required");
    entry.finish();
    return result;
}

PerITwin per_itwin(Entry entry) {
    PerITwin result;
    result.parameter = entry.word("parameter");
    result.expression = with_place(entry, "expression", "{iTwinId}");
    result.at = entry.words("at", Need::optional);
    entry.finish();
    return result;
}

ByIds by_ids(Entry entry) {
    ByIds result;
    result.parameter = entry.word("parameter");
    result.expression = with_place(entry, "expression", "{ids}");
    result.each = with_place(entry, "each", "{id}");
    result.separator = entry.word("separator");
    entry.finish();
    return result;
}

Slices slices(Entry entry) {
    Slices result;
    result.parameter = entry.word("parameter");
    result.from = with_place(entry, "from", "{from}");
    result.until = with_place(entry, "until", "{until}");
    entry.finish();
    return result;
}

void read_paging(Entry& entry, ReadFacts& read) {
    read.paging =
        choice<Paging>(entry, "paging", {{"none", Paging::none}, {"offset", Paging::offset}, {"token", Paging::token}});
    read.page_parameter = entry.text("pageParameter");
    read.page_max = entry.number("pageMax", 0, page_max_limit);
    read.page_min = entry.number("pageMin", 1, page_max_limit);
    read.rows_max = entry.number("rowsMax", 0, rows_max_limit);
    read.rows_max_default = entry.number("rowsMaxDefault", 0, rows_max_limit);
    if (read.page_parameter.empty() != (read.page_max == 0)) entry.refuse("pageMax", "goes with a pageParameter");
    if (read.page_max != 0 && read.page_min > read.page_max) entry.refuse("pageMin", "is more than pageMax");
    if (read.paging == Paging::none && read.page_max != 0) entry.refuse("paging", "is none, but there is a pageMax");
}

bool is_lower_case(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

void read_states(Entry& entry, ReadFacts& read) {
    read.state = entry.words("state", Need::optional);
    const std::vector<std::string> terminal = entry.words("terminalStates", Need::optional);
    read.terminal_states.insert(terminal.begin(), terminal.end());
    if (read.state.empty() != terminal.empty()) entry.refuse("terminalStates", "goes with a state");
    if (!std::all_of(terminal.begin(), terminal.end(), is_lower_case)) {
        entry.refuse("terminalStates", "must be in lower case");
    }
    if (!read.state.empty() && !entry.has("own")) entry.refuse("own", "is missing: a state is followed by own reads");
}

ReadFacts read_facts(Entry entry) {
    ReadFacts read;
    read.path = path(entry, false);
    read.accept = accept(entry);
    read.key = entry.word("key");
    read.id = entry.words("id");
    read.headers = entry.texts("headers", Need::optional);
    read.query = entry.texts("query", Need::optional);
    read_paging(entry, read);
    if (auto member = entry.entry("incremental")) read.incremental = incremental(*member);
    if (auto member = entry.entry("perITwin")) read.per_itwin = per_itwin(*member);
    if (auto member = entry.entry("byIds")) read.by_ids = by_ids(*member);
    if (auto member = entry.entry("slices")) read.slices = slices(*member);
    read.created = entry.words("created", Need::optional);
    read.modified = entry.words("modified", Need::optional);
    read.volatile_fields = entry.words("volatile", Need::optional);
    read.secret_fields = entry.words("secrets", Need::optional);
    read_states(entry, read);
    read.absence = choice<Absence>(entry, "absence", {{"deleted", Absence::deleted}, {"nothing", Absence::nothing}});
    if (auto member = entry.entry("own")) read.own = own_read(*member);
    read.self_link_ends = entry.has("selfLinkEnds") && entry.flag("selfLinkEnds");
    if (read.slices && (read.rows_max == 0 || read.created.empty()))
        entry.refuse("slices", "goes with a rowsMax and a created time");
    read.scope = entry.word("scope");
    read.fields = entry.texts("fields");
    if (read.fields.empty()) entry.refuse("fields", "must not be empty");
    read.confidence = choice<std::string_view>(
        entry, "confidence",
        {{"documented", "documented"}, {"observed in peer code", "observed in peer code"}, {"inferred", "inferred"}});
    entry.finish();
    return read;
}

Object object_facts(std::string name, const json::value& value, Defect& defect) {
    Object object;
    object.name = std::move(name);
    if (!value.is_object()) return defect.add(object.name, "must be an object"), object;
    Entry entry(value.get_object(), object.name, defect);
    if (auto member = entry.entry("read")) object.read = read_facts(*member);
    if (auto member = entry.entry("write")) object.write = write_facts(*member);
    if (!entry.has("read") && !entry.has("write")) entry.refuse_whole("has neither read nor write");
    entry.finish();
    return object;
}

Error invalid(std::string message) { return Error{errc::invalid_input, std::move(message)}; }

Catalog load_builtin() {
    result<Catalog> catalog = Catalog::parse(embedded::catalog_json);
    if (!catalog) throw std::logic_error(catalog.error().message);
    return std::move(*catalog);
}

}  // namespace

const Catalog& Catalog::builtin() {
    static const Catalog catalog = load_builtin();
    return catalog;
}

result<Catalog> Catalog::parse(std::string_view text) {
    boost::system::error_code failure;
    const json::value root = json::parse(json::string_view(text.data(), text.size()), failure);
    if (failure) return invalid("catalog: is not JSON: " + failure.message());
    if (!root.is_object()) return invalid("catalog: must be an object");
    Catalog catalog;
    Defect defect;
    for (const auto& member : root.get_object()) {
        const std::string name(member.key().data(), member.key().size());
        if (name == "note") continue;
        if (name == "serviceUser") {
            catalog.service_user_ = member.value().is_string() ? json::value_to<std::string>(member.value()) : "";
            if (catalog.service_user_.find("{clientId}") == std::string::npos)
                defect.add(name, "must contain {clientId}");
            continue;
        }
        catalog.objects_.emplace(name, object_facts(name, member.value(), defect));
    }
    if (!defect.text().empty()) return invalid(defect.text());
    if (catalog.objects_.empty()) return invalid("catalog: has no objects");
    return catalog;
}

const Object* Catalog::find(std::string_view name) const {
    const auto found = objects_.find(name);
    return found == objects_.end() ? nullptr : &found->second;
}

}  // namespace syncd::bentley
