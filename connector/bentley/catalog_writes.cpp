// The part of the catalog that is about writes.
#include "connector/bentley/catalog_entry.hpp"

#include <algorithm>

namespace syncd::bentley {
namespace {

enum class Action { create, update, remove };

bool fits(Action action, std::string_view method) {
    switch (action) {
        case Action::create: return method == "POST";
        case Action::update: return method == "PATCH" || method == "PUT";
        case Action::remove: return method == "DELETE";
    }
    return false;
}

std::vector<std::string> dotted(std::string_view text) {
    std::vector<std::string> path;
    for (;;) {
        const auto at = text.find('.');
        path.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return path;
        text.remove_prefix(at + 1);
    }
}

ChargedUpdate starts(Entry entry) {
    ChargedUpdate result;
    result.field = entry.word("field");
    result.value = entry.word("value");
    const auto states = entry.words("notStarted");
    result.not_started.insert(states.begin(), states.end());
    entry.finish();
    return result;
}

/// "status": "state" or "application": "link _links.application"
Overlay overlay(const std::map<std::string, std::string>& sources) {
    Overlay result;
    for (const auto& [field, text] : sources) {
        const bool link = text.starts_with("link ");
        result.sources[field] = {dotted(std::string_view(text).substr(link ? 5 : 0)), link};
    }
    return result;
}

WriteCall write_call(Entry entry, Action action) {
    WriteCall call;
    call.method = entry.text("method");
    if (!fits(action, call.method)) entry.refuse("method", "does not fit what the call does");
    call.path = path(entry, action != Action::create);
    call.accept = accept(entry);
    call.success = entry.statuses("success");
    call.wrapper = entry.text("wrapper");
    if (action == Action::create) {
        call.id_at = entry.words("idAt");
        call.headers = entry.words("headers", Need::optional);
        call.charged = entry.flag("charged", Need::optional);
    }
    if (action == Action::update) {
        call.fields = entry.words("fields", Need::optional);
        if (auto member = entry.entry("starts")) call.starts = starts(*member);
        const auto sources = entry.texts("readAs", Need::optional);
        if (call.method == "PUT") call.overlay = overlay(sources);
        if (call.method != "PUT" && !sources.empty()) entry.refuse("readAs", "goes with PUT");
    }
    entry.finish();
    return call;
}

void check_fields(const Entry& entry, const WriteFacts& write) {
    const auto known = [&](const std::string& name) {
        return write.required.contains(name) || write.optional.contains(name);
    };
    for (const auto& [name, text] : write.optional) {
        if (write.required.contains(name)) entry.refuse("optional", name + " is required too");
    }
    for (const auto& name : write.create.headers)
        if (!known(name)) entry.refuse("create.headers", name + " is neither in required nor in optional");
    if (!write.update) return;
    for (const std::string& name : write.update->fields) {
        if (!known(name)) entry.refuse("update.fields", name + " is neither in required nor in optional");
    }
    if (write.update->starts && !known(write.update->starts->field))
        entry.refuse("update.starts", write.update->starts->field + " is neither in required nor in optional");
}

LookupFacts::Inside lookup_inside(Entry entry) {
    LookupFacts::Inside inside;
    inside.path = with_place(entry, "path", "{id}");
    inside.key = entry.word("key");
    inside.headers = entry.texts("headers", Need::optional);
    inside.field = entry.word("field");
    inside.unique = entry.word("unique");
    inside.same = entry.words("same", Need::optional);
    entry.finish();
    return inside;
}

/// What the lookup can tell a record by.
void check_means(const Entry& entry, const LookupFacts& lookup) {
    const bool unique = !lookup.unique.empty() || lookup.inside || lookup.marker;
    const bool content = !lookup.same.empty() && !lookup.created.empty() && (lookup.own || !lookup.creator.empty());
    if (!unique && !content) entry.refuse_whole("can tell no record from another");
    if (lookup.key.empty() == lookup.wrapper.empty() && lookup.key.empty())
        entry.refuse("key", "or a wrapper is missing");
    if (lookup.key.empty() && lookup.unique.empty()) entry.refuse("unique", "is missing: one record is read");
    if (!lookup.creator.empty() && lookup.own) entry.refuse("creator", "is needless: only own records are listed");
}

LookupFacts lookup(Entry entry) {
    LookupFacts result;
    result.path = entry.word("path");
    if (!result.path.starts_with('/')) entry.refuse("path", "must start with /");
    result.accept = accept(entry);
    result.key = entry.word("key", Need::optional);
    result.wrapper = entry.word("wrapper", Need::optional);
    result.headers = entry.texts("headers", Need::optional);
    result.id = entry.words("id");
    result.unique = entry.words("unique", Need::optional);
    for (const auto& text : entry.words("same", Need::optional)) {
        const auto at = text.find('=');
        result.same[text.substr(0, at)] = dotted(at == std::string::npos ? text : text.substr(at + 1));
    }
    result.created = entry.words("created", Need::optional);
    result.creator = entry.words("creator", Need::optional);
    if (entry.has("creatorIs"))
        result.creator_is_email = choice<bool>(entry, "creatorIs", {{"email", true}, {"id", false}});
    if (entry.has("creatorIs") == result.creator.empty()) entry.refuse("creatorIs", "goes with a creator");
    result.own = entry.flag("own", Need::optional);
    result.any_age = entry.flag("anyAge", Need::optional);
    result.self_link_ends = entry.flag("selfLinkEnds", Need::optional);
    if (auto member = entry.entry("marker")) {
        result.marker = Marker{member->word("field"), member->word("key", Need::optional)};
        member->finish();
    }
    if (auto member = entry.entry("inside")) result.inside = lookup_inside(*member);
    check_means(entry, result);
    entry.finish();
    return result;
}

}  // namespace

WriteFacts write_facts(Entry entry) {
    WriteFacts write;
    if (auto member = entry.entry("create", Need::mandatory)) write.create = write_call(*member, Action::create);
    if (auto member = entry.entry("update")) write.update = write_call(*member, Action::update);
    if (auto member = entry.entry("delete")) write.remove = write_call(*member, Action::remove);
    write.required = entry.texts("required");
    write.optional = entry.texts("optional");
    write.inside = entry.texts("inside", Need::optional);
    check_fields(entry, write);
    write.record = shape_of(entry, write);
    write.secrets = entry.words("secrets", Need::optional);
    if (auto member = entry.entry("lookup")) write.lookup = lookup(*member);
    entry.finish();
    return write;
}

}  // namespace syncd::bentley
