#include "tests/simulation/faults.hpp"

namespace syncd::simulation {

std::string_view to_string(Fault fault) {
    constexpr std::array<std::string_view, fault_kinds> names{"dns",
                                                              "refused",
                                                              "tls",
                                                              "stalled_connect",
                                                              "partition",
                                                              "reset_request",
                                                              "reset_answer",
                                                              "lost_answer",
                                                              "half_closed",
                                                              "closed_idle",
                                                              "drip",
                                                              "stalled",
                                                              "slow",
                                                              "limited",
                                                              "limited_without_hint",
                                                              "server_error",
                                                              "gateway_404",
                                                              "truncated",
                                                              "malformed",
                                                              "record_without_id",
                                                              "omitted_row",
                                                              "foreign_next",
                                                              "looping_next",
                                                              "redirect",
                                                              "stale_position",
                                                              "token_revoked",
                                                              "token_refused",
                                                              "token_expired",
                                                              "drift",
                                                              "reordered",
                                                              "late_list",
                                                              "itwin_refused",
                                                              "ids_refused",
                                                              "ids_left_out",
                                                              "own_refused",
                                                              "receiver_error",
                                                              "receiver_limited",
                                                              "receiver_refuses",
                                                              "receiver_gone",
                                                              "receiver_outage",
                                                              "power_cut",
                                                              "crash",
                                                              "stop",
                                                              "disk_full",
                                                              "read_error",
                                                              "clock_jump",
                                                              "write_unheard",
                                                              "write_lost",
                                                              "write_error",
                                                              "write_error_done",
                                                              "write_limited",
                                                              "write_refused",
                                                              "write_late",
                                                              "write_slow",
                                                              "write_lag",
                                                              "lookup_fails",
                                                              "write_amid",
                                                              "write_cut",
                                                              "write_full",
                                                              "write_removed",
                                                              "caller_cut",
                                                              "caller_left",
                                                              "caller_slow",
                                                              "wrong_key",
                                                              "passed_unauthorized",
                                                              "passed_limited",
                                                              "passed_error",
                                                              "passed_cut",
                                                              "passed_lost",
                                                              "passed_slow",
                                                              "consent_withdrawn",
                                                              "consent_denied",
                                                              "token_down",
                                                              "token_lost",
                                                              "token_cut",
                                                              "token_slow",
                                                              "strange_callback",
                                                              "repeated_callback",
                                                              "stop_amid"};
    return names[std::size_t(fault)];
}

bool Faults::allowed(Fault fault) {
    if (ended_ || forbidden_[std::size_t(fault)] || left_ <= 0) return false;
    --left_;
    ++counts_[std::size_t(fault)];
    return true;
}

bool Faults::strike(Fault fault, Chance& chance) {
    const auto one_in = one_in_[std::size_t(fault)];
    return one_in > 0 && chance.one_in(one_in) && allowed(fault);
}

bool Faults::planned(Fault fault) { return allowed(fault); }

}  // namespace syncd::simulation
