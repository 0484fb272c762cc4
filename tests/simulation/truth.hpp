// What the provider really has: the truth that every invariant compares with.
#pragma once

#include "config/core/time.hpp"
#include "tests/simulation/loop.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace syncd::simulation {

/// A record. `revision` is another number for every content that any record ever had, and stands in its JSON as "rev".
struct Row {
    std::string id;
    std::int64_t revision = 0;
    Timestamp created, modified;
    Timestamp listed_from;  // lists show it only from then on
    bool active = true;
};

class Truth {
public:
    Truth(std::string object, Chance& chance) : object_(std::move(object)), chance_(chance) {}

    void create(Timestamp now, Duration late);
    void change(Timestamp now);
    void remove(std::size_t count);
    /// Moves a row elsewhere in the list, its content as it was.
    void reorder();
    /// The JSON of a row: the order of its members and its signed URL are others each time, its content is not.
    std::string render(const Row& row);

    const std::string& object() const { return object_; }
    const std::vector<Row>& rows() const { return rows_; }
    const Row* find(const std::string& id) const;
    /// Grows with every change of content or order, and whenever a late row becomes visible.
    std::int64_t mutations(Timestamp now) const;
    /// Whether the provider ever sent this revision of this record, byte for byte.
    bool emitted(const std::string& id, const std::string& raw) const;

private:
    std::size_t any() { return std::size_t(chance_.between(0, std::int64_t(rows_.size()) - 1)); }

    std::string object_;
    Chance& chance_;
    std::vector<Row> rows_;                                 // in the order of the list
    std::map<std::string, std::set<std::size_t>> emitted_;  // hashes of what was sent, by id
    std::int64_t next_id_ = 1, next_revision_ = 1, mutations_ = 0;
};

/// The "rev" and the "status" in a record's JSON.
std::int64_t revision_of(std::string_view raw);
bool active_in(std::string_view raw);

}  // namespace syncd::simulation
