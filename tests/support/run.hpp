// Runs a coroutine to its end from a plain test, so that what it answers can be asserted.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace syncd::testing {

namespace asio = boost::asio;
using asio::awaitable;

/// Runs the context until `done`; throws when nothing is left that could make it so.
template <class Done>
void run_until(asio::io_context& context, Done done) {
    while (!done()) {
        context.restart();
        if (context.run_one() == 0) throw std::logic_error("nothing is left to run and the end is not reached");
    }
}

/// A coroutine under way.
template <class T>
class Running {
public:
    using Value = std::conditional_t<std::is_void_v<T>, bool, T>;

    bool done() const { return state_->done; }
    /// What it answered, or throws what it threw.
    T get() {
        if (state_->failure) std::rethrow_exception(state_->failure);
        if constexpr (!std::is_void_v<T>) return std::move(state_->value.value());
    }
    bool failed() const { return state_->failure != nullptr; }

    template <class Executor>
    static Running start(Executor executor, awaitable<T> work) {
        Running running;
        asio::co_spawn(executor, keep(std::move(work), running.state_),
                       [state = running.state_](std::exception_ptr failure) {
                           state->failure = failure;
                           state->done = true;
                       });
        return running;
    }

private:
    struct State {
        std::optional<Value> value;
        std::exception_ptr failure;
        bool done = false;
    };
    static awaitable<void> keep(awaitable<T> work, std::shared_ptr<State> state) {
        if constexpr (std::is_void_v<T>)
            co_await std::move(work);
        else
            state->value.emplace(co_await std::move(work));
    }
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

template <class T>
Running<T> start(asio::io_context& context, awaitable<T> work) {
    return Running<T>::start(context.get_executor(), std::move(work));
}

/// The whole coroutine, from start to end.
template <class T>
T run(asio::io_context& context, awaitable<T> work) {
    auto running = start(context, std::move(work));
    run_until(context, [&] { return running.done(); });
    return running.get();
}

}  // namespace syncd::testing
