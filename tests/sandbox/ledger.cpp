#include "tests/sandbox/ledger.hpp"

#include "config/core/json.hpp"
#include "tests/sandbox/record_text.hpp"

#include <fmt/format.h>

#include <map>
#include <vector>

namespace syncd::sandbox {
namespace {

bool fits(const Entry& entry, const Wanted& wanted) {
    return (wanted.object.empty() || entry.object == wanted.object) && entry.number > wanted.after &&
           (wanted.operation.empty() || to_string(entry.operation) == wanted.operation) &&
           (!wanted.processed || entry.processed);
}

/// The body as JSON: itself, a string of what is none, or null.
std::string body_of(const Entry& entry) {
    if (entry.body.empty()) return "null";
    return json::validate(entry.body) ? entry.body : json::quote(entry.body);
}

std::string headers_of(const Entry& entry) {
    std::string list;
    for (const auto& [name, value] : entry.headers) {
        const bool token = same_text(name, "Authorization");
        list += fmt::format("{}{}:{}", list.empty() ? "" : ",", json::quote(name), json::quote(token ? "***" : value));
    }
    return "{" + list + "}";
}

template <class Describe>
std::string list_of(const std::deque<Entry>& entries, const Wanted& wanted, Describe describe) {
    std::string list;
    for (const auto& entry : entries)
        if (fits(entry, wanted)) list.append(list.empty() ? "" : ",").append(describe(entry));
    return "[" + list + "]";
}

bool created_something(const Entry& entry) { return entry.processed && entry.operation == Operation::create; }

}  // namespace

std::uint64_t Ledger::add(Entry entry) {
    entry.number = next_++;
    entries_.push_back(std::move(entry));
    if (entries_.size() > ledger_max) entries_.pop_front();
    return next_ - 1;
}

Entry* Ledger::find(std::uint64_t number) {
    if (entries_.empty() || number < entries_.front().number || number >= next_) return nullptr;
    return &entries_[number - entries_.front().number];
}

std::string Ledger::describe(const Wanted& wanted) const {
    return list_of(entries_, wanted, [](const Entry& entry) {
        return fmt::format(R"({{"number":{},"at":"{}","method":{},"target":{},"object":{},"operation":"{}",)"
                           R"("headers":{},"body":{},"status":{},"processed":{},"id":{},"fault":{}}})",
                           entry.number, format_time(entry.at), json::quote(entry.method), json::quote(entry.target),
                           json::quote(entry.object), to_string(entry.operation), headers_of(entry), body_of(entry),
                           entry.status, entry.processed, json::quote(entry.id), json::quote(entry.fault));
    });
}

std::string Ledger::created(const Wanted& wanted) const {
    Wanted creates = wanted;
    creates.operation = to_string(Operation::create);
    creates.processed = true;
    return list_of(entries_, creates, [](const Entry& entry) {
        return fmt::format(R"({{"number":{},"at":"{}","object":{},"id":{},"body":{}}})", entry.number,
                           format_time(entry.at), json::quote(entry.object), json::quote(entry.id), body_of(entry));
    });
}

std::string Ledger::duplicates(const Wanted& wanted, std::string_view member) const {
    std::map<std::pair<std::string, std::string>, std::vector<const Entry*>> groups;
    for (const auto& entry : entries_) {
        if (!fits(entry, wanted) || !created_something(entry)) continue;
        const auto value = member.empty() ? json::digest(entry.body).hex() : text_at(entry.body, member).value_or("");
        if (!member.empty() && value.empty()) continue;
        groups[{entry.object, value}].push_back(&entry);
    }
    std::string list;
    for (const auto& [key, entries] : groups) {
        if (entries.size() < 2) continue;
        std::string ids, numbers;
        for (const auto* entry : entries) {
            ids.append(ids.empty() ? "" : ",").append(json::quote(entry->id));
            numbers.append(numbers.empty() ? "" : ",").append(std::to_string(entry->number));
        }
        list += fmt::format(R"({}{{"object":{},"body":{},"ids":[{}],"numbers":[{}]}})", list.empty() ? "" : ",",
                            json::quote(key.first), body_of(*entries.front()), ids, numbers);
    }
    return "[" + list + "]";
}

std::string Ledger::counts(std::string_view object) const {
    std::uint64_t requests = 0, done[3] = {};
    for (const auto& entry : entries_) {
        if (entry.object != object) continue;
        ++requests;
        if (entry.processed) ++done[std::size_t(entry.operation)];
    }
    return fmt::format(R"("requests":{},"created":{},"updated":{},"deleted":{})", requests, done[0], done[1], done[2]);
}

}  // namespace syncd::sandbox
