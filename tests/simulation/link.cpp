#include "tests/simulation/link.hpp"

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace syncd::simulation {
namespace {

constexpr std::size_t piece_of_drip = 40;  // a dripping answer comes in so many pieces
constexpr Duration drip_pause_max = std::chrono::milliseconds{1500};
constexpr Duration slow_answer_max = std::chrono::seconds{12};  // within every timeout of the product
constexpr std::string_view header_end = "\r\n\r\n";

std::string render(const http::Response& response, bool keep_alive) {
    std::string text = fmt::format("HTTP/1.1 {} X\r\n", response.status);
    for (const auto& [name, value] : response.headers) text += fmt::format("{}: {}\r\n", name, value);
    if (!keep_alive) text += "Connection: close\r\n";
    text += fmt::format("Content-Length: {}\r\n\r\n", response.body.size());
    return text + response.body;
}

http::Request parse_head(std::string_view head) {
    http::Request request;
    const auto line_end = head.find("\r\n");
    const auto line = head.substr(0, line_end);
    const auto first = line.find(' '), second = line.rfind(' ');
    request.method = std::string(line.substr(0, first));
    request.target = std::string(line.substr(first + 1, second - first - 1));
    for (auto at = line_end + 2; at < head.size();) {
        const auto end = std::min(head.find("\r\n", at), head.size());
        const auto field = head.substr(at, end - at);
        const auto colon = field.find(": ");
        request.headers.add(std::string(field.substr(0, colon)), std::string(field.substr(colon + 2)));
        at = end + 2;
    }
    return request;
}

std::size_t content_length(const http::Request& request) {
    const auto text = request.headers.get("Content-Length");
    std::size_t bytes = 0;
    std::from_chars(text.data(), text.data() + text.size(), bytes);
    return bytes;
}

}  // namespace

void Link::read(asio::mutable_buffer buffer, IoHandler handler) {
    if (closed)
        return network.loop().complete(std::move(handler), error_code(asio::error::bad_descriptor), std::size_t{0});
    target = buffer;
    reader.set(std::move(handler), [weak = weak_from_this()] {
        if (auto link = weak.lock(); link && link->reader)
            link->network.loop().complete(link->reader.take(), error_code(asio::error::operation_aborted),
                                          std::size_t{0});
    });
    wake();
}

void Link::wake() {
    if (!reader || (inbox.empty() && !ended && !broken)) return;
    if (inbox.empty()) {
        const error_code failure = broken ? error_code(asio::error::connection_reset) : error_code(asio::error::eof);
        return network.loop().complete(reader.take(), failure, std::size_t{0});
    }
    const auto bytes = std::min(inbox.size(), target.size());
    std::memcpy(target.data(), inbox.data(), bytes);
    inbox.erase(0, bytes);
    network.loop().complete(reader.take(), error_code(), bytes);
}

void Link::write(const WriteBuffers& buffers, std::size_t count, IoHandler handler) {
    auto& loop = network.loop();
    if (closed || broken) {
        const error_code failure =
            closed ? error_code(asio::error::bad_descriptor) : error_code(asio::error::connection_reset);
        return loop.complete(std::move(handler), failure, std::size_t{0});
    }
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i)
        bytes.append(static_cast<const char*>(buffers[i].data()), buffers[i].size());
    if (!first_byte_sent) {
        first_byte_sent = loop.tick();
        if (network.faults().strike(Fault::reset_request)) breaks_after = network.faults().chance().between(0, 600);
    }
    const auto written = bytes.size();
    if (breaks_after >= 0 && std::int64_t(written) >= breaks_after) {
        bytes.resize(std::size_t(std::exchange(breaks_after, 0)));  // and nothing of what is written later
        last_up = std::max(last_up, loop.tick() + network.latency());
        at_peer(last_up, [](Link& link) { link.reset(); });
    } else if (breaks_after >= 0) {
        breaks_after -= std::int64_t(written);
    }
    last_up = std::max(last_up, loop.tick() + network.latency());
    loop.at(reachable(last_up),
            [self = shared_from_this(), bytes = std::move(bytes)]() mutable { self->arrive(std::move(bytes)); });
    loop.complete(std::move(handler), error_code(), written);
}

void Link::arrive(std::string bytes) {
    if (peer_closed) return;  // nobody is there any more to take it
    network.peers_.at(host).peer->overhear(bytes);
    request += bytes;
    take_request();
}

void Link::take_request() {
    const auto end = request.find(header_end);
    if (answering || end == std::string::npos) return;
    Arrival arrival{.request = parse_head(std::string_view(request).substr(0, end)), .sent_at = {}, .life = life};
    const auto bytes = content_length(arrival.request);
    if (request.size() < end + header_end.size() + bytes) return;
    arrival.request.body = request.substr(end + header_end.size(), bytes);
    request.erase(0, end + header_end.size() + bytes);
    arrival.sent_at = first_byte_sent.value_or(network.loop().tick());
    arrival.reused = served++ > 0;
    arrival.awaited = [weak = weak_from_this(), number = served] {
        const auto link = weak.lock();
        return link && link->answering && link->served == number && !link->closed && !link->broken && !link->ended;
    };
    first_byte_sent.reset();
    answer(std::move(arrival));
}

void Link::answer(Arrival arrival) {
    auto& faults = network.faults();
    auto& loop = network.loop();
    ++network.requests_;
    answering = true;
    auto reply = network.peers_.at(host).peer->answer(arrival);
    if (reply.way == Reply::Way::never || faults.strike(Fault::stalled)) return;
    if (reply.way == Reply::Way::lost || faults.strike(Fault::lost_answer)) {
        at_peer(loop.tick() + reply.delay, [](Link& link) { link.send_down("", true, {}); });
        return;
    }
    if (faults.strike(Fault::slow)) reply.delay += faults.chance().between(Duration{0}, slow_answer_max);
    const bool closes = faults.strike(Fault::half_closed);
    auto text = render(reply.response, !closes || faults.chance().one_in(2));
    bool ends = closes;
    if (reply.way == Reply::Way::cut || faults.strike(Fault::reset_answer)) {
        text.resize(std::size_t(faults.chance().between(1, std::int64_t(text.size()) - 1)));
        reply.received = {};
        ends = true;
    }
    at_peer(loop.tick() + reply.delay, [text = std::move(text), ends, received = std::move(reply.received),
                                        begun = std::move(reply.begun)](Link& link) {
        link.send_down(text, ends, received, begun);
        link.answering = false;
        link.take_request();
        if (ends || !link.network.faults().strike(Fault::closed_idle)) return;
        const auto rest = link.network.faults().chance().between(Duration{0}, Duration{std::chrono::seconds{40}});
        link.at_peer(link.network.loop().tick() + rest, [](Link& idle) {
            if (!idle.answering) idle.send_down("", true, {});
        });
    });
}

void Link::send_down(std::string bytes, bool then_end, std::function<void()> received, std::function<void()> begun) {
    auto& loop = network.loop();
    const bool drips = bytes.size() > piece_of_drip && network.faults().strike(Fault::drip);
    const auto piece = drips ? bytes.size() / piece_of_drip : std::max<std::size_t>(1, bytes.size());
    const auto arrived = [weak = weak_from_this(), &loop](Tick due, std::function<void(Link&)> work) {
        loop.at(due, [weak, work = std::move(work)] {
            const auto link = weak.lock();
            if (!link || link->closed || link->broken || link->ended) return;
            work(*link);
            link->wake();
        });
    };
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto pause = drips ? network.faults().chance().between(Duration{1000}, drip_pause_max) : Duration{0};
        last_down = reachable(std::max(last_down, loop.tick() + network.latency()) + pause);
        const bool last = at + piece >= bytes.size();
        arrived(last_down, [part = bytes.substr(at, piece), done = last ? received : nullptr,
                            first = at == 0 ? begun : nullptr](Link& link) {
            link.inbox += part;
            if (first) first();
            if (done) done();
        });
    }
    last_down = reachable(std::max(last_down, loop.tick() + network.latency()));
    peer_closed = peer_closed || then_end;
    if (then_end) arrived(last_down, [](Link& link) { link.ended = true; });
}

void Link::at_peer(Tick due, std::function<void(Link&)> work) {
    network.loop().at(due, [self = shared_from_this(), work = std::move(work)] { work(*self); });
}

Tick Link::reachable(Tick due) const { return std::max(due, network.peers_.at(host).unreachable_until); }

void Link::close() {
    if (std::exchange(closed, true)) return;
    if (reader) network.loop().complete(reader.take(), error_code(asio::error::operation_aborted), std::size_t{0});
}

void Link::reset() {
    broken = true;
    inbox.clear();
    wake();
}

void Network::kill(int life) {
    for (auto& weak : links_)
        if (auto link = weak.lock(); link && link->life == life) link->reset();
    std::erase_if(links_, [](const auto& weak) { return weak.expired(); });
    port_.kill(life);
}

Duration Network::latency() { return faults_.chance().between(Duration{200}, Duration{40'000}); }

Network::Outcome Network::try_connect(const std::string& host) {
    const auto found = peers_.find(host);
    if (found == peers_.end()) return {latency(), "resolving: no such host"};
    const bool unreachable = loop_.tick() < found->second.unreachable_until;
    if (unreachable || faults_.strike(Fault::stalled_connect))
        return {.wait = {}, .failure = "connecting: no answer in time", .stalled = true};
    if (faults_.strike(Fault::dns)) return {latency(), "resolving: try again"};
    if (faults_.strike(Fault::refused)) return {latency(), "connecting: refused"};
    if (faults_.strike(Fault::tls)) return {latency(), "TLS: certificate not accepted"};
    return {latency() * 2};
}

namespace {

class ProcessEnd final : public StreamImpl {
public:
    explicit ProcessEnd(std::shared_ptr<Link> link) : link_(std::move(link)) {}
    ~ProcessEnd() override { link_->close(); }
    void read_some(asio::mutable_buffer buffer, IoHandler handler) override { link_->read(buffer, std::move(handler)); }
    void write_some(const WriteBuffers& buffers, std::size_t count, IoHandler handler) override {
        link_->write(buffers, count, std::move(handler));
    }
    void close() override { link_->close(); }
    bool stale() override { return link_->closed || link_->broken || link_->ended || !link_->inbox.empty(); }

private:
    std::shared_ptr<Link> link_;
};

}  // namespace

Stream Network::connected(const std::string& host, int life) {
    auto link = std::make_shared<Link>(*this, host, life);
    links_.push_back(link);
    return Stream(loop_.executor(), std::make_unique<ProcessEnd>(std::move(link)));
}

}  // namespace syncd::simulation
