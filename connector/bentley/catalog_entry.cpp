#include "connector/bentley/catalog_entry.hpp"

#include <cstdint>

namespace syncd::bentley {

namespace json = boost::json;

namespace {

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

std::vector<std::string> words_of(const Entry& entry, std::string_view name, const json::value& value) {
    std::vector<std::string> result;
    const json::array* array = value.if_array();
    if (array == nullptr || array->empty()) return entry.refuse(name, "must be a list of strings, not empty"), result;
    for (const json::value& element : *array) {
        const json::string* string = element.if_string();
        if (string == nullptr || string->empty())
            entry.refuse(name, "must hold strings only, none of them empty");
        else
            result.emplace_back(string->data(), string->size());
    }
    return result;
}

}  // namespace

std::string Entry::text(std::string_view name, Need need) {
    const json::value* value = take(name, need);
    if (value == nullptr) return {};
    if (!value->is_string()) return refuse(name, "must be a string"), std::string{};
    return json::value_to<std::string>(*value);
}

std::string Entry::word(std::string_view name, Need need) {
    std::string result = text(name, need);
    if (result.empty() && has(name)) refuse(name, "must not be empty");
    return result;
}

std::vector<std::string> Entry::words(std::string_view name, Need need) {
    const json::value* value = take(name, need);
    return value == nullptr ? std::vector<std::string>() : words_of(*this, name, *value);
}

std::map<std::string, std::string> Entry::texts(std::string_view name, Need need) {
    std::map<std::string, std::string> result;
    const json::value* value = take(name, need);
    if (value == nullptr) return result;
    const json::object* object = value->if_object();
    if (object == nullptr) return refuse(name, "must be an object of strings"), result;
    for (const auto& [key, element] : *object) {
        const json::string* string = element.if_string();
        if (string == nullptr || string->empty())
            refuse(name, fmt::format("{} must be a string", view(key)));
        else
            result.emplace(key, std::string(string->data(), string->size()));
    }
    return result;
}

int Entry::number(std::string_view name, int fallback, int max) {
    const json::value* value = take(name, Need::optional);
    return value == nullptr ? fallback : checked(name, *value, 1, max);
}

std::set<int> Entry::statuses(std::string_view name) {
    std::set<int> result;
    const json::value* value = take(name, Need::mandatory);
    if (value == nullptr) return result;
    const json::array* array = value->if_array();
    if (array == nullptr || array->empty()) return refuse(name, "must be a list of statuses, not empty"), result;
    for (const json::value& element : *array) result.insert(checked(name, element, 200, 299));
    return result;
}

bool Entry::flag(std::string_view name, Need need) {
    const json::value* value = take(name, need);
    if (value == nullptr) return false;
    if (!value->is_bool()) return refuse(name, "must be true or false"), false;
    return value->as_bool();
}

std::optional<Entry> Entry::entry(std::string_view name, Need need) {
    const json::value* value = take(name, need);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) return refuse(name, "must be an object"), std::nullopt;
    return Entry(value->get_object(), fmt::format("{}.{}", where_, name), *defect_);
}

std::vector<Entry> Entry::entries(std::string_view name) {
    std::vector<Entry> result;
    const json::value* value = take(name, Need::optional);
    if (value == nullptr) return result;
    const json::array* array = value->if_array();
    if (array == nullptr || array->empty()) return refuse(name, "must be a list of objects, not empty"), result;
    for (const json::value& element : *array) {
        if (!element.is_object()) return refuse(name, "must hold objects only"), result;
        result.emplace_back(element.get_object(), fmt::format("{}.{}[{}]", where_, name, result.size()), *defect_);
    }
    return result;
}

std::vector<std::vector<std::string>> Entry::groups(std::string_view name) {
    std::vector<std::vector<std::string>> result;
    const json::value* value = take(name, Need::mandatory);
    if (value == nullptr) return result;
    const json::array* array = value->if_array();
    if (array == nullptr || array->empty()) return refuse(name, "must be a list of lists, not empty"), result;
    for (const json::value& element : *array) result.push_back(words_of(*this, name, element));
    return result;
}

void Entry::finish() const {
    for (const auto& member : *members_) {
        const std::string_view name = view(member.key());
        if (name != "note" && !asked_.contains(name)) refuse(name, "is not known");
    }
}

const json::value* Entry::take(std::string_view name, Need need) {
    asked_.emplace(name);
    const json::value* value = members_->if_contains(name);
    if (value == nullptr && need == Need::mandatory) refuse(name, "is missing");
    return value;
}

int Entry::checked(std::string_view name, const json::value& value, int min, int max) const {
    const std::int64_t* number = value.if_int64();
    if (number != nullptr && *number >= min && *number <= max) return static_cast<int>(*number);
    refuse(name, fmt::format("must be a whole number from {} to {}", min, max));
    return min;
}

std::string accept(Entry& entry) {
    const std::string version = entry.text("accept");
    const bool good = version.size() == 2 && version[0] == 'v' && version[1] >= '1' && version[1] <= '9';
    if (!good) entry.refuse("accept", "must be v1, v2 or a later version");
    return fmt::format("application/vnd.bentley.itwin-platform.{}+json", version);
}

std::string path(Entry& entry, bool of_one_record) {
    std::string path = entry.text("path");
    if (!path.starts_with('/')) entry.refuse("path", "must start with /");
    if (of_one_record && path.find("{id}") == std::string::npos) entry.refuse("path", "must contain {id}");
    if (!of_one_record && path.find_first_of("{}") != std::string::npos) entry.refuse("path", "must not have braces");
    return path;
}

std::string with_place(Entry& entry, const std::string& member, const std::string& place) {
    auto text = entry.word(member);
    if (text.find(place) == std::string::npos) entry.refuse(member, "must contain " + place);
    return text;
}

}  // namespace syncd::bentley
