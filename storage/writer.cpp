#include "storage/writer.hpp"

namespace syncd::storage {

void Writer::push(Entry entry) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(entry));
    if (!std::exchange(busy_, true)) asio::post(executor_, [this] { drain(); });
}

std::exception_ptr Writer::work_in_savepoint(Entry& entry) {
    database_.run("SAVEPOINT job");
    try {
        entry.work(database_);
        database_.run("RELEASE job");
        return nullptr;
    } catch (...) {
        const auto failure = std::current_exception();
        try {
            database_.run("ROLLBACK TO job");
            database_.run("RELEASE job");
        } catch (const std::exception&) {  // SQLite has rolled back everything already, as on a full disk
            std::rethrow_exception(failure);
        }
        return failure;
    }
}

void Writer::drain() {
    std::vector<Entry> batch;
    {
        const std::lock_guard lock(mutex_);
        while (!queue_.empty() && batch.size() < batch_max) {
            batch.push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
    }
    std::vector<std::exception_ptr> failures(batch.size());
    try {
        database_.run("BEGIN IMMEDIATE");
        for (std::size_t i = 0; i < batch.size(); ++i) failures[i] = work_in_savepoint(batch[i]);
        database_.run("COMMIT");
    } catch (...) {
        const auto failure = std::current_exception();
        for (auto& each : failures)
            if (!each) each = failure;
        try {
            database_.run("ROLLBACK");
        } catch (const std::exception&) {  // SQLite has rolled back by itself
        }
    }
    {
        const std::lock_guard lock(mutex_);
        if (queue_.empty())
            busy_ = false;
        else
            asio::post(executor_, [this] { drain(); });
    }
    // Last: whoever hears that its job is done may destroy the writer.
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].done(failures[i]);
}

}  // namespace syncd::storage
