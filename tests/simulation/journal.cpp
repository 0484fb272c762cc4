#include "tests/simulation/journal.hpp"

#include <fmt/format.h>

namespace syncd::simulation {

void Journal::note(const std::string& line) {
    constexpr std::uint64_t prime = 0x100000001B3ull;  // FNV-1a
    const auto text = format_time(machine_.now()) + " " + line;
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * prime;
    if (print_) fmt::print("{}\n", text);
}

void Journal::violate(const std::string& which, const std::string& how) {
    constexpr std::size_t kept = 10;
    note("VIOLATION " + which + ": " + how);
    if (violations_.size() < kept) violations_.push_back(which + ": " + how);
}

}  // namespace syncd::simulation
