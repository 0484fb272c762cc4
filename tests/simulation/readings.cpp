#include "tests/simulation/readings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::simulation {

void Readings::note_request(const Key& key, std::int64_t mutations) {
    auto& reading = logs_[key].current;
    if (!reading.mutations) reading.mutations = mutations;
}

/// The first list request of a life, whatever comes of it, goes on where a cut backfill was, and nothing that the
/// backfill has read to its end is read again.
void Readings::check_resume(const Key& key, const ListQuery& query, const std::vector<std::string>& known) {
    auto& log = logs_[key];
    const auto itwin_id = ListQuery(key.second, log.resume).itwin_id;
    const bool gone = !itwin_id.empty() && std::ranges::find(known, itwin_id) == known.end();
    if (!log.resume.empty() && !log.resume.ends_with(query.target) && !gone)
        journal_.violate("resume", fmt::format("{} {} went on at {} instead of {}", key.first, key.second, query.target,
                                               log.resume));
    log.resume.clear();
    if (log.done.contains(query.name()))
        journal_.violate("resume", fmt::format("{} {} reads again what it had read to its end: {}", key.first,
                                               key.second, query.target));
}

void Readings::follow(const Key& key, const ListQuery& query, std::int64_t mutations, std::int64_t rows,
                      const std::string& next) {
    auto& log = logs_[key];
    const auto name = query.name();
    const auto before = log.past.chains.find(name);
    auto& chain = log.current.chains[name];
    if (query.first) {
        chain = {.query = query,
                 .mutations = mutations,
                 .gapless = true,
                 .restarted = before != log.past.chains.end(),
                 .rows = rows};
    } else {
        if (chain.current.empty() && before != log.past.chains.end()) chain = before->second;
        if (query.target != chain.next && query.target != chain.current) chain.gapless = false;
    }
    chain.current = query.target;
    chain.next = next;
    chain.finished = next.empty();
}

void Readings::hinder_all(const std::string& installation) {
    for (auto& [key, log] : logs_)
        if (key.first == installation) log.current.hindered = true;
}

bool Readings::may_omit(const Key& key) const {
    const auto found = logs_.find(key);
    return found == logs_.end() || (found->second.may_omit && found->second.current.chains.empty());
}

void Readings::omit(const Key& key, const QueryName& name) {
    auto& reading = logs_[key].current;
    reading.omitted = true;
    reading.chains[name].gapless = false;  // not to be compared with the truth
}

void Readings::miss(const Key& key, const std::string& id) {
    auto& log = logs_[key];
    log.misses[id].insert(log.number);
}

std::size_t Readings::misses(const Key& key, const std::string& id) { return logs_[key].misses[id].size(); }

void Readings::merge(Log& log) {
    auto& past = log.past;
    for (auto& [name, chain] : log.current.chains) past.chains[name] = std::move(chain);
    if (!past.mutations) past.mutations = log.current.mutations;
    past.hindered = log.current.hindered;
    past.omitted = past.omitted || log.current.omitted;
    log.current = {};
}

Reading Readings::take(const Key& key, const std::string& type, bool ended_well) {
    auto& log = logs_[key];
    ++log.number;
    log.done.clear();
    if (type == "triggered") return std::exchange(log.current, {});
    log.may_omit = ended_well && !log.current.omitted;
    if (type != "backfill") return std::exchange(log.current, {});
    merge(log);
    return ended_well ? std::exchange(log.past, {}) : log.past;
}

Reading Readings::cut(const Key& key, bool goes_on, bool spoiled) {
    auto& log = logs_[key];
    ++log.number;
    auto seen = log.current;
    if (!seen.chains.empty()) log.may_omit = false;
    if (spoiled)
        for (auto& [name, chain] : log.current.chains)
            if (const auto known = log.past.chains.find(name); known != log.past.chains.end())
                chain.finished = chain.finished || known->second.finished;
    merge(log);
    if (!goes_on) log.past = {};
    if (spoiled)
        for (auto& [name, chain] : log.past.chains) chain.gapless = false;
    return seen;
}

void Readings::expect_resume(const Key& key, std::string url, std::set<QueryName> done) {
    logs_[key].resume = std::move(url);
    logs_[key].done = std::move(done);
}

}  // namespace syncd::simulation
