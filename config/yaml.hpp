// Reads YAML into plain values and collects everything that is wrong on the way, each with its file, line and column.
// A wrong value is noted and read as if it were absent, so that one run shows all problems.
#pragma once

#include "config/core/error.hpp"
#include "config/core/time.hpp"
#include "config/load.hpp"

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd::config {

inline constexpr std::int64_t any_number = std::numeric_limits<std::int64_t>::max();

/// Counted from 1; 0: the file as a whole.
struct Place {
    int line = 0, column = 0;
};

/// What was found wrong in all files of a run, as it was met.
struct Findings {
    std::vector<Problem> errors, warnings;
};

/// One YAML file. It must outlive the values read from it.
class Source {
public:
    using Replace = std::function<result<std::string>(std::string_view scalar)>;

    /// `replace` is applied to scalars that hold `${`; empty: they stand as they are.
    Source(std::string file, Findings& findings, Replace replace = {});
    Source(const Source&) = delete;

    /// The one document of `text`; empty, with an error noted, when it isn't YAML.
    std::optional<YAML::Node> parse(const std::string& text);
    void error(Place place, std::string message);
    void warning(Place place, std::string message);
    const std::string& file() const { return file_; }
    const Replace& replace() const { return replace_; }

private:
    std::string file_;
    Findings& findings_;
    Replace replace_;
};

/// One value of a file: a scalar, a map, a list, null, or nothing at all (an absent member).
class Value {
public:
    Value() = default;
    Value(Source& source, YAML::Node node, Place fallback, std::string name);

    /// Whether it was written; null counts.
    bool present() const { return present_; }
    bool is_null() const;
    bool is_map() const { return present_ && node_.IsMap(); }
    bool is_list() const { return present_ && node_.IsSequence(); }
    /// Where it stands; a null or an absent one: where its key or its map stands.
    Place place() const { return place_; }
    /// As messages call it: the member's name.
    const std::string& name() const { return name_; }
    void error(std::string message) const;
    void warning(std::string message) const;

    // Each of these returns the value; empty when it is absent, or wrong, which is then noted as an error.

    /// Any scalar but null, as it is spelled.
    std::optional<std::string> text() const;
    /// The same, and not empty.
    std::optional<std::string> filled() const;
    /// `true` or `false`, not quoted.
    std::optional<bool> boolean() const;
    /// A plain decimal number, not quoted.
    std::optional<std::int64_t> integer(std::int64_t least, std::int64_t most = any_number) const;
    /// `500ms`, `15s`, `5m`, `2h`, `7d`, or 0.
    std::optional<Duration> duration(Duration least = Duration::zero()) const;
    /// One of the allowed words.
    std::optional<std::string> word(const std::vector<std::string>& allowed) const;
    /// `true` or `false`, a number, or text; what is quoted is text.
    std::optional<FilterValue> scalar() const;
    /// The elements; none for null.
    std::vector<Value> list() const;

    /// As it stands in the file, for messages: never what an interpolation stands for.
    std::string written() const;

private:
    friend class Map;
    struct Scalar {
        std::string text;
        bool quoted = false;
    };
    std::optional<Scalar> read_scalar(std::string_view expected) const;
    /// Notes that something else is allowed; `show`: with what was written, which may be a secret.
    void expected(std::string_view what, bool show = true) const;

    Source* source_ = nullptr;
    YAML::Node node_;
    Place place_;
    std::string name_;
    bool present_ = false;
};

/// The members of a map. Those asked for are the known ones; close() complains about all others.
class Map {
public:
    /// An absent or null value is an empty map; anything else that is no map is an error.
    explicit Map(const Value& value);

    /// The member of that name, perhaps absent.
    Value operator[](std::string_view key);
    /// The same; its absence is an error.
    Value required(std::string_view key);
    struct Member {
        std::string key;
        Place place;  // of the key
        Value value;
    };
    /// Every member in order, for maps whose keys are the user's.
    const std::vector<Member>& members() const { return members_; }
    /// Notes an error for each key that was never asked for.
    void close();
    /// Notes an error at the key of a member.
    void error_at(const Member& member, std::string message) const;
    void warning_at(const Member& member, std::string message) const;

    const Value& value() const { return value_; }

private:
    Value value_;
    std::vector<Member> members_;
    std::vector<std::string> asked_;
};

/// Assigns what was read, if anything.
template <class To, class From>
void set(To& to, std::optional<From> from) {
    if (from) to = std::move(*from);
}

}  // namespace syncd::config
