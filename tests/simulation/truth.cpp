#include "tests/simulation/truth.hpp"

#include "tests/simulation/list_query.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace syncd::simulation {
namespace {

constexpr std::array open_states{"unsubmitted", "submitted", "active", "Active", "pending", "over", "notYetKnown"};
constexpr std::array ended_states{"success", "Success", "failed", "FAILED", "cancelled", "Cancelled"};

std::string some_state(Chance& chance, bool open) {
    if (open) return open_states[std::size_t(chance.between(0, std::int64_t(open_states.size()) - 1))];
    return ended_states[std::size_t(chance.between(0, std::int64_t(ended_states.size()) - 1))];
}

std::string text_in(std::string_view raw, std::string_view opening) {
    const auto at = raw.find(opening);
    if (at == std::string_view::npos) return {};
    const auto begin = at + opening.size();
    return std::string(raw.substr(begin, raw.find('"', begin) - begin));
}

bool is_jobs(const std::string& object) { return object.ends_with("/jobs"); }

}  // namespace

Row& Truth::insert(Timestamp created, Timestamp listed_from) {
    Row row{.id = next_id(),
            .revision = next_revision_++,
            .created = created,
            .modified = created,
            .listed_from = listed_from,
            .active = !chance_.one_in(4)};
    ++next_id_;
    ++mutations_;
    const bool amid = chance_.one_in(3) && !rows_.empty();  // pages after it shift
    return *rows_.insert(amid ? rows_.begin() + std::int64_t(any()) : rows_.end(), std::move(row));
}

void Truth::create(Timestamp now, Duration late, const std::vector<std::string>& itwins) {
    const auto listed_from = std::chrono::floor<std::chrono::milliseconds>(now);
    auto created = listed_from;
    if (object_ == "itwins") {  // at most two in one second: a list that is cut is parted between seconds
        if (chance_.one_in(2)) created = std::chrono::floor<std::chrono::seconds>(created);
        const auto taken = [&](const Row& row) {
            return std::chrono::floor<std::chrono::seconds>(row.created) ==
                   std::chrono::floor<std::chrono::seconds>(created);
        };
        if (chance_.one_in(3) && !rows_.empty())
            created = std::chrono::floor<std::chrono::seconds>(rows_[any()].created) +
                      std::chrono::milliseconds{500 * chance_.between(1, 2)};
        while (std::ranges::count_if(rows_, taken) > 1) created -= std::chrono::seconds{1};
    }
    auto& row = insert(created, listed_from + late);
    if (!is_per_itwin(object_)) return;
    row.own = !chance_.one_in(2) || itwins.empty();
    if (!itwins.empty()) row.itwins.insert(itwins[std::size_t(chance_.between(0, std::int64_t(itwins.size()) - 1))]);
    if (is_jobs(object_))
        row.state = some_state(chance_, !chance_.one_in(2));
    else
        move(row, itwins);
}

/// Lets it join or leave one of the iTwins, or changes hands; whether anything is other than it was.
bool Truth::move(Row& row, const std::vector<std::string>& itwins) {
    if (itwins.empty() || chance_.one_in(4)) {
        row.own = !row.own;
        return true;
    }
    const auto& which = itwins[std::size_t(chance_.between(0, std::int64_t(itwins.size()) - 1))];
    return row.itwins.erase(which) > 0 || row.itwins.insert(which).second;
}

void Truth::change(Timestamp now, const std::vector<std::string>& itwins) {
    if (rows_.empty()) return;
    auto& row = rows_[any()];
    ++mutations_;
    const bool moves = object_ == "reality-management/reality-data" && chance_.one_in(3);
    if (moves && move(row, itwins) && chance_.one_in(2)) {  // the record itself says nothing of where it belongs
        ++quiet_moves_;
        return;
    }
    row.revision = next_revision_++;
    row.modified = std::chrono::floor<std::chrono::milliseconds>(now);
    if (chance_.one_in(4)) row.active = !row.active;
    if (is_jobs(object_) && is_open_state(row.state) && !row.ours) row.state = some_state(chance_, !chance_.one_in(3));
}

void Truth::remove(std::size_t count) {
    for (; count > 0 && !rows_.empty(); --count) {
        const auto row = rows_.begin() + std::int64_t(any());
        if (row->ours) continue;
        ++mutations_;
        rows_.erase(row);
    }
}

const Row& Truth::write(Timestamp now, Duration late, std::map<std::string, std::string> fields,
                        const std::string& itwin_id) {
    auto created = std::chrono::floor<std::chrono::milliseconds>(now);
    const auto taken = [&](const Row& row) {
        return std::chrono::floor<std::chrono::seconds>(row.created) ==
               std::chrono::floor<std::chrono::seconds>(created);
    };
    while (object_ == "itwins" && std::ranges::count_if(rows_, taken) > 1) created -= std::chrono::seconds{1};
    auto& row = insert(created, std::chrono::floor<std::chrono::milliseconds>(now) + late);
    row.fields = std::move(fields);
    row.ours = true;
    if (!itwin_id.empty()) row.itwins.insert(itwin_id);
    if (is_jobs(object_)) row.state = "unsubmitted";
    return row;
}

void Truth::place(Timestamp created, std::map<std::string, std::string> fields) {
    created = std::chrono::floor<std::chrono::milliseconds>(created);
    Row row{
        .id = next_id(), .revision = next_revision_++, .created = created, .modified = created, .listed_from = created};
    ++next_id_;
    ++mutations_;
    row.ours = true;
    row.fields = std::move(fields);
    rows_.push_back(std::move(row));
}

Row* Truth::rewrite(const std::string& id, Timestamp now) {
    const auto found = std::ranges::find(rows_, id, &Row::id);
    if (found == rows_.end()) return nullptr;
    ++mutations_;
    found->revision = next_revision_++;
    found->modified = std::chrono::floor<std::chrono::milliseconds>(now);
    return &*found;
}

bool Truth::erase(const std::string& id) {
    const auto found = std::ranges::find(rows_, id, &Row::id);
    if (found == rows_.end()) return false;
    ++mutations_;
    rows_.erase(found);
    return true;
}

void Truth::reserve(const std::string& id, Timestamp now, bool unsubmitted) {
    const auto* row = find(id);
    if (!row || (row->ours && (!unsubmitted || row->state == "unsubmitted"))) return;
    auto* reserved = rewrite(id, now);
    reserved->ours = true;
    if (unsubmitted) reserved->state = "unsubmitted";
}

void Truth::reorder() {
    if (rows_.size() < 2) return;
    std::swap(rows_[any()], rows_[any()]);
    ++mutations_;
}

void Truth::crowd(Timestamp now, std::int64_t count) {
    const auto second = std::chrono::floor<std::chrono::seconds>(now) - std::chrono::seconds{1};
    for (; count > 0; --count) insert(second + std::chrono::milliseconds{chance_.between(0, 999)}, second);
}

bool Truth::is_crowded(std::int64_t count) const {
    std::map<std::int64_t, std::int64_t> seconds;
    for (const auto& row : rows_)
        if (++seconds[std::chrono::floor<std::chrono::seconds>(row.created).time_since_epoch().count()] >= count)
            return true;
    return false;
}

std::string Truth::render(const Row& row) {
    const bool numeric = object_ == "curated-content/cesium";
    const bool reality = object_ == "reality-management/reality-data";
    const auto quote = numeric ? "" : "\"";
    std::vector<std::string> members{
        fmt::format("\"id\":{}{}{}", quote, row.id, quote), fmt::format("\"rev\":{}", row.revision),
        fmt::format("\"status\":\"{}\"", row.active ? "Active" : "Inactive"),
        fmt::format("\"{}\":\"{}\"", reality ? "modifiedDateTime" : "lastModifiedDateTime", format_time(row.modified))};
    if (!row.fields.contains("displayName"))
        members.push_back(fmt::format("\"displayName\":\"A name, \\\"{}\\\" \\u00e9\"", row.revision % 7));
    for (const auto& [name, value] : row.fields) members.push_back(fmt::format("\"{}\":{}", name, value));
    const auto created = fmt::format("\"createdDateTime\":\"{}\"", format_time(row.created));
    members.push_back(object_ == "reality-analysis/jobs" ? "\"executionInfo\":{" + created + "}" : created);
    const auto sign = chance_.draw();
    if (is_jobs(object_)) {
        members.push_back(fmt::format("\"state\":\"{}\"", row.state));
        members.push_back(fmt::format("\"iTwinId\":\"{}\"", row.itwins.empty() ? "" : *row.itwins.begin()));
    } else if (numeric) {
        members.push_back("\"nested\":{\"a\":[1.50,null]}");
    } else if (reality) {
        members.push_back(fmt::format("\"lastAccessedDateTime\":\"{}\"", sign));
    } else {
        members.push_back(fmt::format("\"image\":\"https://images.test/{}?sig={}\"", row.id, sign));
    }
    std::ranges::rotate(members, members.begin() + chance_.between(0, std::int64_t(members.size()) - 1));
    auto raw = fmt::format("{{{}}}", fmt::join(members, ","));
    emitted_[row.id].insert(std::hash<std::string>{}(raw));
    return raw;
}

const Row* Truth::find(const std::string& id) const {
    const auto found = std::ranges::find(rows_, id, &Row::id);
    return found == rows_.end() ? nullptr : &*found;
}

std::int64_t Truth::mutations(Timestamp now) const {
    if (restless_) ++mutations_;
    constexpr std::int64_t far = 1'000'000;  // so that a removal never outweighs a row that becomes visible
    return mutations_ * far + std::ranges::count_if(rows_, [&](const Row& row) { return row.listed_from <= now; });
}

bool Truth::emitted(const std::string& id, const std::string& raw) const {
    const auto found = emitted_.find(id);
    return found != emitted_.end() && found->second.contains(std::hash<std::string>{}(raw));
}

std::int64_t revision_of(std::string_view raw) {
    constexpr std::string_view name = "\"rev\":";
    const auto at = raw.find(name);
    std::int64_t revision = -1;
    if (at != std::string_view::npos) std::from_chars(raw.data() + at + name.size(), raw.data() + raw.size(), revision);
    return revision;
}

bool active_in(std::string_view raw) { return raw.find("\"status\":\"Active\"") != std::string_view::npos; }

std::string state_in(std::string_view raw) { return text_in(raw, "\"state\":\""); }

bool is_open_state(const std::string& state) {
    return !state.empty() && std::ranges::find(ended_states, state) == ended_states.end();
}

bool is_young_job(std::string_view raw, Timestamp now) {
    constexpr Duration young = std::chrono::days{7} - std::chrono::hours{4};  // clocks jump by three
    const auto created = parse_time(text_in(raw, "\"createdDateTime\":\""));
    return created && now - *created < young;
}

}  // namespace syncd::simulation
