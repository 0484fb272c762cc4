// Random lives from fixed seeds: edits, drifting pages, faults and reads of every kind. Whenever two full reads ended
// well and nothing is held, what the receiver was told adds up to what the provider has.
#include "tests/e2e/support/bench.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <set>

namespace syncd::e2e {
namespace {

constexpr int lives_together = 16, groups = 2, steps = 15;
constexpr const char* itwins = "itwins";
constexpr const char* jobs = "contextcapture/jobs";
constexpr const char* reality_data = "reality-management/reality-data";

std::string path_of(const std::string& object) { return "/" + object + (object == jobs ? "" : "/"); }

/// One installation with its provider and receiver. Between begin() and end() a program of it may run, beside those of
/// other lives: waiting costs nothing then.
class Life {
public:
    explicit Life(unsigned number)
        : seed(number),
          random_(number),
          fuse_(number % 2 == 0),
          bench_({"--itwins", "140", "--jobs", "70", "--count", fmt::format("{}=70", reality_data), "--others",
                  fmt::format("{}=0", reality_data)},
                 settings(number % 2 == 0)) {
        make_pages_small();
    }
    const unsigned seed;
    bool done() const { return step_ > steps && plan_.empty(); }

    void begin() {
        if (plan_.empty()) think();
        if (plan_.empty()) return;
        const auto act = std::move(plan_.front());
        plan_.pop_front();
        act();
    }
    void end() {
        if (!pass_) return;
        if (edits_meanwhile_) {
            eventually([&] { return !pass_->running() || !slow_is_waiting(); });
            for (; edits_meanwhile_ > 0; --edits_meanwhile_) edit();
        }
        const int exit = pass_->wait();
        if (must_succeed_)
            EXPECT_EQ(exit, 0) << story_ << pass_->out() << pass_->err();
        else
            EXPECT_TRUE(exit == 0 || exit == 3) << story_ << exit << pass_->out() << pass_->err();
        EXPECT_EQ(bench_.sandbox.violations(), 0) << story_ << bench_.sandbox.receiver();
        expect_deleted_are_gone();
        pass_.reset();
    }

private:
    static Settings settings(bool fuse) {
        const std::string all = "backfill: { defaultPeriod: { fullHistory: true } }", never = "0 0 1 1 *";
        const std::string most = fuse ? "maxDeletes: 3" : "maxDeletes: 100%";
        return {.objects = {{itwins, never, all}, {jobs, never, all}, {reality_data, never, all}},
                .destination = "maxPayloadBytes: 20000, ",
                .read = fmt::format("{}: {{ {} }}, {}: {{ {} }}, {}: {{ {} }}", itwins, most, jobs, most, reality_data,
                                    most)};
    }
    /// 62 rows each: the provider refuses more.
    void make_pages_small() {
        for (const auto* object : {itwins, jobs, reality_data})
            for (const auto top : {1000, 500, 250, 125})
                bench_.sandbox.fault(fmt::format(R"({{"path":"{}","status":422,"count":-1,"contains":"$top={}{}"}})",
                                                 path_of(object), top,
                                                 object == jobs ? "&$filter=createdDateTime" : ""));
    }

    int draw(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
    std::string any_of(const std::vector<std::string>& choices) {
        return choices[std::size_t(draw(int(choices.size())))];
    }
    std::string any_object() { return any_of({itwins, itwins, jobs, reality_data}); }
    void tell(const std::string& what) { story_ += fmt::format("{}: {}\n", step_, what); }

    void think() {
        if (++step_ > steps + 1) return;
        const int dice = draw(20);
        if (step_ > steps || dice < 1)
            plan_settling();
        else if (dice < 8)
            plan_.push_back([this] { edit(); });
        else if (dice < 10)
            plan_.push_back([this] { order_page(any_of({R"("kind":"omit")", R"("kind":"twice")"})); });
        else if (dice < 12)
            plan_.push_back([this] { order_page(any_of({R"("kind":"reset")", R"("kind":"close")"})); });
        else if (dice < 13)
            plan_.push_back([this] { order_page(any_of({R"("kind":"noId")", R"("kind":"html")"})); });
        else if (dice < 14)
            plan_.push_back([this] { order_something_rare(); });
        else if (dice < 16)
            plan_.push_back([this] { read_while_it_changes(); });
        else
            plan_.push_back([this] { read(any_of({"", "", "--full", "--all"}), false); });
        if (step_ == 5 && seed % 4 == 0) plan_.push_back([this] { order_a_wait(); });
    }

    void edit() {
        const auto object = any_object();
        const auto id = fmt::format("mine-{}", draw(6));
        if (draw(3) > 0) {
            const auto verb = any_of({"create?count=2", "change?count=9", "change?count=40", "delete?count=1",
                                      "delete?count=3", "delete?count=5", "reorder?count=20", "advance"});
            tell(object + "/" + verb);
            bench_.sandbox.post(object + "/" + verb);
        } else if (draw(3) > 0) {
            const auto time = any_of({"2020-02-29T12:00:00Z", "2026-01-31T23:59:59.5Z", "2099-01-01T00:00:00Z"});
            const auto record = fmt::format(
                R"({{"id":"{}","{}":"Ł{}","n":{},"createdDateTime":"{}","modifiedDateTime":"{}","state":"{}"}})", id,
                any_of({"name", "displayName"}), draw(4), any_of({"1", "1.0", "1e0"}), time, time,
                any_of({"Queued", "Success"}));
            tell(object + " put " + record);
            bench_.sandbox.post(object + "/records", record);
        } else {
            tell(object + " erase " + id);
            fetch("DELETE", fmt::format("{}/_sandbox/{}/records/{}", bench_.sandbox.provider, object, id));
        }
    }
    void order(const std::string& path, const std::string& what) {
        const auto fault = fmt::format(R"({{"path":"{}",{},"afterPages":{}}})", path, what, draw(3));
        tell(fault);
        bench_.sandbox.fault(fault);
    }
    void order_page(const std::string& what) { order(path_of(any_object()), what); }
    void order_something_rare() {
        if (draw(2) == 0) {  // own reads too
            const auto object = any_object();
            return order("/" + object + "*", any_of({R"("status":403)", R"("status":404)"}));
        }
        const auto fault = R"({"hook":"bentley",)" + any_of({R"("status":503})", R"("kind":"reset"})"});
        tell(fault);
        bench_.sandbox.receiver_fault(fault);
    }
    /// Few, and in the same step of all lives: they cost time.
    void order_a_wait() {
        order_page(any_of({R"("status":500)", R"("status":429,"retryAfter":0)", R"("status":429,"retryAfter":1)"}));
    }
    void start(std::vector<std::string> arguments, bool must_succeed) {
        must_succeed_ = must_succeed;
        pass_.emplace(bench_.start(std::move(arguments)));
    }
    void read(const std::string& how, bool must_succeed) {
        tell("sync " + how);
        std::vector<std::string> arguments = {"sync"};
        if (!how.empty()) arguments.push_back(how);
        told_all_ = told_all_ || how == "--all";
        start(std::move(arguments), must_succeed);
    }
    void read_while_it_changes() {
        order_page(R"("kind":"slow","delayMs":50)");
        edits_meanwhile_ = 3;
        read(any_of({"--full", ""}), false);
    }
    bool slow_is_waiting() const {
        return bj::serialize(bench_.sandbox.get("faults")).find(R"("kind":"slow")") != std::string::npos;
    }

    /// Records made by hand may come back; no other does.
    void expect_deleted_are_gone() {
        for (const auto& row : Database(bench_.database())
                                   .rows("SELECT object, record_id FROM records WHERE deleted_at IS NOT NULL AND "
                                         "record_id NOT LIKE 'mine-%'")) {
            const auto record = row[0] + "/records/" + row[1];
            if (!gone_.insert(record).second) continue;
            EXPECT_EQ(fetch("GET", bench_.sandbox.provider + "/_sandbox/" + record).status, 404) << record << story_;
        }
    }

    void plan_settling() {
        plan_.push_back([this] {
            bench_.sandbox.remove("faults");
            bench_.sandbox.remove("receiver/faults");
        });
        for (int turn = 0; turn < 2; ++turn) plan_.push_back([this] { read("--full", true); });
        if (fuse_) plan_.push_back([this] { confirm_what_is_held(); });
        plan_.push_back([this] { expect_the_same(); });
    }
    void confirm_what_is_held() {
        const auto held = bench_.json({"deletes"});
        for (const auto& each : held.as_array()) {
            const auto object = text(each, "/object");
            tell("confirm " + object);
            plan_.push_front([this] { read("--full", true); });
            plan_.push_front([this, object] { start({"deletes", "confirm", "--object", object}, true); });
        }
    }
    void expect_the_same() {
        const auto receiver = bench_.sandbox.receiver();
        EXPECT_EQ(bench_.sandbox.difference(), "") << story_;
        for (const auto* never :
             {"/violationCount", "/duplicates", "/createsOfKnown", "/updatesOfUnknown", "/deletesOfUnknown"})
            EXPECT_EQ(number(receiver, never), 0) << never << "\n" << story_ << receiver;
        if (!told_all_) EXPECT_EQ(number(receiver, "/none"), 0) << story_;
        if (fuse_) EXPECT_EQ(bj::serialize(bench_.json({"deletes"})), "[]") << story_;
        messages_ = number(receiver, "/messages");
        plan_.push_back([this] { read("--full", true); });
        plan_.push_back([this] {
            EXPECT_EQ(bench_.sandbox.messages(), messages_) << "told again without a change\n" << story_;
        });
    }

    std::mt19937 random_;
    bool fuse_;
    Bench bench_;
    int step_ = 0, edits_meanwhile_ = 0;
    bool must_succeed_ = false, told_all_ = false;
    std::int64_t messages_ = 0;
    std::deque<std::function<void()>> plan_;
    std::set<std::string> gone_;
    std::optional<Program> pass_;
    std::string story_;
};

class Properties : public ::testing::TestWithParam<int> {};

TEST_P(Properties, TheReceiverHasWhatTheProviderHas) {
    std::vector<std::unique_ptr<Life>> lives;
    for (int i = 0; i < lives_together; ++i)
        lives.push_back(std::make_unique<Life>(unsigned(GetParam() * lives_together + i + 1)));
    const auto each = [&](void (Life::*half)()) {
        for (const auto& life : lives) {
            SCOPED_TRACE(fmt::format("seed {}", life->seed));
            if (!life->done() || half == &Life::end) (*life.*half)();
        }
    };
    while (!std::ranges::all_of(lives, [](const auto& life) { return life->done(); })) {
        each(&Life::begin);
        each(&Life::end);
        ASSERT_FALSE(HasFailure());
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Properties, ::testing::Range(0, groups));

}  // namespace
}  // namespace syncd::e2e
