// The World of production: sockets, OpenSSL, the system's clocks and random source.
#pragma once

#include "connector/world/world.hpp"

namespace boost::asio {
class io_context;
}

namespace syncd {

/// TLS is verified against the system's authorities and the endpoint's `ca_file`; at least TLS 1.2.
std::unique_ptr<World> make_real_world(asio::io_context& context);

}  // namespace syncd
