// Every write request that came and what became of it: what tests count creates and find duplicates with.
#pragma once

#include "config/core/time.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/writes.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace syncd::sandbox {

inline constexpr std::size_t ledger_max = 200'000;  // requests remembered; older ones are forgotten first

struct Entry {
    std::uint64_t number = 0;  // counts from 1
    Timestamp at{};
    std::string method, target;  // path and query as they came
    std::string object{};        // empty: no object's path
    Operation operation{};
    http::Headers headers{};
    std::string body{};
    int status = 0;          // answered; 0: none (yet), or the connection was cut
    bool processed = false;  // it created, updated or deleted something
    std::string id{};        // of what it wrote
    std::string fault{};     // that it met
};

/// Which entries are meant; empty members mean all.
struct Wanted {
    std::string object{}, operation{};
    std::uint64_t after = 0;  // numbers above this
    bool processed = false;   // only those that did something
};

class Ledger {
public:
    /// The new entry's number.
    std::uint64_t add(Entry entry);
    /// Null when it is forgotten.
    Entry* find(std::uint64_t number);
    /// All that were ever added, cleared ones too.
    std::uint64_t last() const { return next_ - 1; }
    void clear() { entries_.clear(); }

    /// JSON list of entries, oldest first: number, at, method, target, object, operation, headers (the token as ***),
    /// body, status, processed, id, fault.
    std::string describe(const Wanted& wanted) const;
    /// JSON list of what was created, in order: number, at, object, id, body.
    std::string created(const Wanted& wanted) const;
    /// JSON list of creates that happened more than once: object, body, ids, numbers. Bodies are the same as JSON, or
    /// in `member` (a/b for member b of object a) where it is not empty.
    std::string duplicates(const Wanted& wanted, std::string_view member) const;
    /// Requests of an object, and how many of them created, updated and deleted: members of a JSON object.
    std::string counts(std::string_view object) const;

private:
    std::deque<Entry> entries_;
    std::uint64_t next_ = 1;
};

}  // namespace syncd::sandbox
