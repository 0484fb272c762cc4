// The imitated webhook receiver: checks signatures, keeps an Inbox, and misbehaves on order.
#pragma once

#include "connector/http/message.hpp"
#include "connector/world/world.hpp"
#include "tests/sandbox/call.hpp"
#include "tests/sandbox/faults.hpp"
#include "tests/sandbox/inbox.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace syncd::sandbox {

class Receiver {
public:
    using Log = std::function<void(const std::string& line)>;

    /// A message is good when any of the secrets signed it. `log` gets one line for each delivery; may be empty.
    Receiver(World& world, std::vector<std::string> secrets, Log log);

    /// POST /hooks/{name}; a status of 0 means that the connection is to be closed unanswered.
    awaitable<http::Response> handle(http::Request request);

    Faults& faults() { return faults_; }
    Inbox& inbox() { return inbox_; }
    void reset() { inbox_ = Inbox{}; }
    void set_secrets(std::vector<std::string> secrets) { secrets_ = std::move(secrets); }
    /// As Inbox::describe(), with the attempts by status.
    std::string describe() const;

private:
    /// A delivery as it is being judged.
    struct Arrival {
        std::string hook, id;
        int status = 200;                  // what a sound receiver would answer
        std::string note{};                // for the log line
        std::string stream{};
    };

    bool signed_well(const Call& call);
    Arrival judge(const Call& call, std::string hook, bool process);
    void judge_message(const Call& call, bool process, Arrival& arrival);
    void enter(const std::string& stream, const std::string& id);
    void leave(const std::string& stream, const std::string& id);

    World& world_;
    std::vector<std::string> secrets_;
    Log log_;
    Faults faults_;
    Inbox inbox_;
    std::map<int, std::uint64_t> answers_;                     // by status; 0: closed unanswered
    std::map<std::string, std::set<std::string>> open_;        // ids in hand, by stream
};

}  // namespace syncd::sandbox
