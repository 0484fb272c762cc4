// What may go wrong in a simulated world, how often, and what did. Every fault goes through here, so that a failing run
// can be tried again with fewer of them.
#pragma once

#include "tests/simulation/loop.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace syncd::simulation {

enum class Fault {
    dns,
    refused,
    tls,
    stalled_connect,
    partition,  // connecting
    reset_request,
    reset_answer,
    lost_answer,
    half_closed,
    closed_idle,
    drip,
    stalled,
    slow,  // on a connection
    limited,
    limited_without_hint,
    server_error,
    gateway_404,
    truncated,
    malformed,  // the provider's answers
    record_without_id,
    omitted_row,
    foreign_next,
    looping_next,
    redirect,
    stale_position,
    token_revoked,
    token_refused,
    token_expired,
    drift,
    reordered,
    late_list,  // its tokens and data
    itwin_refused,
    ids_refused,
    ids_left_out,
    own_refused,  // what it shows of one iTwin, of some ids, of one record
    receiver_error,
    receiver_limited,
    receiver_refuses,
    receiver_gone,
    receiver_outage,  // the receiver
    power_cut,
    crash,
    stop,
    disk_full,
    read_error,
    clock_jump,  // the machine
    write_unheard,
    write_lost,
    write_error,
    write_error_done,
    write_limited,
    write_refused,
    write_late,
    write_slow,
    write_lag,
    lookup_fails,
    write_amid,
    write_cut,      // the power, as a write is accepted or its answer comes
    write_full,     // the disk, as its answer comes
    write_removed,  // the customer deletes what his create has made before he heard of it; only worlds with writes have
                    // these
    caller_cut,
    caller_left,
    caller_slow,
    wrong_key,  // the daemon's customers; from here on: only worlds whose daemon is called
    passed_unauthorized,
    passed_limited,
    passed_error,
    passed_cut,
    passed_lost,
    passed_slow,  // what is passed through
    consent_withdrawn,
    consent_denied,
    token_down,
    token_lost,
    token_cut,
    token_slow,
    strange_callback,
    repeated_callback,
    stop_amid,  // users who sign in
};
inline constexpr std::size_t fault_kinds = std::size_t(Fault::stop_amid) + 1;
std::string_view to_string(Fault fault);

class Faults {
public:
    explicit Faults(std::uint64_t seed) : chance_(seed) { one_in_.fill(0); }

    /// Lets a fault strike once in so many chances; 0: never.
    void set(Fault fault, std::int64_t one_in) { one_in_[std::size_t(fault)] = one_in; }
    /// Whether it strikes now. Draws the same chance whether or not the fault is switched off.
    bool strike(Fault fault) { return strike(fault, chance_); }
    /// Likewise, drawn from a stream of chance of the caller's own.
    bool strike(Fault fault, Chance& chance);
    /// Counts a fault that the plan, not chance, brings about; false when it is switched off.
    bool planned(Fault fault);
    /// No more faults from now on.
    void end() { ended_ = true; }
    bool ended() const { return ended_; }
    /// For the minimiser: this kind never, and none after the first so many.
    void forbid(Fault fault) { forbidden_[std::size_t(fault)] = true; }
    void limit(std::int64_t faults) { left_ = faults; }

    using Counts = std::array<std::int64_t, fault_kinds>;
    const Counts& counts() const { return counts_; }
    Chance& chance() { return chance_; }

private:
    bool allowed(Fault fault);

    Chance chance_;
    std::array<std::int64_t, fault_kinds> one_in_;
    std::array<bool, fault_kinds> forbidden_{};
    Counts counts_{};
    std::int64_t left_ = INT64_MAX;
    bool ended_ = false;
};

}  // namespace syncd::simulation
