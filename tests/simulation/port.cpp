#include "tests/simulation/port.hpp"

#include "tests/simulation/link.hpp"
#include "tests/simulation/wire.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstring>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 15min;  // of a customer who does not break off: longer than any answer takes
constexpr std::size_t pieces_max = 8;

}  // namespace

/// One connection: the process's end as a Stream, the customer's as a sender of one request.
struct Inlet : std::enable_shared_from_this<Inlet> {
    Inlet(Port& p, Port::Hear h) : port(p), hear(std::move(h)) {}

    Port& port;
    int life = 0;
    // The process's end.
    std::string inbox;  // arrived, not read yet
    bool ended = false, broken = false, closed = false;
    asio::mutable_buffer target{};
    Pending<IoHandler> reader;
    Tick last_up{}, last_down{};
    // The customer's.
    Port::Hear hear;
    std::string answer;
    bool head = false;               // of a HEAD request: no body follows
    std::int64_t leaves_after = -1;  // bytes of the answer; -1: never

    void read(asio::mutable_buffer buffer, IoHandler handler);
    void write(const WriteBuffers& buffers, std::size_t count, IoHandler handler);
    void close();
    void wake();
    void send(std::string bytes);
    void end_down();
    void take(std::string_view bytes);
    /// The customer goes, with what it has.
    void leave();
};

void Inlet::read(asio::mutable_buffer buffer, IoHandler handler) {
    if (closed) return port.loop_.complete(std::move(handler), error_code(asio::error::bad_descriptor), std::size_t{0});
    target = buffer;
    reader.set(std::move(handler), [weak = weak_from_this()] {
        if (auto inlet = weak.lock(); inlet && inlet->reader)
            inlet->port.loop_.complete(inlet->reader.take(), error_code(asio::error::operation_aborted),
                                       std::size_t{0});
    });
    wake();
}

void Inlet::wake() {
    if (!reader || (inbox.empty() && !ended && !broken)) return;
    if (inbox.empty()) {
        const error_code failure = broken ? error_code(asio::error::connection_reset) : error_code(asio::error::eof);
        return port.loop_.complete(reader.take(), failure, std::size_t{0});
    }
    const auto bytes = std::min(inbox.size(), target.size());
    std::memcpy(target.data(), inbox.data(), bytes);
    inbox.erase(0, bytes);
    port.loop_.complete(reader.take(), error_code(), bytes);
}

void Inlet::write(const WriteBuffers& buffers, std::size_t count, IoHandler handler) {
    if (closed || broken) {
        const error_code failure =
            closed ? error_code(asio::error::bad_descriptor) : error_code(asio::error::connection_reset);
        return port.loop_.complete(std::move(handler), failure, std::size_t{0});
    }
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i)
        bytes.append(static_cast<const char*>(buffers[i].data()), buffers[i].size());
    const auto written = bytes.size();
    if (port.overheard_) port.overheard_(bytes);
    last_down = std::max(last_down, port.loop_.tick() + port.latency());
    port.loop_.at(last_down, [self = shared_from_this(), bytes = std::move(bytes)] { self->take(bytes); });
    port.loop_.complete(std::move(handler), error_code(), written);
}

void Inlet::close() {
    if (std::exchange(closed, true)) return;
    if (reader) port.loop_.complete(reader.take(), error_code(asio::error::operation_aborted), std::size_t{0});
    end_down();
}

/// The process sends nothing more.
void Inlet::end_down() {
    last_down = std::max(last_down, port.loop_.tick() + port.latency());
    port.loop_.at(last_down, [self = shared_from_this()] { self->leave(); });
}

void Inlet::send(std::string bytes) {
    last_up = std::max(last_up, port.loop_.tick() + port.latency());
    port.loop_.at(last_up, [self = shared_from_this(), bytes = std::move(bytes)] {
        if (self->closed || self->broken) return;
        self->inbox += bytes;
        self->wake();
    });
}

void Inlet::take(std::string_view bytes) {
    if (!hear) return;
    answer += bytes;
    const bool leaves = leaves_after >= 0 && std::int64_t(answer.size()) >= leaves_after;
    if (leaves) answer.resize(std::size_t(leaves_after));
    if (leaves || parse_answer(answer, head, false).whole) leave();
}

void Inlet::leave() {
    if (!hear) return;
    auto heard = parse_answer(answer, head, true);
    heard.connected = true;
    std::exchange(hear, {})(heard);
    last_up = std::max(last_up, port.loop_.tick() + port.latency());
    port.loop_.at(last_up, [self = shared_from_this()] {
        self->ended = true;
        self->wake();
    });
}

struct Port::Waiting {
    std::deque<Stream> streams;
    Pending<WaitHandler> accepting;
    int life = 0;
    bool closed = false;
};

namespace {

class ProcessEnd final : public StreamImpl {
public:
    explicit ProcessEnd(std::shared_ptr<Inlet> inlet) : inlet_(std::move(inlet)) {}
    ~ProcessEnd() override {
        inlet_->reader.drop();
        inlet_->close();
    }
    void read_some(asio::mutable_buffer buffer, IoHandler handler) override {
        inlet_->read(buffer, std::move(handler));
    }
    void write_some(const WriteBuffers& buffers, std::size_t count, IoHandler handler) override {
        inlet_->write(buffers, count, std::move(handler));
    }
    void close() override { inlet_->close(); }
    void end_writing() override { inlet_->end_down(); }
    bool stale() override { return inlet_->closed || inlet_->broken || inlet_->ended || !inlet_->inbox.empty(); }

private:
    std::shared_ptr<Inlet> inlet_;
};

class Listener final : public Acceptor {
public:
    Listener(Loop& loop, std::shared_ptr<Port::Waiting> waiting) : loop_(loop), waiting_(std::move(waiting)) {}
    ~Listener() override {
        waiting_->closed = true;
        waiting_->streams.clear();
        waiting_->accepting.drop();
    }

    awaitable<Stream> accept() override {
        const auto waiting = waiting_;
        while (waiting->streams.empty() && !waiting->closed) co_await arrival();
        if (waiting->closed) throw boost::system::system_error(asio::error::operation_aborted);
        auto stream = std::move(waiting->streams.front());
        waiting->streams.pop_front();
        co_return stream;
    }
    void close() override {
        waiting_->closed = true;
        waiting_->streams.clear();
        if (waiting_->accepting) loop_.complete(waiting_->accepting.take(), error_code());
    }
    std::uint16_t port() const override { return 8710; }

private:
    awaitable<void> arrival() {
        return asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
            [&loop = loop_, waiting = waiting_](auto handler) {
                waiting->accepting.set(WaitHandler(std::move(handler)), [&loop, weak = std::weak_ptr(waiting)] {
                    if (auto alive = weak.lock(); alive && alive->accepting)
                        loop.complete(alive->accepting.take(), error_code(asio::error::operation_aborted));
                });
            },
            asio::use_awaitable);
    }

    Loop& loop_;
    std::shared_ptr<Port::Waiting> waiting_;
};

}  // namespace

std::unique_ptr<Acceptor> Port::listen(int life) {
    waiting_ = std::make_shared<Waiting>();
    waiting_->life = life;
    return std::make_unique<Listener>(loop_, waiting_);
}

void Port::kill(int life) {
    if (waiting_ && waiting_->life == life) waiting_->closed = true;
    for (auto& weak : inlets_) {
        const auto inlet = weak.lock();
        if (!inlet || inlet->life != life || inlet->broken) continue;
        inlet->broken = true;
        inlet->inbox.clear();
        inlet->wake();
        inlet->end_down();
    }
    std::erase_if(inlets_, [](const auto& weak) { return weak.expired(); });
}

void Port::call(const http::Request& request, Hear hear) {
    ++calls_;
    const auto inlet = std::make_shared<Inlet>(*this, std::move(hear));
    inlet->head = request.method == "HEAD";
    auto bytes = render(request);
    const auto whole = bytes.size();
    if (faults_.strike(Fault::caller_cut, chance_))
        bytes.resize(std::size_t(chance_.between(0, std::int64_t(whole) - 1)));
    if (faults_.strike(Fault::caller_left, chance_)) inlet->leaves_after = chance_.between(0, 1500);
    const bool slow = faults_.strike(Fault::caller_slow, chance_);
    const auto stays = slow && chance_.one_in(2) ? chance_.between(Duration{1s}, Duration{90s}) : patience;
    loop_.after(latency(), [this, inlet, bytes = std::move(bytes), slow, stays, whole] {
        if (!waiting_ || waiting_->closed) return std::exchange(inlet->hear, {})(Heard{});
        inlet->life = waiting_->life;
        inlets_.push_back(inlet);
        waiting_->streams.emplace_back(loop_.executor(), std::make_unique<ProcessEnd>(inlet));
        if (waiting_->accepting) loop_.complete(waiting_->accepting.take(), error_code());
        const auto piece =
            slow ? std::max<std::size_t>(1, bytes.size() / pieces_max) : std::max<std::size_t>(1, bytes.size());
        Duration at{};
        for (std::size_t from = 0; from < bytes.size(); from += piece) {
            if (slow) at += chance_.between(Duration{1ms}, Duration{20s});
            loop_.after(at, [inlet, part = bytes.substr(from, piece)] { inlet->send(part); });
        }
        const bool cut = bytes.size() < whole;
        loop_.after(cut ? at + chance_.between(Duration{1ms}, Duration{2s}) : at + stays, [inlet] { inlet->leave(); });
    });
}

}  // namespace syncd::simulation
