// One write in hand: sent, or its outcome looked for, and judged.
#pragma once

#include "config/core/cipher.hpp"
#include "connector/bentley/lookup.hpp"
#include "daemon/read_run.hpp"
#include "daemon/write_judge.hpp"
#include "daemon/written_records.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syncd {

/// What writes need of their installation; outlives them.
struct WriteContext {
    ReaderContext& reads;
    const bentley::Catalog& catalog;
    const Cipher& cipher;
    WrittenRecords& written;

    /// The write object of that name, the provider's or ours; empty when the installation has none.
    const config::WriteObject* find(const std::string& object) const;
    /// Sealed for this write. `id`: the write's.
    std::string seal(const std::string& text, const std::string& id) const;
    /// Errors: as Cipher::open().
    result<std::string> open(const std::string& sealed, const std::string& id) const;
};

class WriteAttempt {
public:
    WriteAttempt(const WriteContext& context, storage::Write write) : context_(context), write_(std::move(write)) {}

    /// Sends the write, once, or looks for its outcome; what becomes of it. Throws what the store throws.
    awaitable<storage::WriteStep> carry_out();
    /// What becomes of it where nobody knows how far it came.
    storage::WriteStep lost(const Error& error);
    const storage::Write& write() const { return write_; }
    /// carry_out() has noted that it is being sent.
    bool begun() const { return begun_; }
    /// What the requests of carry_out() say of the connection: it answers, or why it can't be used; empty: nothing.
    const std::optional<result<void>>& contact() const { return contact_; }
    /// carry_out() called it off before anything was sent: while stopping, what it answers need not be stored.
    bool called_off() const { return !begun_ && contact_ && !*contact_ && contact_->error().code == errc::cancelled; }

private:
    /// Reads what was kept of it.
    result<void> open();
    WriteCase case_of();
    bentley::Lost lost_of() const;
    awaitable<storage::WriteStep> act();
    awaitable<result<std::optional<http::Response>>> read_present();
    /// What an update sends, given what is there.
    result<std::string> body_over(const std::string& present) const;
    awaitable<storage::WriteStep> send();
    storage::WriteStep told(storage::WriteStep step, const std::string& answer, const std::string& sent) const;
    awaitable<storage::WriteStep> look();
    void note_contact(const result<http::Response>& answer, bool sent);

    const WriteContext& context_;
    storage::Write write_;
    const bentley::Object* facts_ = nullptr;
    const config::WriteObject* settings_ = nullptr;  // empty: no longer in the configuration
    std::string record_ = "{}";
    std::vector<config::WriteField> if_empty_;
    std::string data_;    // done: the record as the provider answered it
    bool begun_ = false;  // noted as being sent
    std::optional<result<void>> contact_;
};

}  // namespace syncd
