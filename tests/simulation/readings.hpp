// Reads as the provider sees them: the chain of pages of each query, from its last first page on, over the lives of the
// process where a backfill goes on.
#pragma once

#include "tests/simulation/journal.hpp"
#include "tests/simulation/list_query.hpp"

#include <map>
#include <set>
#include <string>

namespace syncd::simulation {

/// The pages of one query, from its last first page on.
struct Chain {
    ListQuery query;             // its first request
    std::int64_t mutations = 0;  // of the truth when it began
    bool gapless = false;        // each page followed the one before
    bool finished = false;       // the last page was asked for
    bool restarted = false;      // of a backfill: begun anew after it was cut
    std::string current, next;   // targets: of the last page asked for and the one that must follow
    std::int64_t rows = 0;       // on the list when it began
};

/// One read of one object of an installation, or what was seen of it until now.
struct Reading {
    std::map<QueryName, Chain> chains;
    std::optional<std::int64_t> mutations;  // of the truth at its first request
    bool hindered = false;                  // a record's own read was refused: what it would say is not known
    bool omitted = false;                   // a row that exists was left out, once
};

class Readings {
public:
    using Key = std::pair<std::string, std::string>;  // installation, object

    explicit Readings(Journal& journal) : journal_(journal) {}

    /// A page of a list is asked for; it has `rows` on the whole list and links to `next`.
    void follow(const Key& key, const ListQuery& query, std::int64_t mutations, std::int64_t rows,
                const std::string& next);
    /// Any request for the object, before it is answered.
    void note_request(const Key& key, std::int64_t mutations);
    /// `known`: the iTwins that there are; what was read of another one need not go on.
    void check_resume(const Key& key, const ListQuery& query, const std::vector<std::string>& known);
    void hinder(const Key& key) { logs_[key].current.hindered = true; }
    void hinder_all(const std::string& installation);
    /// The list leaves a row out: once, and never in two reads in a row that end well.
    bool may_omit(const Key& key) const;
    void omit(const Key& key, const QueryName& name);
    /// A record's own read said that it is not there.
    void miss(const Key& key, const std::string& id);
    /// In how many reads that was.
    std::size_t misses(const Key& key, const std::string& id);

    /// The read has ended. What was seen of it; of a backfill from its beginning on.
    Reading take(const Key& key, const std::string& type, bool ended_well);
    /// The process is gone; what was seen of the read that it was in. `goes_on`: the object's backfill does; `spoiled`:
    /// nobody knows to which read that belongs.
    Reading cut(const Key& key, bool goes_on, bool spoiled);
    /// At the start of a life: the request that must come first, since a backfill was cut off there, and the queries
    /// that it has read to their end.
    void expect_resume(const Key& key, std::string url, std::set<QueryName> done);

private:
    struct Log {
        Reading current, past;  // past: of a backfill that goes on
        int number = 0;         // of reads and lives
        bool may_omit = true;
        std::string resume;
        std::set<QueryName> done;
        std::map<std::string, std::set<int>> misses;  // by record
    };
    static void merge(Log& log);

    Journal& journal_;
    std::map<Key, Log> logs_;
};

}  // namespace syncd::simulation
