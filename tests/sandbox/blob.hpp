// Bodies of any size, for those who stream: GET /sandbox/blob?bytes=N gives N bytes, PUT and POST count what comes.
#pragma once

#include "connector/http/server.hpp"

namespace syncd::sandbox {

http::Streaming make_blobs();

}  // namespace syncd::sandbox
