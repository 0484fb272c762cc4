// The daemon's customers: what they order to be written, with which keys they repeat it, and what they were answered.
#pragma once

#include "daemon/daemon.hpp"
#include "tests/simulation/journal.hpp"
#include "tests/simulation/provider.hpp"
#include "tests/simulation/scenario.hpp"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace syncd::simulation {

/// Of the record that somebody else has made before it is ordered.
inline constexpr std::string_view twin_name = "The twin", twin_number = "number-twin";

/// One record of an order.
struct OrderedWrite {
    std::string label;
    std::string record_id;    // of an update or delete
    bool paid = false;        // starts paid work
    bool by_key = false;      // a create with a key of its own or a marker; an update whose record shows it
    bool by_content = false;  // a create that can be told by its content
};

/// A request for writes, perhaps made several times.
struct Order {
    std::string installation;
    WriteOrder request;
    std::string scope;  // of its key
    std::vector<OrderedWrite> writes;
    bool retry_unknown = false;
    std::set<std::string> operations;  // that it was answered with
    bool asked = false;                // the daemon, by somebody who may
    bool answered = false;
};

/// One call of an order over HTTP.
struct CallOf {
    bool other = false;      // something else under the order's key
    bool wrong_key = false;  // of the customer: an API key that is none
    bool troubled = false;   // something may rightly keep the daemon from storing what it is asked
};

class Writer {
public:
    Writer(Machine& machine, Journal& journal, const Scenario& scenario, Provider& provider, std::uint64_t seed)
        : machine_(machine), journal_(journal), scenario_(scenario), provider_(provider), chance_(seed) {}

    /// A new order of one of the installations; null where there is nothing to write.
    Order* order();
    /// A create of that object, by whoever writes it.
    Order* create(const std::string& object);
    /// A delete of what that write has made; null where nothing shows it.
    Order* removal(const std::string& label);
    /// An update or delete of that record; null where the installation does not write it.
    Order* change(const std::string& installation, const std::string& object, const std::string& id);
    /// The same again, or something else under its key.
    Order* repeat();
    /// What the daemon says to it; `other` what was under the order's key was something else.
    void answered(Order& order, bool other, const result<WriteReport>& report);
    /// The order as a request over HTTP, without an API key. REQUIRES an Idempotency-Key.
    http::Request call(const Order& order, bool other) const;
    /// What the caller has of the answer; false: nothing that tells whether it was accepted.
    bool heard(Order& order, const CallOf& call, const Heard& heard);
    std::deque<Order>& orders() { return orders_; }
    /// Synchronous callers wait so long.
    static Duration limit(const Order& order) {
        return order.request.asynchronous ? Duration::zero() : synchronous_write_max;
    }

private:
    const config::WriteObject* pick(std::string& installation);
    bool is_twin(const std::string& object, const std::string& id) const;
    Order& begin(const std::string& installation, const config::WriteObject& object, WriteType type);
    void add_create(Order& order, const config::WriteObject& object);
    bool add_update(Order& order, const std::string& id);
    bool add_delete(Order& order, const std::string& id);
    void note_operation(Order& order, bool other, const std::string& operation);
    void check_result(const OrderedWrite& write, std::string_view result);
    void check_results(const Order& order, const WriteReport& report);
    std::string target(const std::string& object);
    std::string next_label() { return "w-" + std::to_string(next_label_++); }

    Machine& machine_;
    Journal& journal_;
    const Scenario& scenario_;
    Provider& provider_;
    Chance chance_;
    std::deque<Order> orders_;                            // by the time of the order
    std::map<std::string, std::string> last_;             // by object: the record that was written last
    std::set<std::pair<std::string, std::string>> paid_;  // jobs whose work was ordered
    std::int64_t next_label_ = 1;
    bool twin_ordered_ = false;
};

}  // namespace syncd::simulation
