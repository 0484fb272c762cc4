// A text that must not be seen: keys, tokens, client secrets. Printing it shows ***.
#pragma once

#include <compare>
#include <ostream>
#include <string>
#include <utility>

namespace syncd {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    /// The text itself; whoever calls this answers for where it goes.
    const std::string& reveal() const { return text_; }
    bool empty() const { return text_.empty(); }
    auto operator<=>(const Secret&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

private:
    std::string text_;
};

}  // namespace syncd
