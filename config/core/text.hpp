// Texts of strangers, made fit to be shown and stored.
#pragma once

#include <string>
#include <string_view>

namespace syncd {

/// At most `bytes_max` bytes of valid UTF-8: cut between characters, what is not UTF-8 replaced by `?`.
std::string clean_text(std::string_view text, std::size_t bytes_max);

}  // namespace syncd
