#include "tests/sandbox/shapes.hpp"

#include "config/core/ids.hpp"
#include "config/core/json.hpp"
#include "tests/sandbox/record_text.hpp"

#include <fmt/format.h>

namespace syncd::sandbox {
namespace {

std::string made_id(const std::string& record, std::string_view what) {
    return name_uuid(fmt::format("{}/{}", record, what));
}

std::string link(const FieldRule& rule, std::string_view id) {
    return fmt::format(R"({{"href":"https://api.sandbox.invalid/{}/{}"}})", rule.shape_argument,
                       json::as_text(id).value_or(""));
}

template <class Each>
std::string each_of(std::string_view list, Each each) {
    std::string out;
    for (const auto element : json::elements(list)) out.append(out.empty() ? "" : ",").append(each(element));
    return out;
}

/// The object with its outputs turned by `each` and put between brackets.
template <class Each>
std::string with_outputs(std::string_view object, std::string_view brackets, Each each) {
    std::string text(object);
    if (const auto outputs = json::find(object, "outputs"))
        set_at(text, "outputs", brackets.front() + each_of(*outputs, each) + brackets.back());
    return text;
}

}  // namespace

std::string shaped(const FieldRule& rule, std::string_view value, const std::string& id) {
    const auto id_of = [&](std::string_view what) { return json::quote(made_id(id, what)); };
    if (rule.shape == "link") return link(rule, value);
    if (rule.shape == "links") return "[" + each_of(value, [&](auto each) { return link(rule, each); }) + "]";
    if (rule.shape == "typed")
        return "[" +
               each_of(value, [&](auto each) { return fmt::format(R"({{"id":{},"type":{}}})", id_of(each), each); }) +
               "]";
    if (rule.shape == "settings")
        return with_outputs(value, "[]",
                            [&](auto each) { return fmt::format(R"({{"format":{},"id":{}}})", each, id_of(each)); });
    if (rule.shape == "specifications")
        return with_outputs(value, "{}", [&](auto each) { return fmt::format("{}:{}", each, id_of(each)); });
    if (rule.shape == "files")
        return "[" +
               each_of(value,
                       [&](auto each) {
                           std::string file(each);
                           set_at(file, "id", id_of(each));
                           return file;
                       }) +
               "]";
    return std::string(value);
}

}  // namespace syncd::sandbox
