// A blocking HTTP client for one request at a time over loopback.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace syncd::e2e {

struct Answer {
    int status = 0;  // 0: no answer
    std::string head, body;
};

/// `url` is http://127.0.0.1:PORT/…; headers are whole lines. The server is asked to close the connection.
inline Answer fetch(const std::string& method, const std::string& url, const std::string& body = {},
                    const std::vector<std::string>& headers = {}) {
    const std::string scheme = "http://";
    const auto colon = url.find(':', scheme.size());
    auto slash = url.find('/', scheme.size());
    if (slash == std::string::npos) slash = url.size();
    if (!url.starts_with(scheme) || colon == std::string::npos || colon > slash)
        throw std::invalid_argument("not http://HOST:PORT/…: " + url);
    const auto host = url.substr(scheme.size(), slash - scheme.size());

    struct Socket {
        int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ~Socket() { ::close(descriptor); }
    } socket;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(std::uint16_t(std::atoi(url.c_str() + colon + 1)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(socket.descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};

    std::string request = method + " " + (slash == url.size() ? "/" : url.substr(slash)) +
                          " HTTP/1.1\r\nHost: " + host +
                          "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    for (const auto& header : headers) request += header + "\r\n";
    request += "\r\n" + body;
    for (std::size_t sent = 0; sent < request.size();) {
        const auto count = ::send(socket.descriptor, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;  // it may have answered all the same
        sent += std::size_t(count);
    }
    std::string text;
    char buffer[65536];
    std::size_t end = std::string::npos, length = std::string::npos;  // of the head; of all that is to come, if known
    for (ssize_t count = 0;
         text.size() < length && (count = ::recv(socket.descriptor, buffer, sizeof buffer, 0)) > 0;) {
        text.append(buffer, std::size_t(count));
        if (end != std::string::npos || (end = text.find("\r\n\r\n")) == std::string::npos) continue;
        const std::string word = "\r\nContent-Length:";
        const auto at = text.find(word);  // some keep the connection open all the same
        if (at < end) length = end + 4 + std::size_t(std::atoll(text.c_str() + at + word.size()));
    }
    if (end == std::string::npos || text.size() < 12) return {};
    return {std::atoi(text.c_str() + 9), text.substr(0, end), text.substr(end + 4)};
}

}  // namespace syncd::e2e
