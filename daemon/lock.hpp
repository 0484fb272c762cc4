// Who holds a database: one process at a time, and where it can be reached.
#pragma once

#include <optional>
#include <string>

namespace syncd {

struct Holder {
    int pid = 0;
    std::string address;  // host:port of its HTTP API; empty: it has none
};

/// The right to write to a database, held until destroyed or until the process ends, however it ends.
class DatabaseLock {
public:
    /// Empty when another process holds it, which is then in `holder`. Throws std::system_error when the folder can't
    /// be used.
    static std::optional<DatabaseLock> take(const std::string& database, Holder& holder);
    /// The process that holds the database now; empty: none.
    static std::optional<Holder> holder(const std::string& database);

    /// Tells others where to reach us.
    void publish(const std::string& address);

    DatabaseLock(DatabaseLock&& other) noexcept;
    DatabaseLock& operator=(DatabaseLock&&) = delete;
    ~DatabaseLock();

private:
    explicit DatabaseLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

}  // namespace syncd
