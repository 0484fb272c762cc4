// Prometheus' text format, version 0.0.4. Pure.
#pragma once

#include "daemon/metrics.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

/// Collects families, each with its samples behind it; names get the prefix bentley_syncd_.
class Exposition {
public:
    /// Begins a family; `type` is counter, gauge or histogram. Samples that follow are its own.
    void family(std::string_view name, std::string_view type, std::string_view help);
    void sample(const Labels& labels, double value);
    void histogram(const Labels& labels, const Histogram& histogram);
    const std::string& text() const { return text_; }

private:
    void line(std::string_view suffix, const Labels& labels, double value);

    std::string text_, family_;
};

}  // namespace syncd
