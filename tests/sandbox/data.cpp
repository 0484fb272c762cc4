#include "tests/sandbox/data.hpp"

#include "config/core/ids.hpp"
#include "config/core/json.hpp"
#include "tests/sandbox/call.hpp"

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

/// Finds what the record's text says about itself.
void inspect(const ObjectRow& row, Record& record) {
    constexpr std::string_view mark = "sig=";
    record.signature_at = std::string::npos;
    if (const auto image = row.image.empty() ? std::nullopt : json::find(record.text, row.image)) {
        const auto at = image->find(mark);
        if (at != std::string_view::npos && at + mark.size() + signature_digits < image->size())
            record.signature_at = std::size_t(image->data() - record.text.data()) + at + mark.size();
    }
    const auto status = row.inactive_hidden ? json::find(record.text, "status") : std::nullopt;
    record.inactive = status && same_text(*status, "\"Inactive\"");
}

}  // namespace

std::string format_for(const ObjectRow& row, Timestamp time) {
    auto text = format_time_seconds(time);
    if (row.time_form == TimeForm::seconds) return text;
    const auto fraction = (time - std::chrono::floor<std::chrono::seconds>(time)).count();
    text.pop_back();
    return fmt::format("{}.{:06}{}Z", text, fraction, fraction % 10);
}

Data::Data(World& world, std::uint64_t seed, std::string caller)
    : world_(world), seed_(seed), caller_(std::move(caller)), start_(world.now()) {}

const ObjectRow& Data::base(const ObjectRow& row) { return row.view_of.empty() ? row : *find_object(row.view_of); }

const Data::Collection* Data::own(const ObjectRow& row) const {
    const auto found = collections_.find(row.name);
    return found == collections_.end() ? nullptr : &found->second;
}

void Data::fill(const ObjectRow& row, std::size_t count) {
    own(row).filled = count;
    reset(row);
}

void Data::reset(const ObjectRow& row) {
    auto& collection = own(row);
    const std::size_t count = collection.filled;
    collection = Collection{};
    collection.filled = count;
    ++version_;
    if (!row.view_of.empty()) {
        show(row, count);
        return;
    }
    for (std::size_t left = count; left > 0; --left) make(row, start_ - std::chrono::minutes{left - 1});
    drop_from_views(row);
}

std::size_t Data::create(const ObjectRow& row, std::size_t count) {
    ++version_;
    if (!row.view_of.empty()) return show(row, count);
    for (std::size_t i = 0; i < count; ++i) make(row, world_.now());
    return count;
}

void Data::make(const ObjectRow& row, Timestamp created) {
    const auto n = own(row).next;
    Record record;
    record.id = row.numeric_id ? std::to_string(100'000 + seed_ % 1000 * 1000 + n) : guid(seed_, row.name, n);
    record.text = render(row, n, record.id, format_for(row, created));
    store(row, std::move(record));
}

std::string Data::render(const ObjectRow& row, std::uint64_t n, const std::string& id,
                         const std::string& created) const {
    std::string out;
    std::uint64_t guids = 0;
    std::string_view rest = row.record;
    for (auto at = rest.find('$'); at != std::string_view::npos; at = rest.find('$')) {
        out += rest.substr(0, at);
        const auto name = rest.substr(at + 1, rest.find('$', at + 1) - at - 1);
        rest.remove_prefix(at + name.size() + 2);
        if (name == "id") out += id;
        else if (name == "n") out += std::to_string(n);
        else if (name == "created" || name == "modified") out += created;
        else if (name == "guid") out += guid(seed_ + ++guids, row.key, n);
        else if (name == "itwin") out += some_itwin(n);
        else if (name == "caller") out += caller_;
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
    record.ordinal = known == collection.by_id.end() ? collection.next++ : known->second;
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
    const auto slice = json::find(record.text, row.name_member);
    std::string name = slice ? json::as_text(*slice).value_or("") : "";
    name = fmt::format("{} rev {}", name.substr(0, name.find(" rev ")), ++own(row).revision);
    set_member(row, record, row.name_member, json::quote(name));
    if (!row.modified_member.empty())
        set_member(row, record, row.modified_member, json::quote(format_for(row, world_.now())));
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

void Data::set_member(const ObjectRow& row, Record& record, std::string_view member, std::string_view value) {
    if (const auto slice = json::find(record.text, member)) {
        record.text.replace(std::size_t(slice->data() - record.text.data()), slice->size(), value);
    } else {  // an explicit record need not have it
        const auto end = record.text.rfind('}');
        const bool empty = json::members(record.text).empty();
        record.text.insert(end, fmt::format("{}{}:{}", empty ? "" : ",", json::quote(member), value));
    }
    inspect(row, record);
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

std::size_t Data::advance(const ObjectRow& row) {
    ++version_;
    std::size_t moved = 0;
    const auto states = split_words(row.states);
    for (auto& [ordinal, record] : own(row).records) {
        const auto slice = json::find(record.text, row.state_member);
        const auto state = slice ? json::as_text(*slice).value_or("") : "";
        const auto at = std::ranges::find_if(states, [&](auto each) { return same_text(each, state); });
        if (states.empty() || at == states.end() || at + 1 == states.end()) continue;
        set_member(row, record, row.state_member, json::quote(*(at + 1)));
        if (!row.modified_member.empty())
            set_member(row, record, row.modified_member, json::quote(format_for(row, world_.now())));
        ++moved;
    }
    return moved;
}

result<std::string> Data::put(const ObjectRow& row, std::string text) {
    if (const auto valid = json::validate(text); !valid) return Error{errc::invalid_input, valid.error().message};
    const auto& holder = base(row);
    auto id = id_of(holder, text);
    if (!id) return Error{errc::invalid_input, fmt::format("a record of {} needs its {}", row.name, holder.id_member)};
    ++version_;
    store(holder, Record{.id = *id, .text = std::move(text)});
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
