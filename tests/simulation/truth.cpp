#include "tests/simulation/truth.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace syncd::simulation {

void Truth::create(Timestamp now, Duration late) {
    const auto created = std::chrono::floor<std::chrono::milliseconds>(now);
    Row row{.id = std::to_string(1000 + next_id_++),
            .revision = next_revision_++,
            .created = created,
            .modified = created,
            .listed_from = created + late,
            .active = !chance_.one_in(4)};
    ++mutations_;
    if (chance_.one_in(3) && !rows_.empty())
        rows_.insert(rows_.begin() + std::int64_t(any()), std::move(row));  // pages after it shift
    else
        rows_.push_back(std::move(row));
}

void Truth::change(Timestamp now) {
    if (rows_.empty()) return;
    auto& row = rows_[any()];
    row.revision = next_revision_++;
    row.modified = now;
    if (chance_.one_in(4)) row.active = !row.active;
    ++mutations_;
}

void Truth::remove(std::size_t count) {
    for (; count > 0 && !rows_.empty(); --count, ++mutations_) rows_.erase(rows_.begin() + std::int64_t(any()));
}

void Truth::reorder() {
    if (rows_.size() < 2) return;
    std::swap(rows_[any()], rows_[any()]);
    ++mutations_;
}

std::string Truth::render(const Row& row) {
    const bool numeric = object_ == "curated-content/cesium";
    const auto quote = numeric ? "" : "\"";
    std::array<std::string, 7> members{
        fmt::format("\"id\":{}{}{}", quote, row.id, quote),
        fmt::format("\"rev\":{}", row.revision),
        fmt::format("\"displayName\":\"A name, \\\"{}\\\" \\u00e9\"", row.revision % 7),
        fmt::format("\"status\":\"{}\"", row.active ? "Active" : "Inactive"),
        fmt::format("\"createdDateTime\":\"{}\"", format_time(row.created)),
        fmt::format("\"lastModifiedDateTime\":\"{}\"", format_time(row.modified)),
        fmt::format("\"image\":\"https://images.test/{}?sig={}\"", row.id, chance_.draw())};
    if (object_ == "contextcapture/jobs" || numeric) members[6] = "\"nested\":{\"a\":[1.50,null]}";
    std::ranges::rotate(members, members.begin() + chance_.between(0, 6));
    auto raw = fmt::format("{{{}}}", fmt::join(members, ","));
    emitted_[row.id].insert(std::hash<std::string>{}(raw));
    return raw;
}

const Row* Truth::find(const std::string& id) const {
    const auto found = std::ranges::find(rows_, id, &Row::id);
    return found == rows_.end() ? nullptr : &*found;
}

std::int64_t Truth::mutations(Timestamp now) const {
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

}  // namespace syncd::simulation
