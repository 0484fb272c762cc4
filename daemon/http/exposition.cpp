#include "daemon/http/exposition.hpp"

#include <fmt/format.h>

namespace syncd {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == '"') out += '\\';
        out += c == '\n' ? "\\n" : std::string(1, c);
    }
    return out;
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
    family_ = fmt::format("bentley_syncd_{}", name);
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", family_, help, family_, type);
}

void Exposition::line(std::string_view suffix, const Labels& labels, double value) {
    text_ += family_;
    text_ += suffix;
    char before = '{';
    for (const auto& [name, label] : labels) {
        text_ += fmt::format("{}{}=\"{}\"", before, name, escaped(label));
        before = ',';
    }
    text_ += fmt::format("{} {}\n", labels.empty() ? "" : "}", value);
}

void Exposition::sample(const Labels& labels, double value) { line("", labels, value); }

void Exposition::histogram(const Labels& labels, const Histogram& histogram) {
    std::int64_t total = 0;
    for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
        total += histogram.counts[i];
        auto bucket = labels;
        bucket.emplace_back("le", i < Histogram::bounds.size() ? fmt::format("{}", Histogram::bounds[i]) : "+Inf");
        line("_bucket", bucket, double(total));
    }
    line("_sum", labels, histogram.sum_seconds);
    line("_count", labels, double(total));
}

}  // namespace syncd
