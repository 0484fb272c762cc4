// The HTTP control API under /_sandbox/: what a test turns and reads. README.md lists it.
#pragma once

#include "tests/sandbox/provider.hpp"
#include "tests/sandbox/receiver.hpp"

#include <string>
#include <string_view>

namespace syncd::sandbox {

inline constexpr std::string_view control_path = "/_sandbox/";
inline constexpr std::int64_t edit_records_max = 10'000'000;  // of one call

class Control {
public:
    Control(Data& data, Tokens& tokens, Provider& provider, Receiver& receiver)
        : data_(data), tokens_(tokens), provider_(provider), receiver_(receiver) {}

    http::Response handle(const Call& call);

private:
    using Action = http::Response (Control::*)(const Call&);
    struct Route {
        std::string_view method, path;     // after /_sandbox/
        Action action;
    };
    static const Route routes[];

    http::Response objects_list(const Call& call);
    http::Response reset(const Call& call);
    http::Response faults_get(const Call& call);
    http::Response faults_add(const Call& call);
    http::Response faults_clear(const Call& call);
    http::Response limits(const Call& call);
    http::Response tokens_revoke(const Call& call);
    http::Response tokens_accept(const Call& call);
    http::Response tokens_set(const Call& call);
    http::Response writes(const Call& call);
    http::Response writes_created(const Call& call);
    http::Response writes_duplicates(const Call& call);
    http::Response writes_counts(const Call& call);
    http::Response writes_clear(const Call& call);
    http::Response consents_revoke(const Call& call);
    http::Response consents_set(const Call& call);
    http::Response stats(const Call& call);
    http::Response stats_reset(const Call& call);
    http::Response receiver_get(const Call& call);
    http::Response receiver_state(const Call& call);
    http::Response receiver_compare(const Call& call);
    http::Response receiver_results(const Call& call);
    http::Response receiver_secrets(const Call& call);
    http::Response receiver_reset(const Call& call);
    http::Response receiver_faults_get(const Call& call);
    http::Response receiver_faults_add(const Call& call);
    http::Response receiver_faults_clear(const Call& call);

    http::Response records_of(const ObjectRow& row);
    http::Response of_object(const Call& call, std::string_view path);
    http::Response edit(const Call& call, const ObjectRow& row, std::string_view verb);
    http::Response put_record(const Call& call, const ObjectRow& row);
    http::Response of_record(const Call& call, const ObjectRow& row, std::string_view id);
    http::Response itwins_of(const Call& call, const ObjectRow& row, std::string_view id);
    static http::Response add_fault(Faults& faults, const std::string& body);

    Data& data_;
    Tokens& tokens_;
    Provider& provider_;
    Receiver& receiver_;
};

}  // namespace syncd::sandbox
