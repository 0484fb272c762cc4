#include "daemon/metrics.hpp"

#include <algorithm>

namespace syncd {

void Histogram::add(Duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    const auto bucket = std::ranges::lower_bound(bounds, seconds) - bounds.begin();
    ++counts[std::size_t(bucket)];
    sum_seconds += seconds;
}

}  // namespace syncd
