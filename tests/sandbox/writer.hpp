// Creates, updates and deletes as the provider does them.
#pragma once

#include "tests/sandbox/data.hpp"
#include "tests/sandbox/writes.hpp"

#include <optional>
#include <string>

namespace syncd::sandbox {

/// What a write request is aimed at, whether it is allowed there or not.
struct WriteTarget {
    const ObjectRow* row = nullptr;  // null: no object that can be written
    const WriteRow* write = nullptr;
    Operation operation{};
    std::string id{};  // of an update or delete
};
WriteTarget write_target_of(const Call& call);

class Writer {
public:
    explicit Writer(Data& data) : data_(data) {}

    struct Outcome {
        http::Response response;
        bool processed = false;  // something was created, updated or deleted
        std::string id{};        // of that
    };
    /// `origin` goes in front of links.
    Outcome handle(const Call& call, const WriteTarget& target, const std::string& origin);

private:
    Outcome create(const Writing& writing, const std::string& origin);
    Outcome update(const Writing& writing);
    Outcome remove(const Writing& writing);
    std::optional<http::Response> refusal_of(const Writing& writing) const;
    std::optional<http::Response> taken(const Writing& writing) const;

    Data& data_;
};

}  // namespace syncd::sandbox
