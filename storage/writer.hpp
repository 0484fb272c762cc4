// The one writer of SQLite. Jobs that wait while a commit runs share the next one, each in a savepoint of its own.
#pragma once

#include "storage/database.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace syncd::storage {

namespace asio = boost::asio;

class Writer {
public:
    /// `executor` runs the jobs, one batch at a time: a thread of its own in production.
    Writer(asio::any_io_executor executor, Database& database) : executor_(std::move(executor)), database_(database) {}

    /// Runs job(database) inside a transaction and answers once that is on disk. What the job throws, and what the
    /// commit throws, comes home; then nothing of the job is kept.
    template <class Job, class Result = std::invoke_result_t<Job, Database&>>
    asio::awaitable<Result> run(Job job);

private:
    struct Entry {
        std::function<void(Database&)> work;
        std::function<void(std::exception_ptr)> done;
    };
    static constexpr std::size_t batch_max = 256;

    void push(Entry entry);
    void drain();
    std::exception_ptr work_in_savepoint(Entry& entry);

    asio::any_io_executor executor_;
    Database& database_;
    std::mutex mutex_;  // guards the queue: the only thing that two threads share
    std::deque<Entry> queue_;
    bool busy_ = false;
};

template <class Job, class Result>
asio::awaitable<Result> Writer::run(Job job) {
    struct Shared {
        explicit Shared(Job j) : job(std::move(j)) {}
        Job job;
        std::conditional_t<std::is_void_v<Result>, char, std::optional<Result>> value{};
        std::exception_ptr failure;
    };
    auto shared = std::make_shared<Shared>(std::move(job));
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [this, shared](auto handler) {
            auto home = asio::get_associated_executor(handler);
            auto kept = std::make_shared<decltype(handler)>(std::move(handler));
            push({[shared](Database& database) {
                      if constexpr (std::is_void_v<Result>)
                          shared->job(database);
                      else
                          shared->value.emplace(shared->job(database));
                  },
                  [shared, kept, home](std::exception_ptr failure) {
                      shared->failure = std::move(failure);
                      asio::post(home, std::move(*kept));
                  }});
        },
        asio::use_awaitable);
    if (shared->failure) std::rethrow_exception(shared->failure);
    if constexpr (!std::is_void_v<Result>) co_return std::move(*shared->value);
}

}  // namespace syncd::storage
