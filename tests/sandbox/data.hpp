// The provider's records: made from the table's templates, changed on command, kept as the JSON text that goes out.
#pragma once

#include "config/core/error.hpp"
#include "connector/world/world.hpp"
#include "tests/sandbox/objects.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace syncd::sandbox {

/// Where a text is renewed at each read, and how many characters: the digits of a signed URL, or a time. 0: nowhere.
struct Renewed {
    std::size_t at = 0, size = 0;
};
inline constexpr std::size_t signature_digits = 16, time_characters = 20;
inline constexpr std::string_view other_owner = "other";  // who owns what is not the caller's, unless named

struct Record {
    std::uint64_t ordinal = 0;             // grows in order of creation: the provider's order
    std::string id;
    std::string text;                      // JSON
    std::vector<std::string> itwins{};     // that it belongs to where the text does not say
    // What the text says:
    Renewed renewed{};
    bool inactive = false;
    std::string itwin{};
    std::optional<Timestamp> created{};
};

class Data {
public:
    /// `caller` is the identity that owns what is made here.
    Data(World& world, std::uint64_t seed, std::string caller);

    /// Makes `count` records as if one a minute, the last one just now; `others` of them, spread evenly, belong to
    /// somebody else. reset() comes back to exactly these.
    void fill(const ObjectRow& row, std::size_t count, std::size_t others = 0);
    void reset(const ObjectRow& row);

    // All of these take and return what they really did, which may be less than `count`.
    /// `owner`: empty for the caller.
    std::size_t create(const ObjectRow& row, std::size_t count, std::string_view owner = {});
    /// Gives the next records in turn another name and modification time.
    std::size_t change(const ObjectRow& row, std::size_t count);
    /// Same content with the members in another order: not a change to anyone who reads.
    std::size_t reorder(const ObjectRow& row, std::size_t count);
    /// The oldest records; of a view, its last rows.
    std::size_t remove(const ObjectRow& row, std::size_t count);
    /// Every record whose state is not the last one goes one state on; with a state, every one goes there. Only the
    /// one with that id where there is one.
    std::size_t advance(const ObjectRow& row, std::string_view id = {}, std::string_view state = {});

    /// Adds a record or replaces the one with its id. Errors: invalid_input (not JSON, no id).
    result<std::string> put(const ObjectRow& row, std::string text);
    bool erase(const ObjectRow& row, std::string_view id);
    /// Has a record belong to these iTwins and no others.
    bool set_itwins(const ObjectRow& row, std::string_view id, std::vector<std::string> itwins);

    /// A record that is not there yet: `skeleton` (the row's own where it is empty) filled in for the caller, now.
    /// `id`: empty for one of the provider's making.
    struct Draft {
        std::string id, text;
    };
    Draft draft(const ObjectRow& row, std::string_view skeleton, std::string id = {});
    /// Adds or replaces a record; one that is replaced stays in its iTwins.
    void keep(const ObjectRow& row, std::string id, std::string text, std::vector<std::string> itwins = {});
    /// The form that the row's object has times in, now.
    std::string now_for(const ObjectRow& row) const;
    std::string_view caller() const { return caller_; }

    bool owned(const ObjectRow& row, const Record& record) const;
    bool has_itwin(std::string_view id) const;
    /// Whether the caller may see it: it is his, or in an iTwin.
    bool visible(const ObjectRow& row, const Record& record) const;

    /// Grows with every change: pointers and lists are good while it stays.
    std::uint64_t version() const { return version_; }
    Timestamp start() const { return start_; }
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
        std::size_t filled = 0, filled_others = 0;
    };

    /// The row that holds the records: its own, or the one it is a view of.
    static const ObjectRow& base(const ObjectRow& row);
    Collection& own(const ObjectRow& row) { return collections_[row.name]; }
    const Collection* own(const ObjectRow& row) const;
    void make(const ObjectRow& row, Timestamp created, std::string_view owner);
    std::string new_id(const ObjectRow& row, std::uint64_t n) const;
    std::string owner_text(std::string_view placeholder, std::string_view owner) const;
    struct Filling {
        std::uint64_t n;
        std::string_view id;
        std::string created;
        std::string_view owner;
    };
    std::string render(const ObjectRow& row, std::string_view rest, const Filling& with) const;
    std::string some_itwin(std::uint64_t n) const;
    void store(const ObjectRow& row, Record record);
    void set_time(const ObjectRow& row, Record& record, std::string_view path);
    bool step(const ObjectRow& row, Record& record, std::string_view state);
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
