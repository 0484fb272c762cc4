#include "tests/simulation/writer.hpp"

#include "config/core/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace syncd::simulation {
namespace {

/// The body of a create; every required field is there.
std::string create_body(const std::string& object, const std::string& label, const std::string& number) {
    if (number == twin_number)  // the label stands where nothing compares it
        return fmt::format(
            "{{\"displayName\":\"{}\",\"class\":\"Thing\",\"subClass\":\"Asset\",\"number\":\"{}\","
            "\"ianaTimeZone\":\"{}\"}}",
            twin_name, number, label);
    const auto named = [&](std::string_view name, std::string_view rest) {
        return fmt::format("{{\"{}\":\"{}\"{}}}", name, label, rest);
    };
    if (object == "itwins") {
        const auto key = number.empty() ? std::string() : fmt::format(",\"number\":\"{}\"", number);
        return named("displayName", ",\"class\":\"Thing\",\"subClass\":\"Asset\"" + key);
    }
    if (object == "library/catalogs") return named("displayName", ",\"description\":\"kept\",\"region\":\"kept too\"");
    if (object == "library/manufacturers") return named("displayName", ",\"website\":\"kept\"");
    if (object == "contextcapture/workspaces") return named("name", "");
    if (object == "contextcapture/jobs")
        return named("name",
                     ",\"type\":\"Full\",\"workspaceId\":\"one\",\"inputs\":[{\"id\":\"photos\"}],\"settings\":{}");
    if (object == "reality-analysis/jobs")
        return named("name",
                     ",\"type\":\"Objects2D\",\"iTwinId\":\"1001\",\"specifications\":{\"inputs\":{},"
                     "\"outputs\":[\"objects2D\"]}");
    return named("displayName", ",\"type\":\"OBJ\",\"iTwinId\":\"1001\"");
}

}  // namespace

const config::WriteObject* Writer::pick(std::string& installation) {
    const auto& all = scenario_.config.installations;
    const auto& one = all[std::size_t(chance_.between(0, std::int64_t(all.size()) - 1))];
    installation = one.id;
    if (one.writes.empty()) return nullptr;
    return &one.writes[std::size_t(chance_.between(0, std::int64_t(one.writes.size()) - 1))];
}

Order& Writer::begin(const std::string& installation, const config::WriteObject& object, WriteType type) {
    auto& order = orders_.emplace_back();
    order.installation = installation;
    order.retry_unknown = object.retry_unknown;
    auto& request = order.request;
    request.object = chance_.one_in(2) ? object.object : object.mapped_name;
    request.type = type;
    request.asynchronous = chance_.one_in(2);
    if (chance_.one_in(6)) request.deadline_hours = 2;
    const auto number = !scenario_.shares_keys ? std::int64_t(orders_.size())
                                               : std::ranges::count(orders_, installation, &Order::installation);
    if (!chance_.one_in(8)) request.idempotency_key = fmt::format("key-{}", number);
    const auto& all = scenario_.config.installations;
    const auto& owner = *std::ranges::find(all, installation, &config::Installation::id);
    order.scope = fmt::format("{}/{}/{}", scenario_.config.project, owner.integration, owner.group_ref);
    request.digest = fmt::format("digest-{}", orders_.size());
    return order;
}

void Writer::add_create(Order& order, const config::WriteObject& object) {
    OrderedWrite write{.label = next_label()};
    const auto& name = object.object;
    std::string number;
    if (name == "itwins" && !chance_.one_in(4)) {
        number = "number-" + write.label;
        if (chance_.one_in(8)) number = "number-w-1";  // perhaps taken
    }
    if (name == "itwins" && scenario_.twin && !std::exchange(twin_ordered_, true)) number = twin_number;
    const bool marker = object.marker && (name == "library/catalogs" || name == "reality-management/reality-data");
    write.by_key = !number.empty() || marker;
    write.by_content = name.ends_with("/jobs");
    write.paid = name == "reality-analysis/jobs";
    if (write.paid) provider_.deeds().paid.insert(write.label);
    order.request.records.push_back(create_body(name, write.label, number));
    order.writes.push_back(std::move(write));
}

bool Writer::is_twin(const std::string& object, const std::string& id) const {
    const auto* row = provider_.truth(object).find(id);
    if (!row) return false;
    const auto number = row->fields.find("number");
    return number != row->fields.end() && number->second == json::quote(twin_number);
}

/// A record to change: the one from before, or another that is there.
std::string Writer::target(const std::string& object) {
    if (const auto last = last_.find(object); last != last_.end() && chance_.one_in(2)) return last->second;
    const auto& rows = provider_.truth(object).rows();
    if (rows.empty()) return {};
    const auto ours = std::ranges::find_if(rows, [](const Row& row) { return row.ours; });
    if (ours != rows.end() && chance_.one_in(2)) return ours->id;
    return rows[std::size_t(chance_.between(0, std::int64_t(rows.size()) - 1))].id;
}

bool Writer::add_update(Order& order, const std::string& id) {
    const auto& object = order.request.object;
    if (id.empty() || object == "reality-analysis/jobs" || object == "contextcapture/workspaces") return false;
    if (is_twin(object, id)) return false;
    last_[object] = id;
    OrderedWrite write{.label = next_label(), .record_id = id};
    const auto* row = provider_.truth(object).find(id);
    if (object == "contextcapture/jobs") {
        const bool starts = row && chance_.one_in(2) && paid_.insert({object, id}).second;
        write.paid = write.by_key = starts;
        if (starts) provider_.deeds().paid.insert(write.label);
        provider_.truth(object).reserve(id, machine_.true_now(), starts);
        order.request.records.push_back(fmt::format("{{\"id\":\"{}\",{}\"settings\":{{\"label\":\"{}\"}}}}", id,
                                                    starts ? "\"state\":\"Active\"," : "", write.label));
    } else {
        provider_.truth(object).reserve(id, machine_.true_now(), false);
        const auto field = object == "library/manufacturers" ? "phone" : "displayName";
        order.request.records.push_back(fmt::format("{{\"id\":\"{}\",\"{}\":\"{}\"}}", id, field, write.label));
    }
    order.writes.push_back(std::move(write));
    return true;
}

bool Writer::add_delete(Order& order, const std::string& id) {
    const auto& object = order.request.object;
    if (id.empty() || object == "reality-analysis/jobs" || is_twin(object, id)) return false;
    const auto* row = provider_.truth(object).find(id);
    if (row && row->listed_from > machine_.true_now()) return false;  // nobody has seen it
    auto& label = provider_.deeds().deletes[{object, id}];
    if (!label.empty()) return false;
    label = next_label();
    provider_.truth(object).reserve(id, machine_.true_now(), false);
    order.request.records.push_back(fmt::format("{{\"id\":\"{}\"}}", id));
    order.writes.push_back({.label = label, .record_id = id});
    return true;
}

Order* Writer::order() {
    std::string installation;
    const auto* object = pick(installation);
    if (!object) return nullptr;
    const auto kind = chance_.between(0, 9);
    const auto type = kind < 5 ? WriteType::create : kind < 8 ? WriteType::update : WriteType::remove;
    auto& order = begin(installation, *object, type);
    order.request.object = object->object;
    auto count = chance_.one_in(3) ? chance_.between(2, 4) : 1;
    if (chance_.one_in(2) && count == 1 && type == WriteType::update) count = 2;  // one after the other
    const auto id = type == WriteType::create ? std::string() : target(object->object);
    for (; count > 0; --count) {
        if (type == WriteType::create)
            add_create(order, *object);
        else if (type == WriteType::update)
            (void)add_update(order, chance_.one_in(4) ? target(object->object) : id);
        else
            (void)add_delete(order, target(object->object));
    }
    if (order.writes.empty()) {
        orders_.pop_back();
        return nullptr;
    }
    order.request.batch = order.writes.size() > 1 || chance_.one_in(6);
    order.request.all_or_none = order.request.batch && chance_.one_in(2);
    if (chance_.one_in(2)) order.request.object = object->mapped_name;
    return &order;
}

Order* Writer::create(const std::string& object) {
    for (const auto& each : scenario_.config.installations) {
        const auto found = std::ranges::find(each.writes, object, &config::WriteObject::object);
        if (found == each.writes.end()) continue;
        auto& order = begin(each.id, *found, WriteType::create);
        for (auto count = chance_.between(1, 3); count > 0; --count) add_create(order, *found);
        order.request.batch = order.writes.size() > 1;
        return &order;
    }
    return nullptr;
}

Order* Writer::removal(const std::string& label) {
    const auto& deed = provider_.deeds().by_label.at(label);
    const auto makes = [&](const Order& order) {
        return order.request.type == WriteType::create &&
               std::ranges::find(order.writes, label, &OrderedWrite::label) != order.writes.end();
    };
    const auto made = std::ranges::find_if(orders_, makes);
    if (made == orders_.end() || !provider_.truth(deed.object).find(deed.record_id)) return nullptr;
    const auto installation = made->installation;
    for (const auto& each : scenario_.config.installations) {
        const auto found = std::ranges::find(each.writes, deed.object, &config::WriteObject::object);
        if (each.id != installation || found == each.writes.end()) continue;
        auto& order = begin(installation, *found, WriteType::remove);
        order.request.object = deed.object;
        if (add_delete(order, deed.record_id)) return &order;
        orders_.pop_back();
    }
    return nullptr;
}

Order* Writer::change(const std::string& installation, const std::string& object, const std::string& id) {
    for (const auto& each : scenario_.config.installations) {
        const auto found = std::ranges::find(each.writes, object, &config::WriteObject::object);
        if (each.id != installation || found == each.writes.end()) continue;
        auto& order = begin(installation, *found, WriteType::update);
        order.request.object = object;
        if (chance_.one_in(4)) {
            order.request.type = WriteType::remove;
            if (add_delete(order, id)) return &order;
            order.request.type = WriteType::update;
        }
        if (add_update(order, id)) return &order;
        orders_.pop_back();
    }
    return nullptr;
}

Order* Writer::repeat() {
    if (orders_.empty()) return nullptr;
    auto& order = orders_[std::size_t(chance_.between(0, std::int64_t(orders_.size()) - 1))];
    return order.request.idempotency_key.empty() ? nullptr : &order;
}

/// Each result is that of its own write.
void Writer::check_results(const Order& order, const WriteReport& report) {
    for (std::size_t i = 0; i < report.writes.size(); ++i) {
        const auto& told = report.writes[i];
        const auto& own = order.writes[i];
        if (told.status != storage::WriteStatus::done) continue;
        const auto made = provider_.deeds().of_record.find({told.object, told.record_id});
        const bool right = order.request.type != WriteType::create
                               ? told.record_id == own.record_id
                               : made != provider_.deeds().of_record.end() && made->second.front() == own.label;
        const auto id = json::find(report.answers[i], "id");
        if (!right || (id && json::as_text(*id) != told.record_id))
            journal_.violate(
                "answer", fmt::format("{} is answered with {} and {}", own.label, told.record_id, report.answers[i]));
    }
}

void Writer::answered(Order& order, bool other, const result<WriteReport>& report) {
    const auto& key = order.request.idempotency_key;
    order.answered = order.answered || bool(report);
    if (!report) {
        if (report.error().code != errc::cancelled)
            journal_.violate("writes-accepted", fmt::format("{} is refused: {}", key, report.error().message));
        return;
    }
    if (!report->faults.empty()) {
        if (!other || report->faults[0].field != "Idempotency-Key")
            journal_.violate("writes-accepted", fmt::format("{} is refused: {}", order.request.records.front(),
                                                            report->faults[0].message));
        return;
    }
    note_operation(order, other, report->operation_id);
    if (other) return;
    if (report->writes.size() != order.writes.size())
        return journal_.violate("writes-accepted", fmt::format("{} has {} writes", key, report->writes.size()));
    check_results(order, *report);
}

void Writer::note_operation(Order& order, bool other, const std::string& operation) {
    const auto& key = order.request.idempotency_key;
    if (other) return journal_.violate("idempotency", key + " was accepted with two contents");
    order.operations.insert(operation);
    if (order.operations.size() > 1)
        journal_.violate("idempotency", fmt::format("{} has {} operations", key, order.operations.size()));
    journal_.note(fmt::format("order {} is {}", key, operation));
}

}  // namespace syncd::simulation
