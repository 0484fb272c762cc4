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
    bool own = true;                              // the caller's: listed without an iTwin too
    std::set<std::string> itwins;                 // that it belongs to: a job to one
    std::string state;                            // of a job
    bool ours = false;                            // written by the daemon's customers: nobody else removes it
    std::map<std::string, std::string> fields{};  // that were written: name and JSON
};

class Truth {
public:
    Truth(std::string object, Chance& chance) : object_(std::move(object)), chance_(chance) {}

    void create(Timestamp now, Duration late, const std::vector<std::string>& itwins);
    void change(Timestamp now, const std::vector<std::string>& itwins);
    void remove(std::size_t count);
    /// A record that the daemon writes.
    const Row& write(Timestamp now, Duration late, std::map<std::string, std::string> fields,
                     const std::string& itwin_id);
    /// Somebody else's record, from the beginning; only the daemon's customers remove it.
    void place(Timestamp created, std::map<std::string, std::string> fields);
    /// The row, to be changed by a write: counts as a change. Null: it is not there.
    Row* rewrite(const std::string& id, Timestamp now);
    bool erase(const std::string& id);
    /// Nobody but the daemon's customers changes the row's state or removes it from now on. A job is unsubmitted then.
    void reserve(const std::string& id, Timestamp now, bool unsubmitted);
    /// While a write of its records is in hand nothing can be said of what a read should store.
    void set_restless(bool restless) { restless_ = restless; }
    /// Moves a row elsewhere in the list, its content as it was.
    void reorder();
    /// Rows that can't be told apart by the second of their creation.
    void crowd(Timestamp now, std::int64_t count);
    /// Whether so many rows were created in one second.
    bool is_crowded(std::int64_t count) const;
    /// The JSON of a row: the order of its members and its signed URL are others each time, its content is not.
    std::string render(const Row& row);

    const std::string& object() const { return object_; }
    const std::vector<Row>& rows() const { return rows_; }
    const Row* find(const std::string& id) const;
    /// The id of the next row to be created.
    std::string next_id() const { return std::to_string(1000 + next_id_); }
    /// Grows with every change of content or order, and whenever a late row becomes visible.
    std::int64_t mutations(Timestamp now) const;
    /// Changes of what lists show of which no record's content tells.
    std::int64_t quiet_moves() const { return quiet_moves_; }
    /// Whether the provider ever sent this revision of this record, byte for byte.
    bool emitted(const std::string& id, const std::string& raw) const;

private:
    std::size_t any() { return std::size_t(chance_.between(0, std::int64_t(rows_.size()) - 1)); }
    Row& insert(Timestamp created, Timestamp listed_from);
    bool move(Row& row, const std::vector<std::string>& itwins);

    std::string object_;
    Chance& chance_;
    std::vector<Row> rows_;                                 // in the order of the list
    std::map<std::string, std::set<std::size_t>> emitted_;  // hashes of what was sent, by id
    std::int64_t next_id_ = 1, next_revision_ = 1, quiet_moves_ = 0;
    mutable std::int64_t mutations_ = 0;
    bool restless_ = false;
};

/// The "rev", the "status" and the "state" in a record's JSON.
std::int64_t revision_of(std::string_view raw);
bool active_in(std::string_view raw);
std::string state_in(std::string_view raw);
/// Whether a job in that state may still change.
bool is_open_state(const std::string& state);
/// Whether a job is of the last days, so that its state is asked for at each read.
bool is_young_job(std::string_view raw, Timestamp now);

}  // namespace syncd::simulation
