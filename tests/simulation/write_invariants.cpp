#include "tests/simulation/write_invariants.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace syncd::simulation {
namespace {

constexpr Duration connecting_max = std::chrono::minutes{1};  // from its mark on disk to its first byte
constexpr Duration kept_after = std::chrono::minutes{1};      // an answer is on disk, once the disk works
constexpr Duration held_up_max = std::chrono::minutes{8};     // on the way to the provider: it still is of this attempt
constexpr Duration deadline_tolerance =
    std::chrono::minutes{10};  // a request may wait for its answer, a look for another

bool is_open(const std::string& status) { return status == "pending" || status == "sending"; }
bool is_final(const std::string& status) { return status == "done" || status == "failed"; }
bool says(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

std::int64_t revision_stored(Observer& database, const std::string& installation, const std::string& object,
                             const std::string& id) {
    const auto records = database.records(installation, object);
    const auto found = records.find(id);
    return found == records.end() || found->second.deleted_at ? -1 : revision_of(found->second.raw);
}

}  // namespace

void WriteInvariants::violate(const Known& known, const std::string& which, const std::string& how) {
    const auto& write = known.stored;
    journal_.violate(which, fmt::format("{} {} of {} {} ({}): {}; its error: {}", known.write->label, write.type,
                                        write.object, write.record_id, write.id, how, write.error));
}

/// Brings what is known of the queue up to date; what has ended stays as it ended.
void WriteInvariants::refresh(Observer& database) {
    std::map<std::string, const Order*> orders;  // by operation
    for (auto& order : writer_.orders()) {
        if (const auto operation = database.operation_of_key(order.scope, order.request.idempotency_key);
            !operation.empty()) {
            order.operations.insert(operation);
            if (!order.asked) journal_.violate("api-key", operation + " was accepted from somebody who may not");
        }
        if (order.operations.size() > 1)
            journal_.violate("idempotency", order.request.idempotency_key + " has several operations");
        for (const auto& operation : order.operations) orders[operation] = &order;
    }
    std::set<std::string> there, strangers;
    std::map<std::string, bool> restless;
    const auto in_hand = restless_;
    known_.clear();
    batches_.clear();
    for (auto& stored : database.writes()) {
        there.insert(stored.operation);
        auto& restless_now = restless[stored.object];
        restless_now = restless_now || (is_open(stored.status) && stored.type != "create");
        if (const auto ended = final_.find(stored.id); ended != final_.end() && ended->second != stored.status)
            journal_.violate("writes-end",
                             fmt::format("{} was {}, now it is {}", stored.id, ended->second, stored.status));
        if (is_final(stored.status)) final_.emplace(stored.id, stored.status);
        if (stored.status == "unknown") held_.insert(stored.id);
        if (stored.status != "unknown" && held_.contains(stored.id) && !decided_.contains(stored.id))
            journal_.violate("writes-end",
                             fmt::format("{} was unknown, and is {} at nobody's word", stored.id, stored.status));
        const auto order = orders.find(stored.operation);
        if (order == orders.end()) strangers.insert(stored.operation);
        if (order == orders.end()) continue;
        const auto& write = order->second->writes[std::size_t(stored.position)];
        Known known{order->second, &write, std::move(stored)};
        batches_[known.stored.operation].push_back(known);
        known_[write.label] = std::move(known);
    }
    for (const auto& [object, is] : restless) {
        provider_.truth(object).set_restless(is);
        if (is || in_hand.contains(object)) touched_[object] = machine_.loop.tick();
        if (is)
            restless_.insert(object);
        else
            restless_.erase(object);
    }
    for (const auto& operation : accepted_)
        if (!there.contains(operation)) journal_.violate("no-write-lost", operation + " was accepted and is forgotten");
    check_strangers(strangers);
    ended_ = std::int64_t(final_.size());
}

/// Only what was ordered without a key and never answered has an operation that nothing leads to.
void WriteInvariants::check_strangers(const std::set<std::string>& operations) {
    const auto lost = std::ranges::count_if(writer_.orders(), [](const Order& order) {
        return order.request.idempotency_key.empty() && order.operations.empty();
    });
    if (std::int64_t(operations.size()) > lost)
        journal_.violate("idempotency", *operations.begin() + " is on disk, and its key does not lead to it");
}

const WriteInvariants::Known* WriteInvariants::by_label(const std::string& label) const {
    const auto found = known_.find(label);
    return found == known_.end() ? nullptr : &found->second;
}

void WriteInvariants::begin_life(Observer& database, int life) {
    life_ = life;
    watches_.clear();
    refresh(database);
}

void WriteInvariants::arrived(Observer& database, const std::string& label) {
    refresh(database);
    const auto* known = by_label(label);
    if (!known) return;
    const auto& deed = provider_.deeds().by_label[label];
    if (deed.arrivals > known->stored.attempts)
        violate(*known, "write-journal",
                fmt::format("{} requests arrived, {} attempts are on disk", deed.arrivals, known->stored.attempts));
    if (is_final(known->stored.status) && known->stored.status == "failed" && known->stored.attempts == 0)
        violate(*known, "write-journal", "it is sent though it has failed");
    const auto sent = machine_.now() - (machine_.loop.tick() - deed.sent_at);
    if (const auto late = sent - known->stored.deadline_at; late > connecting_max && machine_.skew == Duration{0})
        violate(*known, "deadline", fmt::format("it is sent {} after its deadline", format_duration(late)));
}

void WriteInvariants::carried(const std::string& label) {
    const auto& deed = provider_.deeds().by_label[label];
    const OrderedWrite* write = nullptr;
    const Order* order = nullptr;
    for (const auto& each : writer_.orders())
        for (const auto& one : each.writes)
            if (one.label == label) write = &one, order = &each;
    if (!write || deed.carried < 2) return;
    const auto* known = by_label(label);
    const bool by_operator = known && retried_.contains(known->stored.id);
    const bool create = order->request.type == WriteType::create;
    // What others deleted before anybody looked for it leaves no trace: it is made again, but never beside itself. Of
    // the installation's own deletes the daemon knows, while lists show what there is.
    const bool traceless = order->retry_unknown || deed.hidden > looks_reach || machine_.skew != Duration{0};
    const auto standing = std::ranges::count_if(provider_.deeds().of_record, [&](const auto& each) {
        const auto& [record, labels] = each;
        if (labels.empty() || labels.front() != label) return false;
        if (provider_.truth(record.first).find(record.second)) return true;
        return !traceless && deleted_by(order->installation, record.first, record.second);
    });
    if (create && !write->paid && standing < 2) return;
    const bool repeats = create ? order->retry_unknown && !write->by_key && !write->by_content : !write->paid;
    if (!repeats && !by_operator)
        journal_.violate(write->paid ? "paid-once" : "created-once",
                         fmt::format("{} of {} was carried out {} times", label, deed.object, deed.carried));
}

void WriteInvariants::attempted(Observer& database, const std::string& id) {
    refresh(database);
    for (const auto& [label, known] : known_) {
        if (known.stored.id != id) continue;
        const auto& deed = provider_.deeds().by_label[label];
        const bool heard = deed.heard_at && deed.heard_in_life == life_;
        const auto& stored = known.stored;
        if (stored.status == "unknown") check_unknown(known);
        if (stored.status != "done" || !heard || stored.type == "create") continue;
        const auto now = revision_stored(database, stored.installation, stored.object, stored.record_id);
        const bool removes = stored.type == "delete";
        if (now == -1 && !removes) continue;  // a page that is on its way may bring it as it was
        watches_.push_back({stored.installation, stored.object, stored.record_id, now, deed.revision});
    }
}

bool WriteInvariants::deleted_by(const std::string& installation, const std::string& object,
                                 const std::string& id) const {
    const auto& deeds = provider_.deeds();
    const auto label = deeds.deletes.find({object, id});
    if (label == deeds.deletes.end()) return false;
    return std::ranges::any_of(writer_.orders(), [&](const Order& order) {
        return order.installation == installation &&
               std::ranges::find(order.writes, label->second, &OrderedWrite::label) != order.writes.end();
    });
}

/// Whether a look finds it by its content: nothing else has that, and the lists have shown it for long enough.
bool WriteInvariants::could_be_found(const Known& known) const {
    const auto& deed = provider_.deeds().by_label[known.write->label];
    const auto* row = provider_.truth(known.stored.object).find(deed.record_id);
    if (!known.write->by_content || deed.carried != 1 || !row || machine_.skew != Duration{0}) return false;
    const auto sent = machine_.true_now() - (machine_.loop.tick() - deed.sent_at);
    return row->listed_from + std::chrono::minutes{1} < machine_.true_now() && row->created - sent < held_up_max;
}

/// It is unknown only where an answer was lost, and where nothing could tell.
void WriteInvariants::check_unknown(const Known& known) {
    const auto& deed = provider_.deeds().by_label[known.write->label];
    if (known.stored.attempts == 0) violate(known, "unknown", "it was never sent");
    if (deed.heard_at && deed.heard_in_life == life_) violate(known, "unknown", "the process was told that it is done");
    const bool looked = !says(known.stored.error, "looking for it: ");
    const auto& deletes = provider_.deeds().deletes;
    const bool removed =
        says(known.stored.error, "what was deleted meanwhile") && std::ranges::any_of(deletes, [&](const auto& each) {
            return each.first.first == known.stored.object && provider_.deeds().by_label[each.second].arrivals > 0 &&
                   deleted_by(known.stored.installation, each.first.first, each.first.second);
        });
    if (known.write->by_key && looked && !removed) violate(known, "unknown", "it can be told by its key");
    if (looked && could_be_found(known)) violate(known, "unknown", "it can be told by its content");
    if (known.stored.type != "create" && !known.write->paid) violate(known, "unknown", "it can be repeated");
}

void WriteInvariants::after_read(Observer& database, const std::string& installation, const std::string& object) {
    refresh(database);
    std::erase_if(watches_, [&](const Watch& watch) {
        if (watch.installation != installation || watch.object != object) return false;
        const auto now = revision_stored(database, installation, object, watch.id);
        const bool removed = watch.written == INT64_MAX;
        if (now != -1 && now != watch.stored && now < watch.written)
            journal_.violate("written-stays",
                             fmt::format("{} {} {}: revision {} was stored, {} was written, now it is {}", installation,
                                         object, watch.id, watch.stored, watch.written, now));
        return !removed && now >= watch.written;
    });
}

void WriteInvariants::look(Observer& database, Tick undisturbed_since) {
    refresh(database);
    for (const auto& [label, known] : known_) {
        const auto& deed = provider_.deeds().by_label[label];
        if (!is_open(known.stored.status) || !deed.heard_at || deed.heard_in_life != life_) continue;
        if (machine_.loop.tick() - std::max(*deed.heard_at, undisturbed_since) > kept_after)
            violate(known, "answer-kept", "the process was told that it is done, and has not kept it");
    }
    if (machine_.skew != Duration{0}) return;  // deadlines are times of a clock that jumped
    for (const auto& [label, known] : known_) {
        const auto& stored = known.stored;
        const auto late = machine_.now() - stored.deadline_at;
        const auto tolerated = deadline_tolerance + provider_.budget_window();
        if (is_open(stored.status) && late > tolerated && machine_.loop.tick() - undisturbed_since > tolerated)
            violate(known, "deadline",
                    fmt::format("it is {} {} after its deadline", stored.status, format_duration(late)));
    }
}

void WriteInvariants::check_ended(const Known& known) {
    const auto& [order, write, stored] = known;
    const auto& deed = provider_.deeds().by_label[write->label];
    const auto& truth = provider_.truth(stored.object);
    const bool create = stored.type == "create";
    if (is_open(stored.status)) return violate(known, "writes-end", "it is still " + stored.status);
    if (deed.arrivals > stored.attempts)
        return violate(known, "write-journal",
                       fmt::format("{} requests arrived, {} attempts are on disk", deed.arrivals, stored.attempts));
    if (stored.status == "done") {
        const bool gone = stored.type == "delete" && deed.missed && !truth.find(stored.record_id);
        if (deed.carried == 0 && !gone) return violate(known, "done-is-done", "the provider did nothing of it");
        if (create && deed.record_id != stored.record_id &&
            std::ranges::none_of(provider_.deeds().of_record, [&](const auto& each) {
                return each.first == Deeds::Record{stored.object, stored.record_id} &&
                       each.second.front() == write->label;
            }))
            return violate(known, "done-is-done", "it made " + deed.record_id);
        if (stored.type == "delete" && truth.find(stored.record_id))
            return violate(known, "done-is-done", "the record is still there");
    }
    if (stored.status == "failed" && says(stored.error, "HTTP 401") && !says(stored.error, "given up"))
        violate(known, "failed-is-failed", "it could be sent again with another token");
    if (stored.status != "failed" || deed.carried == 0) return;
    // After an attempt that may have done it, a record that is gone is what was wanted.
    const bool gone = stored.type == "delete" && says(stored.error, "RecordNotFound");
    const bool admits = says(stored.error, "an earlier attempt may have been carried out") ||
                        says(stored.error, "given up by an operator");
    // Somebody changed it before it was looked for: by its key alone it can't be told whose it is.
    const auto& labels = provider_.deeds().of_record[{stored.object, deed.record_id}];
    if (create && labels.size() > 1 && says(stored.error, " is another")) return;
    // Nor after a jump of the clock; and what was deleted before it was looked for leaves no trace.
    if (create && provider_.deeds().deletes.contains({stored.object, deed.record_id})) return;
    if (create && machine_.skew != Duration{0} && says(stored.error, " is older")) return;
    // A create that two looks did not show is sent again: only where they could not show it may it end as a failure.
    const bool unseen = retried_.contains(stored.id) || deed.hidden > looks_reach || !truth.find(deed.record_id) ||
                        says(stored.error, "given up by an operator");
    const bool key_was_its_own = create && write->by_key && truth.find(deed.record_id) &&
                                 says(stored.error, "iTwinExists") && !says(stored.error, "given up at its deadline");
    if (!admits || gone || (create && !unseen) || key_was_its_own)
        violate(known, "failed-is-failed", fmt::format("it was carried out {} times", deed.carried));
}

/// Of one record in the order of acceptance; what was repeated by an operator may come later.
void WriteInvariants::check_order(const Deeds::Record& record, const std::vector<std::string>& labels) {
    std::map<std::string, std::pair<std::int64_t, std::string>> lasts;  // by installation
    for (const auto& label : labels) {
        const auto* known = by_label(label);
        if (!known || retried_.contains(known->stored.id) || known->stored.type == "create") continue;
        auto& [last, before] = lasts[known->stored.installation];
        if (known->stored.key < last)
            journal_.violate("write-order", fmt::format("{} {}: {} was carried out after {}, which was accepted later",
                                                        record.first, record.second, label, before));
        last = std::max(last, known->stored.key);
        before = label;
    }
}

/// Nothing after the first failure of a batch that is all or none.
void WriteInvariants::check_batches() {
    for (const auto& [operation, writes] : batches_) {
        if (!writes.front().order->request.all_or_none) continue;
        const Known* stopped = nullptr;
        for (const auto& known : writes) {
            const bool sent = provider_.deeds().by_label[known.write->label].arrivals > 0;
            if (stopped && !retried_.contains(stopped->stored.id) && (sent || known.stored.status != "failed"))
                violate(known, "all-or-none",
                        fmt::format("it is {} though {} is {}", known.stored.status, stopped->write->label,
                                    stopped->stored.status));
            if (!stopped && known.stored.status != "done") stopped = &known;
        }
    }
}

/// The end of each operation that nobody waits for, once; the others' not at all.
void WriteInvariants::check_told(Observer& database) {
    for (const auto& operation : database.write_operations()) {
        const auto expected = operation.asynchronous && operation.status != "in_progress" ? 1 : 0;
        if (operation.notices != expected)
            journal_.violate("told-once", fmt::format("{}: {} notifications of its end, {} are due", operation.id,
                                                      operation.notices, expected));
        for (const auto& [name, receiver] : receivers_)
            if (const auto told = receiver->notices().find(operation.id);
                told != receiver->notices().end() && std::int64_t(told->second.size()) != expected)
                journal_.violate("told-once",
                                 fmt::format("{} heard of {} in {} messages", name, operation.id, told->second.size()));
    }
}

void WriteInvariants::check_end(Observer& database) {
    refresh(database);
    for (const auto& [label, known] : known_) check_ended(known);
    for (const auto& [record, labels] : provider_.deeds().of_record) check_order(record, labels);
    check_batches();
    check_told(database);
}

}  // namespace syncd::simulation
