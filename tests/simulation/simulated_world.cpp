#include "tests/simulation/simulated_world.hpp"

#include "config/core/json.hpp"
#include "tests/simulation/secrets.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <sqlite3.h>

#include <algorithm>

namespace syncd::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t cut_after_max = 30;        // operations of the disk: some transactions
constexpr std::int64_t bytes_allowed = 32 << 20;  // of memory, for a world of some hundred records

std::string text_of(std::span<const LogField> fields, std::string_view name) {
    for (const auto& field : fields)
        if (field.name == name)
            if (const auto* text = std::get_if<std::string>(&field.value)) return *text;
    return {};
}

std::int64_t bytes_in_use() { return std::int64_t(mallinfo2().uordblks); }

}  // namespace

SimulatedWorld::SimulatedWorld(std::uint64_t seed, const RunOptions& options)
    : loop_(seed * 7 + 1),
      faults_(seed * 7 + 2),
      network_(loop_, faults_, seed ^ 0x9087ull),
      machine_{loop_, network_, Chance(seed * 7 + 3)},
      disk_(seed * 7 + 4),
      journal_(machine_, options.print),
      chance_(seed * 7 + 5),
      access_chance_(seed ^ 0xCA11ull),
      scenario_(make_scenario(seed, options.mode, faults_)),
      provider_(machine_, journal_, scenario_.provider, seed * 7 + 6),
      invariants_(machine_, journal_, scenario_, provider_, receivers_),
      writer_(machine_, journal_, scenario_, provider_, seed * 7 + 8),
      write_invariants_(machine_, journal_, provider_, receivers_, writer_),
      notice_invariants_(journal_, scenario_, receivers_),
      passages_(machine_, journal_, scenario_, seed ^ 0x9A55ull),
      users_(machine_, journal_, scenario_, provider_, seed ^ 0x05E2ull),
      sign_ins_(machine_, journal_, users_, seed ^ 0x516Eull) {
    // SQLite's random source is the whole process's.
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, int(seed % 1'000'000'007) + 1, nullptr);
    for (const auto fault : options.forbidden) faults_.forbid(fault);
    faults_.limit(options.faults_max);
    build_world();
}

RunResult SimulatedWorld::run() {
    const auto base = bytes_in_use();
    for (const auto& ending : scenario_.endings) {
        if (over()) break;
        live(&ending);
    }
    while (!over()) live(nullptr);
    const auto ran = loop_.tick() - Tick{48h};
    if (!journal_.violated()) settle();
    if (life_) life_->kill(), life_.reset();  // a violation ended the world in the middle
    if (bytes_max_ - base > bytes_allowed)
        journal_.violate("memory", fmt::format("{} MB in use", (bytes_max_ - base) >> 20));
    return {journal_.hash(), journal_.violations(), figures(ran, bytes_max_ - base)};
}

void SimulatedWorld::build_world() {
    network_.place(api_host, provider_);
    network_.place(token_host, provider_.tokens());
    network_.place(foreign_host, provider_.foreign());
    for (const auto& rules : scenario_.receivers) {
        auto& receiver = receivers_[rules.destination];
        receiver = std::make_unique<Receiver>(machine_, journal_, rules, provider_.truths());
        receiver->set_is_dead([this](const std::string& stream, std::int64_t sequence) {
            bool dead = false;
            look([&](Observer& database) { dead = database.is_dead(stream, sequence); });
            return dead;
        });
        if (scenario_.access.notices)
            receiver->set_on_notice([this](std::string_view body) {
                look([&](Observer& database) { notice_invariants_.arrived(database, body); });
            });
        network_.place(rules.destination + ".test", *receiver);
    }
    for (const auto& [object, rows] : scenario_.rows_at_first)
        for (int i = 0; i < rows; ++i) {
            const auto age = chance_.one_in(20) ? Duration{24h * 9} : Duration{72h};
            provider_.create(object, machine_.true_now() - chance_.between(Duration{0}, age), Duration{0});
        }
    const auto others_since = machine_.true_now() - 80h;
    for (int i = 0; i < scenario_.others; ++i)
        provider_.truth("library/catalogs").place(others_since + 1min * i, {{"displayName", "\"Another's\""}});
    if (scenario_.twin)
        provider_.truth("itwins").place(others_since, {{"displayName", json::quote(twin_name)},
                                                       {"class", "\"Thing\""},
                                                       {"subClass", "\"Asset\""},
                                                       {"number", json::quote(twin_number)}});
    for (const auto& event : scenario_.events) schedule(event);
    if (scenario_.writes)
        provider_.listen({.arrived =
                              [this](const auto& label) {
                                  look([&](Observer& database) { write_invariants_.arrived(database, label); });
                              },
                          .carried = [this](const auto& label) { carried(label); },
                          .amid =
                              [this](const auto& installation, const auto& object, const auto& id) {
                                  if (takes_commands()) send(writer_.change(installation, object, id), false);
                              }});
    build_access();
    every_minute();
}

void SimulatedWorld::schedule(const Event& event) {
    loop_.after(event.at, [this, event] {
        if (!peace_) strike(event);
    });
}

void SimulatedWorld::strike(const Event& event) {
    using Kind = Event::Kind;
    auto& truth = provider_.truth(event.object);
    const auto& hook = scenario_.receivers.front().destination;
    switch (event.kind) {
        case Kind::stir: provider_.stir(event.object, int(event.count)); break;
        case Kind::crowd: truth.crowd(machine_.true_now(), event.count); break;
        case Kind::remove_many: truth.remove(std::size_t(event.count)); break;
        case Kind::remove_all: truth.remove(truth.rows().size()); break;
        case Kind::partition_api:
            if (faults_.planned(Fault::partition)) network_.partition(api_host, event.length);
            break;
        case Kind::partition_hook:
            if (faults_.planned(Fault::partition)) network_.partition(hook + ".test", event.length);
            break;
        case Kind::outage:
            if (faults_.planned(Fault::receiver_outage)) receivers_.at(hook)->fall_silent(event.length);
            break;
        case Kind::revoke:
            if (faults_.planned(Fault::token_revoked)) provider_.revoke_tokens();
            break;
        case Kind::full_disk:
            if (faults_.planned(Fault::disk_full)) fill_disk(event.length);
            break;
        case Kind::bad_reads:
            if (!faults_.planned(Fault::read_error)) break;
            disk_.fail_reads(event.count);
            trouble(1h);
            break;
        case Kind::clock_jump:
            if (!faults_.planned(Fault::clock_jump)) break;
            machine_.skew += event.length;
            trouble(event.length < Duration{0} ? -event.length : event.length);
            for (auto& [name, receiver] : receivers_) receiver->forgive_waits();
            break;
        case Kind::trigger: trigger(event); break;
        case Kind::order:
            if (takes_commands() || scenario_.access.writes) send(writer_.order(), false);
            break;
        case Kind::create:
            if (takes_commands()) send(writer_.create(event.object), false);
            break;
        case Kind::repeat: send(writer_.repeat(), chance_.one_in(10)); break;
        case Kind::passage: pass(event.installation); break;
        case Kind::withdraw:
            if (faults_.planned(Fault::consent_withdrawn)) users_.withdraw(event.installation);
            break;
        case Kind::pause:
            pauses_[{event.installation, event.object}].paused = true;
            settle_pauses();
            loop_.after(event.length, [this, event] {
                pauses_[{event.installation, event.object}].paused = false;
                settle_pauses();
            });
            break;
    }
}

/// One or several triggered reads, at once.
void SimulatedWorld::trigger(const Event& event) {
    if (!takes_commands()) return;
    const auto ago = [this](std::optional<Duration> length) {
        return length ? std::optional(machine_.now() - *length) : std::nullopt;
    };
    const TriggerOrder order{event.installation, event.object, ago(event.since), ago(event.until)};
    const Invariants::Key key{event.installation, event.object};
    for (auto i = event.count; i > 0; --i)
        life_->operate(
            [this, order, key, several = event.count > 1](Daemon& daemon) -> awaitable<void> {
                const auto answer = co_await daemon.trigger(order);
                look([&](Observer& database) { invariants_.after_trigger(database, key, answer, several); });
            },
            commands_.emplace_back());
}

void SimulatedWorld::send(Order* order, bool other) {
    if (!order) return;
    if (order->operations.empty()) other = false;
    if (scenario_.access.writes && !order->request.idempotency_key.empty()) return call_to_write(order, other, 1);
    if (!takes_commands()) return;
    order->asked = true;
    auto request = order->request;
    if (other) request.digest += " of another";
    if (faults_.strike(Fault::write_cut)) disk_.cut_after(faults_.chance().between(0, cut_after_max));
    life_->operate(
        [this, order, other, request](Daemon& daemon) -> awaitable<void> {
            const auto report = co_await daemon.write(order->installation, request, Writer::limit(*order));
            writer_.answered(*order, other, report);
        },
        commands_.emplace_back());
}

void SimulatedWorld::carried(const std::string& label) {
    write_invariants_.carried(label);
    if (disk_.off() || peace_) return;
    auto& chance = faults_.chance();
    if (faults_.strike(Fault::write_cut)) disk_.cut_after(chance.between(0, cut_after_max));
    if (faults_.strike(Fault::write_full)) fill_disk(chance.between(Duration{1s}, Duration{90s}));
    if (faults_.strike(Fault::write_removed))
        loop_.after(chance.between(Duration{1s}, Duration{90s}), [this, label] {
            if (!peace_ && takes_commands()) send(writer_.removal(label), false);
        });
}

/// Whoever was not answered asks again with the same key.
void SimulatedWorld::insist() {
    for (auto& order : writer_.orders())
        if (!order.answered && !order.request.idempotency_key.empty())
            loop_.after(chance_.between(Duration{1s}, Duration{30s}), [this, &order] {
                if (!peace_) send(&order, false);
            });
}

void SimulatedWorld::fill_disk(Duration length) {
    disk_.set_full(true);
    trouble(length);
    loop_.after(length, [this] { disk_.set_full(false); });
}

/// The operator looks at the provider and decides.
void SimulatedWorld::resolve_unknown() {
    if (!scenario_.resolves || !takes_commands()) return;
    std::string id;
    look([&](Observer& database) { id = database.unknown_write(); });
    if (id.empty()) return;
    const bool retry = chance_.one_in(2);
    write_invariants_.decided(id, retry);
    life_->operate([id, retry](Daemon& daemon) -> awaitable<void> { (void)co_await daemon.resolve_write(id, retry); },
                   commands_.emplace_back());
}

/// Pauses what is to be paused and lets the rest be read again, in the life that takes commands.
void SimulatedWorld::settle_pauses() {
    if (peace_ || !takes_commands()) return;
    for (auto& [key, wish] : pauses_) {
        if (wish.paused == wish.is || wish.asked_in_life == lives_) continue;
        wish.asked_in_life = lives_;
        invariants_.doubt_pause(key);
        life_->operate(
            [this, key, &wish, paused = wish.paused](Daemon& daemon) -> awaitable<void> {
                const auto objects = co_await daemon.set_paused(key.first, {key.second}, paused);
                if (!objects) co_return journal_.violate("pause", objects.error().message);
                wish = {.paused = wish.paused, .is = paused};
                invariants_.after_pause(key, paused);
            },
            commands_.emplace_back());
    }
}

/// Something that may rightly upset schedules and acknowledgements, for so long.
void SimulatedWorld::trouble(Duration length) {
    undisturbed_since_ = std::max(undisturbed_since_, loop_.tick() + length);
    for (auto& [name, receiver] : receivers_) receiver->note_trouble(loop_.tick(), loop_.tick() + length);
}

void SimulatedWorld::every_minute() {
    loop_.after(1min, [this] {
        if (life_ && life_->started() && !life_->ended() && !peace_ && !stopping_)
            look([this](Observer& database) {
                invariants_.check_schedules(database, std::max(undisturbed_since_, life_->began()));
                if (scenario_.writes) write_invariants_.look(database, std::max(undisturbed_since_, life_->began()));
                if (scenario_.access.notices) notice_invariants_.look(database);
            });
        if (life_ && life_->started() && chance_.one_in(20)) enable_destinations();
        settle_pauses();
        if (scenario_.writes && !peace_) resolve_unknown();
        if (!finished_) every_minute();
    });
}

void SimulatedWorld::enable_destinations() {
    if (!command_done_ || life_->ended() || disk_.off()) return;
    const bool disabled = std::ranges::any_of(receivers_, [this](const auto& each) {
        const auto* delivery = life_->daemon().delivery(each.first);
        return delivery && !delivery->state().enabled;
    });
    if (!disabled) return;
    for (auto& [name, receiver] : receivers_) receiver->forgive_waits();
    life_->operate(
        [this](Daemon& daemon) -> awaitable<void> {
            for (const auto& [name, receiver] : receivers_)
                if (auto* delivery = daemon.delivery(name); delivery && !delivery->state().enabled)
                    co_await delivery->set_enabled(true);
        },
        command_done_);
}

void SimulatedWorld::hear(std::string_view event, std::span<const LogField> fields) {
    bytes_max_ = std::max(bytes_max_, bytes_in_use());
    check_secrets(journal_, format_text(event, fields), Place::elsewhere, "the log");
    if (event == "read.finished") after_read(fields);
    if (event == "write.accepted") write_invariants_.accepted(text_of(fields, "operation"));
    if (event == "write.accepted" || event == "write.attempted")
        look([&](Observer& database) { write_invariants_.attempted(database, text_of(fields, "write")); });
    if (event == "tokens.not_saved") {
        users_.excuse(text_of(fields, "installation"));
        if (loop_.tick() > undisturbed_since_ && !disk_.off())
            journal_.violate("tokens-stored", format_text(event, fields));
    }
    // Only a disk may break what runs.
    if (event.ends_with(".broken") && event != "proxy.broken" &&
        text_of(fields, "error").find("disk") == std::string::npos)
        journal_.violate("reads-recover", format_text(event, fields));
    if (event != "read.broken") return;
    const Invariants::Key key{text_of(fields, "installation"), text_of(fields, "object")};
    look([&](Observer& database) { invariants_.read_broke(database, key); });
}

void SimulatedWorld::after_read(std::span<const LogField> fields) {
    FinishedRead read{.installation = text_of(fields, "installation"),
                      .object = text_of(fields, "object"),
                      .operation = text_of(fields, "operation"),
                      .type = text_of(fields, "read_type"),
                      .status = text_of(fields, "status"),
                      .result = text_of(fields, "result"),
                      .began = {}};
    for (const auto& field : fields)
        if (const auto* duration_ms = std::get_if<std::int64_t>(&field.value);
            field.name == "duration_ms" && duration_ms)
            read.began = loop_.tick() - std::chrono::milliseconds{*duration_ms};
    // Rows that can't be told apart can't be read well where the list is cut; that the read says so is all that is
    // asked.
    const bool crowded =
        scenario_.rows_max != 0 && read.object == "itwins" && provider_.truth("itwins").is_crowded(scenario_.rows_max);
    const bool good = read.status == "success";
    if ((good || crowded) && read.type != "triggered") ++reads_[{read.installation, read.object}];
    reads_total_ += good;
    look([&](Observer& database) {
        if (write_invariants_.may_have_left_out(read.object, read.began))
            provider_.truth(read.object).set_restless(true);
        invariants_.after_read(database, read);
        if (scenario_.writes) write_invariants_.after_read(database, read.installation, read.object);
    });
}

bool SimulatedWorld::reads_done() const {
    for (const auto& installation : scenario_.config.installations)
        for (const auto& object : installation.objects) {
            const auto found = reads_.find({installation.id, object.object});
            if (found == reads_.end() || found->second < scenario_.reads) return false;
        }
    return true;
}

Figures SimulatedWorld::figures(Duration ran, std::int64_t bytes) const {
    Figures figures{.runs = 1,
                    .violated = journal_.violated(),
                    .lives = lives_,
                    .cuts = cuts_,
                    .requests = network_.requests(),
                    .reads = reads_total_,
                    .compared = invariants_.compared(),
                    .steps = std::int64_t(loop_.steps()),
                    .bytes_max = bytes,
                    .hours = double(ran.count()) / double(Duration{1h}.count()),
                    .faults = faults_.counts()};
    figures.calls = network_.port().calls();
    figures.passed = passages_.answered();
    figures.gateway_errors = passages_.failed();
    figures.consents = users_.consents();
    figures.sign_ins = sign_ins_.connected();
    figures.refreshes = users_.refreshes();
    figures.reuses = users_.reuses();
    for (const auto& [name, receiver] : receivers_) {
        figures.attempts += receiver->attempts();
        figures.messages += receiver->taken();
        figures.repeated += receiver->repeated();
        figures.notices += receiver->notices_taken();
    }
    return figures;
}

}  // namespace syncd::simulation
