// A notification on its way into the outbox.
#pragma once

#include <string>
#include <vector>

namespace syncd::storage {

/// The object that streams of notifications have.
inline constexpr auto notices_object = "notifications";

/// A notification, finished: becomes a message in the transaction that it is handed to, if what it tells of comes true.
struct Notice {
    std::string destination;
    std::string installation_id;  // that it is about; empty: of none
    std::string operation_id;     // likewise
    std::string body;
};
using Notices = std::vector<Notice>;

}  // namespace syncd::storage
