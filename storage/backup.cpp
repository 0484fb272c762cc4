#include "storage/backup.hpp"

#include "storage/migrate.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace syncd::storage {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& doing) { throw std::system_error(errno, std::generic_category(), doing); }

/// An empty file that nobody else may read.
void make_private(const std::string& file) {
    fs::remove(file);  // of a backup that was interrupted
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) fail("making " + file);
    ::close(descriptor);
}

/// The commit syncs the file, and with it all that was copied.
void set_mark(const std::string& file, Timestamp now) {
    SQLite::Database copy(file, SQLite::OPEN_READWRITE);
    copy.exec("PRAGMA synchronous=FULL");
    SQLite::Statement mark(copy, "INSERT OR REPLACE INTO meta (key, value) VALUES ('backup', ?)");
    mark.bind(1, format_time(now));
    mark.exec();
}

void sync_folder_of(const std::string& file) {
    auto folder = fs::path(file).parent_path();
    if (folder.empty()) folder = ".";
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) fail("opening " + folder.string());
    const int failed = ::fsync(descriptor);
    ::close(descriptor);
    if (failed) fail("syncing " + folder.string());
}

}  // namespace

void back_up(const std::string& path, const std::string& file, Timestamp now) {
    if (fs::exists(fs::symlink_status(file)))
        throw std::runtime_error(file + " is there already: name a file that is not, or remove it");
    const std::string partial = file + ".partial";
    Database source(path, OpenMode::read_only);
    require_known(source);
    make_private(partial);
    try {
        source.run("VACUUM INTO ?", partial);  // one snapshot, checked on the way; a writer in WAL mode does not wait
        set_mark(partial, now);
        fs::rename(partial, file);
    } catch (...) {
        std::error_code ignored;
        fs::remove(partial, ignored);
        throw;
    }
    sync_folder_of(file);
}

std::optional<std::string> restore(Database& db) {
    std::string made_at;
    {
        auto mark = db.query("SELECT value FROM meta WHERE key = 'backup'");
        if (!mark.step()) return std::nullopt;
        made_at = mark.text(0);
    }
    db.execute(R"(
BEGIN IMMEDIATE;
DELETE FROM message WHERE status IN ('pending', 'held');
-- What is final makes room: below 1, see migration 0003. By way of a place far off, for each must be free when it is taken.
UPDATE message SET sequence = sequence - (1 << 60);
UPDATE message SET sequence = sequence + (1 << 60) - (1 << 40);
UPDATE stream SET next_sequence = 0;  -- the next message begins it anew, under a new id
UPDATE notice SET sequence = NULL;
DELETE FROM cursors;
UPDATE query SET done = 0;
UPDATE operations SET status = 'failure', result = 'restored from a backup' WHERE status = 'in_progress' AND action_type = 'read';
UPDATE write SET status = 'unknown', looking = 0,  -- it may have been carried out after the backup was made
    error = 'restored from a backup: it may have been carried out since' WHERE status IN ('pending', 'sending');
UPDATE object_state SET redeliver = 1,  -- a running backfill starts again, in its own window
    operation_id = NULL, next_url = NULL, next_cursor = NULL, next_itwin_id = '', next_slice = '', next_rows = 0,
    last_due_at = NULL, last_full_at = NULL;
DELETE FROM meta WHERE key = 'backup';
COMMIT;)");
    return made_at;
}

}  // namespace syncd::storage
