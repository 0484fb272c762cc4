#include "tests/sandbox/routes.hpp"

namespace syncd::sandbox {
namespace {

constexpr std::string_view comparisons = "/changedelements/comparisonjob/";
constexpr std::string_view source_files = "/sourcefiles";

/// An id is one segment of the path as it was spelled; what it holds is encoded in there.
Target one_record(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos || slash == 0) return {};
    const auto folder = percent_decode(path.substr(0, slash)), last = percent_decode(path.substr(slash + 1));
    if (const auto* row = find_list(folder); row && row->own_read) return {.row = row, .id = last};
    const auto segment = folder.rfind('/');
    const auto* row = find_list(folder.substr(0, segment));
    if (row && !row->list_segment.empty() && same_text(folder.substr(segment + 1), row->list_segment))
        return {.row = row, .itwin = last};
    return {};
}

}  // namespace

Target target_of(const Call& call) {
    if (const auto* row = find_list(call.path)) return {.row = row};
    const std::string_view path = call.spelled_path;
    if (same_text(path.substr(0, comparisons.size()), comparisons)) {
        const auto parts = split(path.substr(comparisons.size()), '/');
        if (parts.size() != 5 || parts[1] != "itwin" || parts[3] != "imodel") return {};
        return {.row = find_list(comparisons), .id = percent_decode(path.substr(comparisons.size()))};
    }
    if (path.ends_with(source_files)) {
        auto target = one_record(path.substr(0, path.size() - source_files.size()));
        if (!target.row || !has_word(target.row->hidden, "sourceFiles")) return {};
        target.files = true;
        return target;
    }
    return one_record(path);
}

}  // namespace syncd::sandbox
