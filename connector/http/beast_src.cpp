// Asio's, Asio SSL's and Beast's function bodies, compiled once (BOOST_ASIO_SEPARATE_COMPILATION and its sibling).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
