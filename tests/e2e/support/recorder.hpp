// A receiver that takes whatever comes and keeps it: for messages that the sandbox's receiver does not judge.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace syncd::e2e {

class Recorder {
public:
    Recorder() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        const bool listens = ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                             ::listen(listener_, 16) == 0 &&
                             ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
        if (!listens) throw std::runtime_error("the recorder can't listen");
        url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/hook";
        thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    }
    ~Recorder() {
        thread_.request_stop();
        thread_.join();
        ::close(listener_);
    }
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    std::string url;
    std::vector<std::string> bodies() const {
        const std::scoped_lock lock(mutex_);
        return bodies_;
    }

private:
    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            pollfd ready{.fd = listener_, .events = POLLIN, .revents = 0};
            if (::poll(&ready, 1, 20) < 1) continue;
            const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (connection >= 0) answer(connection);
        }
    }
    /// One request a connection.
    void answer(int connection) {
        const timeval limit{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        std::string text;
        char buffer[65536];
        for (std::size_t wanted = std::string::npos; text.size() < wanted;) {
            const auto count = ::recv(connection, buffer, sizeof buffer, 0);
            if (count <= 0) break;
            text.append(buffer, std::size_t(count));
            const auto end = text.find("\r\n\r\n");
            const auto length = text.find("Content-Length: ");
            if (end == std::string::npos || length > end) continue;
            wanted = end + 4 + std::size_t(std::atol(text.c_str() + length + 16));
            if (text.size() < wanted) continue;
            const std::scoped_lock lock(mutex_);
            bodies_.push_back(text.substr(end + 4));
        }
        const std::string reply = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        (void)::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
        ::close(connection);
    }

    int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mutable std::mutex mutex_;
    std::vector<std::string> bodies_;
    std::jthread thread_;
};

}  // namespace syncd::e2e
