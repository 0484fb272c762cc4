#include "tests/sandbox/data.hpp"

#include "config/core/ids.hpp"
#include "config/core/json.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/record_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::sandbox {
namespace {

constexpr std::size_t itwins_with_jobs = 5;  // so that reads per iTwin find several jobs each

/// One step of splitmix64: well mixed, and the same everywhere.
std::uint64_t mix(std::uint64_t value) {
    value += 0x9E3779B97F4A7C15u;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

std::uint64_t text_number(std::string_view text) {
    std::uint64_t value = 0;
    for (const char c : text) value = mix(value + static_cast<unsigned char>(c));
    return value;
}

std::string guid(std::uint64_t seed, std::string_view purpose, std::uint64_t n) {
    std::uint64_t state = mix(seed) ^ text_number(purpose) ^ mix(n + 1);
    return make_uuid([&state] { return state = mix(state); });
}

std::string_view pick(std::string_view choices, std::uint64_t n) {
    const auto count = std::uint64_t(std::ranges::count(choices, '|')) + 1;
    for (auto skip = (n - 1) % count; skip > 0; --skip) choices.remove_prefix(choices.find('|') + 1);
    return choices.substr(0, choices.find('|'));
}

std::optional<std::string> id_of(const ObjectRow& row, std::string_view text) {
    const auto slice = json::find(text, row.id_member);
    auto id = slice ? json::as_text(*slice) : std::nullopt;
    return id && !id->empty() ? id : std::nullopt;
}

/// What differs from read to read: the digits behind `sig=`, or a whole time.
Renewed renewed_in(std::string_view text, std::string_view member) {
    constexpr std::string_view mark = "sig=";
    const auto slice = member.empty() ? std::nullopt : json::find(text, member);
    if (!slice) return {};
    const auto start = std::size_t(slice->data() - text.data());
    const auto at = slice->find(mark);
    if (at != std::string_view::npos && at + mark.size() + signature_digits < slice->size())
        return {start + at + mark.size(), signature_digits};
    if (slice->size() == time_characters + 2 && parse_time(slice->substr(1, time_characters)))
        return {start + 1, time_characters};
    return {};
}

/// Finds what the record's text says about itself.
void inspect(const ObjectRow& row, Record& record) {
    record.renewed = renewed_in(record.text, row.renewed);
    const auto status = row.inactive_hidden ? json::find(record.text, "status") : std::nullopt;
    record.inactive = status && same_text(*status, "\"Inactive\"");
    if (!row.itwin_member.empty()) record.itwin = text_at(record.text, row.itwin_member).value_or("");
    auto created = path_of(row.filters, "createdDateTime");
    if (!created) created = path_of(row.ranges, "createdDateTime");
    record.created = created ? parse_time(text_at(record.text, *created).value_or("")) : std::nullopt;
}

/// A name with the number of its revision; a URL stays one.
std::string revised(const std::string& name, std::uint64_t revision) {
    const bool url = name.find("://") != std::string::npos;
    const std::string_view mark = url ? "?rev=" : " rev ";
    return fmt::format("{}{}{}", name.substr(0, name.find(mark)), mark, revision);
}

}  // namespace

std::string format_for(const ObjectRow& row, Timestamp time) {
    constexpr auto eastern_offset = std::chrono::hours{-4};
    if (row.time_form == TimeForm::eastern) time += eastern_offset;
    auto text = format_time_seconds(time);
    text.pop_back();
    const auto fraction = (time - std::chrono::floor<std::chrono::seconds>(time)).count();
    switch (row.time_form) {
        case TimeForm::seconds: break;
        case TimeForm::milliseconds: return fmt::format("{}.{:03}Z", text, fraction / 1000);
        case TimeForm::ticks: return fmt::format("{}.{:06}{}Z", text, fraction, fraction % 10);
        case TimeForm::ticks_offset: return fmt::format("{}.{:06}{}+00:00", text, fraction, fraction % 10);
        case TimeForm::eastern: return fmt::format("{}.{:02}-04:00", text, fraction / 10'000);
    }
    return text + 'Z';
}

Data::Data(World& world, std::uint64_t seed, std::string caller)
    : world_(world), seed_(seed), caller_(std::move(caller)), start_(world.now()) {}

const ObjectRow& Data::base(const ObjectRow& row) { return row.view_of.empty() ? row : *find_object(row.view_of); }

const Data::Collection* Data::own(const ObjectRow& row) const {
    const auto found = collections_.find(row.name);
    return found == collections_.end() ? nullptr : &found->second;
}

void Data::fill(const ObjectRow& row, std::size_t count, std::size_t others) {
    own(row).filled = count;
    own(row).filled_others = std::min(others, count);
    reset(row);
}

void Data::reset(const ObjectRow& row) {
    auto& collection = own(row);
    const std::size_t count = collection.filled, others = collection.filled_others;
    const auto settled = split_words(row.states);
    collection = Collection{};
    collection.filled = count;
    collection.filled_others = others;
    ++version_;
    if (!row.view_of.empty()) {
        show(row, count);
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const bool other = (i + 1) * others / count != i * others / count;
        make(row, start_ - std::chrono::minutes{count - i - 1}, other ? other_owner : std::string_view{});
        if (row.settled_at_start && i + 1 < count) step(row, collection.records.rbegin()->second, settled.back());
    }
    drop_from_views(row);
}

std::size_t Data::create(const ObjectRow& row, std::size_t count, std::string_view owner) {
    ++version_;
    if (!row.view_of.empty()) return show(row, count);
    for (std::size_t i = 0; i < count; ++i) make(row, world_.now(), owner);
    return count;
}

void Data::make(const ObjectRow& row, Timestamp created, std::string_view owner) {
    const auto n = own(row).next;
    Record record;
    record.id = new_id(row, n);
    record.text = render(row, row.record, {n, record.id, format_for(row, created), owner});
    if (!row.itwin_parameter.empty()) record.itwins = {some_itwin(n)};
    store(row, std::move(record));
}

std::string Data::new_id(const ObjectRow& row, std::uint64_t n) const {
    constexpr std::string_view number = "$n$";
    if (row.numeric_id) return std::to_string(100'000 + seed_ % 1000 * 1000 + n);
    if (row.id_form.empty()) return guid(seed_, row.name, n);
    std::string id(row.id_form);
    return id.replace(id.find(number), number.size(), std::to_string(n));
}

std::string Data::owner_text(std::string_view placeholder, std::string_view owner) const {
    if (placeholder == "owner") return guid(seed_, fmt::format("owner {}", owner), 0);
    return owner.empty() ? caller_ : fmt::format("{}@sandbox.invalid", owner);
}

std::string Data::now_for(const ObjectRow& row) const { return format_for(row, world_.now()); }

Data::Draft Data::draft(const ObjectRow& row, std::string_view skeleton, std::string id) {
    const auto n = own(row).next;
    if (id.empty()) id = new_id(row, n);
    return {id, render(row, skeleton.empty() ? row.record : skeleton, {n, id, format_for(row, world_.now()), {}})};
}

void Data::keep(const ObjectRow& row, std::string id, std::string text, std::vector<std::string> itwins) {
    ++version_;
    store(row, {.id = std::move(id), .text = std::move(text), .itwins = std::move(itwins)});
}

std::string Data::render(const ObjectRow& row, std::string_view rest, const Filling& with) const {
    const auto& [n, id, created, owner] = with;
    std::string out;
    std::uint64_t guids = 0;
    for (auto at = rest.find('$'); at != std::string_view::npos; at = rest.find('$')) {
        out += rest.substr(0, at);
        const auto name = rest.substr(at + 1, rest.find('$', at + 1) - at - 1);
        rest.remove_prefix(at + name.size() + 2);
        if (name == "id") out += id;
        else if (name == "n") out += std::to_string(n);
        else if (name == "created") out += created;
        else if (name == "guid") out += guid(seed_ + ++guids, row.key, n);
        else if (name == "itwin") out += some_itwin(n);
        else if (name == "home") out += some_itwin(0);
        else if (name == "caller" || name == "owner") out += owner_text(name, owner);
        else if (name.starts_with("pick:")) out += pick(name.substr(5), n);
    }
    return out += rest;
}

std::string Data::some_itwin(std::uint64_t n) const {
    const auto* itwins = own(*find_object("itwins"));
    if (!itwins || itwins->records.empty()) return guid(seed_, "itwins", 1 + n % itwins_with_jobs);
    auto at = itwins->records.begin();
    std::advance(at, std::ptrdiff_t(n % std::min(itwins_with_jobs, itwins->records.size())));
    return at->second.id;
}

void Data::store(const ObjectRow& row, Record record) {
    auto& collection = own(row);
    const auto known = collection.by_id.find(record.id);
    if (known == collection.by_id.end()) {
        record.ordinal = collection.next++;
    } else {
        record.ordinal = known->second;
        record.itwins = std::move(collection.records.at(known->second).itwins);
    }
    inspect(row, record);
    collection.by_id[record.id] = record.ordinal;
    collection.records[record.ordinal] = std::move(record);
}

std::size_t Data::show(const ObjectRow& row, std::size_t count) {
    auto& view = own(row).view;
    std::size_t shown = 0;
    for (const Record* record : list(base(row))) {
        if (shown == count) break;
        if (std::ranges::find(view, record->id) != view.end()) continue;
        view.insert(view.begin(), record->id);
        ++shown;
    }
    if (row.rows_max != 0 && view.size() > row.rows_max) view.resize(row.rows_max);
    return shown;
}

std::size_t Data::change(const ObjectRow& row, std::size_t count) { return each_in_turn(row, count, &Data::rename); }

std::size_t Data::reorder(const ObjectRow& row, std::size_t count) {
    return each_in_turn(row, count, &Data::turn_members);
}

std::size_t Data::each_in_turn(const ObjectRow& row, std::size_t count,
                               void (Data::*edit)(const ObjectRow&, Record&)) {
    ++version_;
    const auto& holder = base(row);
    auto& records = own(holder).records;
    auto& turn = own(row).turn;
    const auto rows = list(row);
    count = std::min(count, rows.size());
    auto at = std::ranges::find_if(rows, [&](const Record* record) { return record->ordinal > turn; });
    for (std::size_t i = 0; i < count; ++i, ++at) {
        if (at == rows.end()) at = rows.begin();
        turn = (*at)->ordinal;
        auto& record = records.at(turn);
        (this->*edit)(holder, record);
        inspect(holder, record);
    }
    return count;
}

void Data::rename(const ObjectRow& row, Record& record) {
    const auto name = text_at(record.text, row.name_member).value_or("");
    set_at(record.text, row.name_member, json::quote(revised(name, ++own(row).revision)));
    set_time(row, record, row.modified_member);
}

void Data::set_time(const ObjectRow& row, Record& record, std::string_view path) {
    if (!path.empty()) set_at(record.text, path, json::quote(format_for(row, world_.now())));
}

void Data::turn_members(const ObjectRow&, Record& record) {
    auto members = json::members(record.text);
    if (members.size() < 2) return;
    std::ranges::rotate(members, members.begin() + 1);
    std::string text = "{";
    for (const auto& member : members) {
        if (text.size() > 1) text += ',';
        json::append_quoted(text, member.key);
        text.append(":").append(member.value);
    }
    record.text = text + '}';
}

std::size_t Data::remove(const ObjectRow& row, std::size_t count) {
    ++version_;
    auto& collection = own(row);
    if (!row.view_of.empty()) {
        count = std::min(count, collection.view.size());
        collection.view.resize(collection.view.size() - count);
        return count;
    }
    count = std::min(count, collection.records.size());
    for (std::size_t i = 0; i < count; ++i) {
        collection.by_id.erase(collection.records.begin()->second.id);
        collection.records.erase(collection.records.begin());
    }
    drop_from_views(row);
    return count;
}

std::size_t Data::advance(const ObjectRow& row, std::string_view id, std::string_view state) {
    ++version_;
    std::size_t moved = 0;
    for (auto& [ordinal, record] : own(row).records)
        if (id.empty() || record.id == id) moved += std::size_t(step(row, record, state));
    return moved;
}

/// To `state`, or to the next one where it is empty; false when there is nowhere to go.
bool Data::step(const ObjectRow& row, Record& record, std::string_view state) {
    const auto states = split_words(row.states);
    if (states.empty()) return false;
    const auto now = text_at(record.text, row.state_member).value_or("");
    const auto at = std::ranges::find_if(states, [&](auto each) { return same_text(each, now); });
    if (state.empty() && (at == states.end() || at + 1 == states.end())) return false;
    if (state.empty()) state = *(at + 1);
    if (state == now) return false;
    set_at(record.text, row.state_member, json::quote(state));
    set_time(row, record, row.modified_member);
    const bool success = same_text(state, states.back()), over = success || has_word("failed cancelled", state);
    for (const auto path : split_words(row.started_members))
        if (!same_text(state, states.front()) && !text_at(record.text, path)) set_time(row, record, path);
    if (over) set_time(row, record, row.ended_member);
    if (success && !row.result_member.empty()) {
        const std::string digits(signature_digits, '0');
        set_at(record.text, row.result_member,
               json::quote(fmt::format("https://files.sandbox.invalid/{}?sv=1&sig={}&sp=r", record.id, digits)));
    }
    inspect(row, record);
    return true;
}

result<std::string> Data::put(const ObjectRow& row, std::string text) {
    if (const auto valid = json::validate(text); !valid) return Error{errc::invalid_input, valid.error().message};
    const auto& holder = base(row);
    auto id = id_of(holder, text);
    if (!id) return Error{errc::invalid_input, fmt::format("a record of {} needs its {}", row.name, holder.id_member)};
    ++version_;
    Record record{.id = *id, .text = std::move(text)};
    if (!row.itwin_parameter.empty()) record.itwins = {some_itwin(own(row).next)};
    store(holder, std::move(record));
    if (auto& view = own(row).view; !row.view_of.empty() && std::ranges::find(view, *id) == view.end())
        view.insert(view.begin(), *id);
    return *id;
}

bool Data::erase(const ObjectRow& row, std::string_view id) {
    ++version_;
    auto& collection = own(row);
    if (!row.view_of.empty()) return std::erase(collection.view, id) != 0;
    const auto found = collection.by_id.find(std::string(id));
    if (found == collection.by_id.end()) return false;
    collection.records.erase(found->second);
    collection.by_id.erase(found);
    drop_from_views(row);
    return true;
}

bool Data::set_itwins(const ObjectRow& row, std::string_view id, std::vector<std::string> itwins) {
    auto& collection = own(row);
    const auto found = collection.by_id.find(std::string(id));
    if (found == collection.by_id.end()) return false;
    ++version_;
    collection.records.at(found->second).itwins = std::move(itwins);
    return true;
}

bool Data::owned(const ObjectRow& row, const Record& record) const {
    if (row.owner_member.empty()) return true;
    const auto owner = text_at(record.text, row.owner_member);
    return !owner || *owner == owner_text(row.owner_member == "email" ? "caller" : "owner", {});
}

bool Data::has_itwin(std::string_view id) const {
    const auto* itwins = own(*find_object("itwins"));
    return itwins && itwins->by_id.contains(std::string(id));
}

bool Data::visible(const ObjectRow& row, const Record& record) const {
    return owned(row, record) || has_itwin(record.itwin) ||
           std::ranges::any_of(record.itwins, [&](const auto& id) { return has_itwin(id); });
}

void Data::drop_from_views(const ObjectRow& row) {
    const auto& kept = own(row).by_id;
    for (const auto& each : objects())
        if (each.view_of == row.name) std::erase_if(own(each).view, [&](const auto& id) { return !kept.contains(id); });
}

std::vector<const Record*> Data::list(const ObjectRow& row) const {
    std::vector<const Record*> rows;
    const auto* collection = own(row);
    if (!collection) return rows;
    if (row.view_of.empty()) {
        rows.reserve(collection->records.size());
        for (const auto& [ordinal, record] : collection->records) rows.push_back(&record);
    } else {
        for (const auto& id : collection->view)
            if (const Record* record = find(base(row), id)) rows.push_back(record);
    }
    return rows;
}

const Record* Data::find(const ObjectRow& row, std::string_view id) const {
    const auto* collection = own(row);
    if (!collection) return nullptr;
    if (!row.view_of.empty())
        return std::ranges::find(collection->view, id) == collection->view.end() ? nullptr : find(base(row), id);
    const auto found = collection->by_id.find(std::string(id));
    return found == collection->by_id.end() ? nullptr : &collection->records.at(found->second);
}

}  // namespace syncd::sandbox
