// The provider's records: made from the table's templates, changed on command, kept as the JSON text that goes out.
#pragma once

#include "config/core/error.hpp"
#include "connector/world/world.hpp"
#include "tests/sandbox/objects.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace syncd::sandbox {

inline constexpr std::size_t signature_digits = 16;  // of a signed URL, in hex; the rest of the record is fixed

struct Record {
    std::uint64_t ordinal = 0;             // grows in order of creation: the provider's order
    std::string id;
    std::string text;                      // JSON
    std::size_t signature_at = std::string::npos;  // where the volatile digits stand in `text`
    bool inactive = false;
};

class Data {
public:
    /// `caller` is the identity that owns what is made here.
    Data(World& world, std::uint64_t seed, std::string caller);

    /// Makes `count` records as if one a minute, the last one just now; reset() comes back to exactly these.
    void fill(const ObjectRow& row, std::size_t count);
    void reset(const ObjectRow& row);

    // All of these take and return what they really did, which may be less than `count`.
    std::size_t create(const ObjectRow& row, std::size_t count);
    /// Gives the next records in turn another name and modification time.
    std::size_t change(const ObjectRow& row, std::size_t count);
    /// Same content with the members in another order: not a change to anyone who reads.
    std::size_t reorder(const ObjectRow& row, std::size_t count);
    /// The oldest records; of a view, its last rows.
    std::size_t remove(const ObjectRow& row, std::size_t count);
    /// Every record whose state is not the last one goes one state on.
    std::size_t advance(const ObjectRow& row);

    /// Adds a record or replaces the one with its id. Errors: invalid_input (not JSON, no id).
    result<std::string> put(const ObjectRow& row, std::string text);
    bool erase(const ObjectRow& row, std::string_view id);

    /// Grows with every change: pointers and lists are good while it stays.
    std::uint64_t version() const { return version_; }
    const std::string& caller() const { return caller_; }
    /// In the provider's order: of creation; a view's newest first.
    std::vector<const Record*> list(const ObjectRow& row) const;
    const Record* find(const ObjectRow& row, std::string_view id) const;

private:
    struct Collection {
        std::map<std::uint64_t, Record> records;
        std::unordered_map<std::string, std::uint64_t> by_id;
        std::vector<std::string> view;     // ids, newest first
        std::uint64_t next = 1;            // ordinal
        std::uint64_t turn = 0;            // ordinal of the record changed last
        std::uint64_t revision = 0;
        std::size_t filled = 0;
    };

    /// The row that holds the records: its own, or the one it is a view of.
    static const ObjectRow& base(const ObjectRow& row);
    Collection& own(const ObjectRow& row) { return collections_[row.name]; }
    const Collection* own(const ObjectRow& row) const;
    void make(const ObjectRow& row, Timestamp created);
    std::string render(const ObjectRow& row, std::uint64_t n, const std::string& id, const std::string& created) const;
    std::string some_itwin(std::uint64_t n) const;
    void store(const ObjectRow& row, Record record);
    void set_member(const ObjectRow& row, Record& record, std::string_view member, std::string_view value);
    std::size_t each_in_turn(const ObjectRow& row, std::size_t count, void (Data::*edit)(const ObjectRow&, Record&));
    void rename(const ObjectRow& row, Record& record);
    void turn_members(const ObjectRow& row, Record& record);
    std::size_t show(const ObjectRow& row, std::size_t count);
    void drop_from_views(const ObjectRow& row);

    World& world_;
    std::uint64_t seed_;
    std::string caller_;
    Timestamp start_;
    std::uint64_t version_ = 1;
    std::map<std::string_view, Collection> collections_;
};

/// The form that the row's object has times in.
std::string format_for(const ObjectRow& row, Timestamp time);

}  // namespace syncd::sandbox
