// The door to the database for the process that holds it: one awaitable method per use case, each one transaction, on
// disk when it answers. What the database can't do (full disk, damage) comes as SQLite::Exception.
#pragma once

#include "config/core/ids.hpp"
#include "config/core/model.hpp"
#include "storage/notice.hpp"
#include "storage/write.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace syncd::storage {

namespace asio = boost::asio;
using asio::awaitable;

/// A triggered read that ended without its process.
struct InterruptedRead {
    std::string operation_id, installation_id, object, result;
};
// These are called inside the transaction, on the writer's thread.
using BuildInterrupted = std::function<Notices(const InterruptedRead&)>;
/// `last_config` empty: the installation is new.
using BuildEntered = std::function<Notices(const std::optional<std::string>& last_config)>;
/// Of what enter_installation() was given; both empty where that was before it was kept.
using BuildForgotten =
    std::function<Notices(const std::string& id, const std::string& fields, const std::string& config)>;

/// What tells of an installation: JSON objects, kept until it is forgotten.
struct InstallationFacts {
    std::string fields, config;
    BuildEntered build;  // when it is new, or its digest or config changed
};

/// How an object's schedule is kept.
struct KeptSchedule {
    std::int64_t object_key = 0;
    std::string object;
    bool paused = false, overdue = false;  // overdue: so it was told
    std::optional<Timestamp> kept_at;      // the last read that saw all there is, or a backfill's last page
};

/// What is told once, and not again before it was told that long ago.
struct TellOnce {
    std::string event, subject;
    std::optional<Duration> again_after;  // empty: not before forget_told()
    Notices notices;
    Timestamp now;
};

/// What is kept about one object of an installation between reads.
struct ObjectState {
    std::int64_t key = 0;
    bool paused = false;
    enum class Backfill { pending, running, done } backfill = Backfill::pending;
    std::optional<Timestamp> since;         // where the backfill starts; empty: everything
    std::optional<Timestamp> deliver_from;  // older records are taken as known
    std::string operation_id;               // running: its operation
    // running: the next page, empty for the first of a query; that query; the largest time so far
    std::string next_url, next_itwin_id;
    std::optional<Timestamp> next_from, next_cursor;
    std::int64_t next_rows = 0;  // of the query, read so far
    std::optional<Timestamp> last_due_at, last_full_at;
    std::optional<std::int64_t> page_size;
    std::optional<Timestamp> cursor;             // of the query without an iTwin
    std::int64_t records = 0;                    // known and not deleted
    bool redeliver = false;                      // restored from a backup: the next full read delivers everything
    std::optional<Timestamp> schema_checked_at;  // start of the read that last looked at the fields
};

/// One of the queries that a read consists of: an iTwin's rows, or a slice of creation time.
struct ReadQuery {
    std::string itwin_id;                   // empty: whatever the connection sees
    std::optional<Timestamp> from, before;  // of a slice; empty: open
    std::optional<Timestamp> cursor;
    std::int64_t rows = 0;  // of the query in hand, read so far
    bool done = false;      // read to its end since the backfill began, or since the restoration
};

/// The iTwins that an object is read for, beside the query without one.
struct QueriedITwins {
    bool all = false;              // those that the installation knows from its reads of itwins
    std::vector<std::string> ids;  // else these
};

struct BeginRead {
    std::int64_t object_key = 0;
    std::string operation_id;
    ReadType type{};
    bool backfill = false;  // a new backfill with since and deliver_from
    bool resumed = false;   // a backfill that goes on, perhaps under a new operation
    std::optional<Timestamp> since, deliver_from;
    std::optional<std::int64_t> estimated;
    QueriedITwins itwins;
    Timestamp now;
    BuildInterrupted interrupted{};  // of triggered reads before it whose end could not be stored
};

/// What has become of a record since its page was asked for.
enum class Meanwhile { nothing, written, removed };

/// A record of a page, and how it is to be taken.
struct SeenRecord {
    Record record;
    bool visible = true;                       // passes fieldFilters
    bool deliver = true;                       // false: take as known; only what changes later is told
    std::optional<Timestamp> recheck_at{};     // of a job that may still change: when to read it by its id
    Meanwhile meanwhile = Meanwhile::nothing;  // by a write of ours: what is known of it stays
};

/// Which records of a page the store remembers as seen until the read ends.
enum class MarkSeen { none, open, all };  // open: those with a recheck_at

struct PageCommit {
    std::int64_t object_key = 0;
    std::string operation_id;
    std::vector<SeenRecord> records;
    bool deliver_unchanged = false;  // deliver: all; once each where they are marked
    MarkSeen mark_seen = MarkSeen::none;
    bool count_page = true;                  // false: records that were read by their ids
    ReadQuery query;                         // that the page belongs to; its cursor is the largest time so far
    bool query_done = false;                 // the page is its last one: the cursor counts from now on
    std::optional<std::string> next_url;     // a backfill's position after this page
    std::string destination, new_stream_id;  // the id is used if the stream is new
    BuildMessages build;
    Timestamp now;
};

struct PageResult {
    std::int64_t creates = 0, updates = 0, deletes = 0, unchanged = 0, messages = 0;
};

/// What a record that a complete full read did not show is waiting for.
enum class Missing {
    seen = 0,      // nothing: it was there
    once = 1,      // a second full read, where the record has no read of its own
    held = 2,      // the operator: the fuse holds its delete
    approved = 3,  // the next full read, past the fuse
};

struct MissingRecord {
    std::string id;
    Missing state{};
};

struct MissingCount {
    std::int64_t known = 0;    // records before this read's deletes
    std::int64_t missing = 0;  // of those, not seen in the read in hand; approved ones left out
    std::int64_t approved = 0;
};

/// A job whose state may still change, and that the read in hand has not seen.
struct OpenRecord {
    std::string id, raw;
    Missing missing = Missing::seen;
};

struct DeleteCommit {
    std::int64_t object_key = 0;
    std::string operation_id;
    std::vector<std::string> ids;
    std::string destination, new_stream_id;
    BuildMessages build;
    Timestamp now;
};

/// The fields that a complete, non-empty full read saw, and whom to tell what changed in them.
struct SchemaCheck {
    std::int64_t object_key = 0;
    std::string operation_id;
    FieldTypes fields;
    std::set<FieldChangeType> told;  // of others nobody hears
    std::string destination, new_stream_id;
    BuildFieldMessages build;
    Timestamp read_started, now;
};

enum class LogLevel { info, warn, error };

struct FinishRead {
    std::int64_t object_key = 0;
    std::string operation_id;
    bool success = false;
    bool in_progress = false;  // neither: a backfill that goes on after a restart
    std::string result;        // one sentence: what came of it
    bool backfill_done = false;
    std::optional<Timestamp> full_since;  // a complete full read that started then
    bool redelivered = false;             // it has delivered everything
    std::optional<std::int64_t> page_size;
    std::optional<Timestamp> due_at;  // the schedule's time that this read has served
    bool kept_schedule = false;       // and it saw all there is
    Timestamp now;
    Notices notices{};           // told with the read's end
    std::string destination{};   // of the object's messages
    Notices backfill_notices{};  // backfill_done: told once those were accepted
};

struct DestinationState {
    std::string name;
    bool enabled = true;
    std::string reason;
    std::optional<Timestamp> failing_since, last_failed_at, last_accepted_at;
    bool notified = false;  // of finish_attempts(): it gave rise to notifications, of any destination
};

/// Failures further apart than this don't count as going on: no wait between attempts is longer.
inline constexpr Duration failing_gap_max = std::chrono::hours{25};

/// A message whose turn it is.
struct DueMessage {
    std::int64_t key = 0, stream_key = 0;
    std::string id, stream_id, installation_id, object;
    std::int64_t sequence = 0;
    std::string body;
    bool by_url = false;
    std::int64_t attempts = 0, step = 0;
    bool woken = false;
    std::optional<Timestamp> step_due_at, first_attempt_at;
};

/// What may be sent now. A due time further off than `longest_wait` can't be right (the clock jumped): it is due.
struct Claim {
    std::string destination;
    bool ordered = true;             // only heads of streams; else any message
    bool by_url = true;              // messages with a downloadUrl too
    std::vector<std::int64_t> busy;  // keys of streams (ordered) or messages that are being sent already
    Timestamp now;
    Duration longest_wait{};
    std::size_t limit = 0;
};

enum class Verdict { delivered, retry, dead, hold };

/// One attempt and what follows from it.
struct Attempt {
    std::int64_t message_key = 0;
    Verdict verdict{};
    int status = 0;  // of HTTP; 0: no answer
    std::string error;
    std::int64_t duration_ms = 0;
    Timestamp at;
    std::int64_t step = 0;  // retry: waits used up
    std::optional<Timestamp> step_due_at, next_attempt_at;
    bool disable = false;  // hold: the destination, with `error` as its reason
    Notices notices{};     // told when it was enabled until then
};

struct ReplaySelection {
    std::vector<std::string> ids;  // empty: all that match the rest
    bool dead_only = false;
    std::string destination, installation_id;
    std::optional<Timestamp> since;
};

/// An object of an installation.
struct ObjectName {
    std::string installation_id, object;
};

/// An object that something is kept of: operations of its writes, or all that comes of reads.
struct Leftover {
    ObjectName name;
    bool written = false;
};

/// How much of an object a call has forgotten.
struct Forgotten {
    std::int64_t records = 0, messages = 0;
    bool more = false;  // something is left: call again
};

/// A view of one object's live records, with a column per field.
struct ViewDefinition {
    std::string name, object;
    std::vector<std::string> fields;
};

struct Retention {
    Duration operations{}, deliveries{}, dead_letters{}, deleted_records{};
};

/// Tokens of a user's consent, as they are kept.
struct ConnectionTokens {
    std::string installation_id, client_id;
    bool needs_consent = false;               // the provider ended it: nothing is left of the tokens
    std::string refresh_token, access_token;  // sealed for place_of_tokens()
    std::optional<Timestamp> expires_at;      // of the access token
    Timestamp consented_at, updated_at;
};
/// What their cipher calls the place of an installation's tokens.
std::string place_of_tokens(const std::string& installation_id);

inline constexpr Duration authorization_lifetime = std::chrono::minutes{15};

/// What is told of a consent.
struct ConsentNotices {
    Notices first, again;  // the installation's first one, or one in its place
};

/// A user who was sent to the provider to consent.
struct PendingAuthorization {
    std::string state_digest, installation_id, browser_digest;
    std::string verifier;  // sealed for place_of_verifier()
    std::string redirect_uri;
    Timestamp created_at;
};
std::string place_of_verifier(const std::string& state_digest);

struct StoreOptions {
    std::string path;
    std::string vfs{};  // empty: the system's
};

class Store {
public:
    /// Opens, creates or migrates. `executor` becomes the writer's. Throws when the database can't be used.
    Store(StoreOptions options, asio::any_io_executor executor);
    ~Store();

    // Installations and their objects
    /// Notes the installation; answers its installationUpdateTime: `now` if its digest differs from the last one.
    awaitable<Timestamp> enter_installation(std::string id, std::string digest, Timestamp now,
                                            InstallationFacts facts = {});
    awaitable<ObjectState> object_state(std::string installation_id, std::string object);
    awaitable<void> set_paused(std::string installation_id, std::string object, bool paused);
    /// The notices are told if it was otherwise before; an installation that nobody has noted is healthy.
    awaitable<void> set_health(std::string installation_id, bool healthy, std::string reason, Timestamp now,
                               Notices notices = {});
    /// Operations that a crash left in progress become failures, but for backfills that go on. How many.
    awaitable<std::int64_t> fail_interrupted(Timestamp now, BuildInterrupted build = {});

    // Reads
    /// Enters the operation of a read that was asked for and waits for its turn.
    awaitable<void> accept_read(std::string operation_id, std::string installation_id, std::string object,
                                Timestamp now);
    awaitable<void> begin_read(BeginRead read);
    /// The object's queries in order: the first that comes after `after`, or is it; empty: the very first. With
    /// `unfinished`: of those not yet read to their end since the backfill began.
    awaitable<std::optional<ReadQuery>> next_query(std::int64_t object_key, std::optional<ReadQuery> after,
                                                   bool or_equal, bool unfinished);
    /// Cuts a slice in two, of which the second begins at `at`. The backfill's position is forgotten.
    awaitable<void> split_query(std::int64_t object_key, ReadQuery query, Timestamp at);
    /// Makes one query of all slices of an iTwin.
    awaitable<void> merge_slices(std::int64_t object_key, std::string itwin_id);
    awaitable<PageResult> commit_page(PageCommit page);
    awaitable<MissingCount> count_missing(std::int64_t object_key);
    /// Records that the read in hand did not show, by id after `after`, but for those that the fuse holds; or only
    /// those approved by the operator.
    awaitable<std::vector<MissingRecord>> missing(std::int64_t object_key, bool approved_only, std::string after,
                                                  std::size_t limit);
    /// The notices are told if there is one that the fuse did not hold before.
    awaitable<std::int64_t> hold_missing(std::int64_t object_key, Notices notices = {}, Timestamp now = {});
    awaitable<void> mark_missing_once(std::int64_t object_key, std::vector<std::string> ids);
    /// Jobs due to be read again that the read in hand has not seen, by id after `after`.
    awaitable<std::vector<OpenRecord>> open_records(std::int64_t object_key, Timestamp now, std::string after,
                                                    std::size_t limit);
    /// Holds the deletes of these, whatever they waited for.
    awaitable<void> hold_records(std::int64_t object_key, std::vector<std::string> ids, Notices notices, Timestamp now);
    awaitable<PageResult> commit_deletes(DeleteCommit deletes);
    /// Tells again of records that the read in hand did not show, those deleted before it began too: those after
    /// `ids.back()`, or the first ones, at most `limit`. Answers their ids.
    awaitable<std::vector<std::string>> redeliver_unseen(DeleteCommit deletes, Timestamp began, std::size_t limit);
    /// The first time the fields are only noted. How many messages it made.
    awaitable<std::int64_t> check_schema(SchemaCheck check);
    awaitable<void> finish_read(FinishRead read);
    awaitable<void> log_operation(std::string operation_id, LogLevel level, std::string message, Timestamp now);
    /// `deletes confirm` and `discard`: how many held deletes it concerns.
    awaitable<std::int64_t> decide_held_deletes(std::string installation_id, std::string object, bool confirm);

    // Deliveries
    awaitable<std::map<std::string, DestinationState>> enter_destinations(std::vector<std::string> names,
                                                                          Timestamp now);
    awaitable<std::vector<DueMessage>> claim_due(Claim claim);
    /// The next pending ones of a stream, in order, up to `bytes_max` of bodies beyond the first.
    awaitable<std::vector<DueMessage>> claim_stream(std::int64_t stream_key, std::int64_t after_sequence,
                                                    std::size_t limit, std::size_t bytes_max);
    /// Records attempts; answers the destination's state after them.
    awaitable<DestinationState> finish_attempts(std::string destination, std::vector<Attempt> attempts);
    /// When the earliest message that such a claim may have becomes due, if it is not yet; its limit does not count.
    awaitable<std::optional<Timestamp>> next_due(Claim claim);
    /// Enabling sets its held messages free, in order.
    awaitable<DestinationState> set_destination(std::string name, bool enabled, std::string reason, Timestamp now);
    awaitable<std::int64_t> replay(ReplaySelection selection, Timestamp now);
    /// Messages that still have to go out to these destinations.
    awaitable<std::int64_t> count_pending(std::vector<std::string> destinations);
    /// Whether a message of any of these could be sent, all seen at one moment; by_url false: not those with a
    /// downloadUrl, nor what stands behind one in order.
    awaitable<bool> any_pending(std::vector<Claim> claims);
    /// The list that a message's downloadUrl serves; empty when there is none.
    awaitable<std::optional<std::string>> results_of(std::string delivery_id);

    // Writes
    /// Enters the operation and its writes; of a request that came before under the same key nothing.
    awaitable<AcceptedWrites> accept_writes(AcceptWrites accept);
    /// Enters a failed operation of which nothing is sent, with the reasons as its log.
    awaitable<void> refuse_writes(RefusedWrites refused);
    /// Whether that request came before; `fresh`: no.
    awaitable<AcceptedWrites> find_request(IdempotencyKey key, Timestamp now);
    /// In the order of their acceptance; marks nothing.
    awaitable<std::vector<Write>> claim_writes(WriteClaim claim);
    /// When the earliest that such a claim may have becomes due; its limit does not count.
    awaitable<std::optional<Timestamp>> next_write_due(WriteClaim claim);
    /// Notes that the write is about to be sent; false when it is no longer pending.
    awaitable<bool> begin_sending(std::int64_t key, Timestamp now);
    /// Whether a delete of the same installation may have removed, since it was first sent, what this create made.
    awaitable<bool> deleted_since(std::int64_t create_key);
    awaitable<FinishedWrite> finish_write(WriteStep step);
    /// Those that were being sent when the process before this one ended.
    awaitable<std::vector<Write>> interrupted_writes(std::string installation_id);
    /// By their positions.
    awaitable<std::vector<Write>> writes_of(std::string operation_id);
    awaitable<std::optional<Write>> find_write(std::string id);
    /// False when its outcome is not unknown.
    awaitable<ResolvedWrite> resolve_write(WriteResolution resolution);
    /// Nobody waits for the operation any more: its end is told. False: it has ended already.
    awaitable<bool> leave_operation(std::string operation_id);
    // Notifications
    awaitable<std::vector<KeptSchedule>> kept_schedules(std::string installation_id);
    /// Notes that the object's next read is overdue until a read keeps its schedule again. False: noted before.
    awaitable<bool> note_overdue(std::int64_t object_key, Notices notices, Timestamp now);
    /// Whether it was told now.
    awaitable<bool> tell_once(TellOnce told);
    awaitable<void> forget_told(std::string event, std::string subject);

    // Users' consent
    awaitable<std::optional<ConnectionTokens>> load_tokens(std::string installation_id);
    /// As of `tokens.updated_at`; `consented`: they come from a new consent, not from a renewal.
    awaitable<void> save_tokens(ConnectionTokens tokens, bool consented, ConsentNotices told = {});
    /// Notes that the installation waits for a user, and drops its tokens.
    awaitable<void> end_consent(std::string installation_id, Timestamp now);
    /// Whether there were any; then the notices are told.
    awaitable<bool> forget_tokens(std::string installation_id, Notices notices = {}, Timestamp now = {});
    awaitable<void> begin_authorization(PendingAuthorization pending);
    /// Once for each, and only within authorization_lifetime.
    awaitable<std::optional<PendingAuthorization>> take_authorization(std::string state_digest, Timestamp now);

    // Upkeep
    /// Counts one request of this client in the minute of `now`.
    awaitable<void> add_spent(std::string client_id, Timestamp now);
    /// Requests by client and minute since 1970, from `since_minute` on.
    awaitable<std::map<std::string, std::map<std::int64_t, std::int64_t>>> budget_spent(std::int64_t since_minute);
    /// Drops what is older than retention allows, a bounded amount a call; true when there is more.
    awaitable<bool> prune(Retention retention, Timestamp now);
    /// Makes these views, and drops those of earlier definitions; the names that something else has already.
    awaitable<std::vector<std::string>> define_views(std::vector<ViewDefinition> views);
    /// When the backup was made that this database was restored from as it was opened; told once.
    std::optional<std::string> take_restored();

    // What left the configuration. The caller knows what that is; nothing of it may be read or sent meanwhile.
    awaitable<std::vector<Leftover>> known_objects();
    awaitable<std::vector<std::string>> known_installations();
    /// Only messages that would be sent, a bounded amount a call.
    awaitable<Forgotten> forget_pending(ObjectName object);
    /// All that is kept of the object, a bounded amount a call.
    awaitable<Forgotten> forget_object(Leftover leftover);
    awaitable<void> forget_installation(std::string id, Timestamp now = {}, BuildForgotten build = {});
    /// Forgets the destinations beside these that no stream leads to; their names.
    awaitable<std::vector<std::string>> forget_destinations(std::vector<std::string> kept);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncd::storage
