// Which records are being written, or were since some moment: a page that was asked for earlier shows them as they
// were.
#pragma once

#include "storage/store.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace syncd {

class WrittenRecords {
public:
    /// The moment at which something was asked for. What ends after it is remembered for as long as it lives.
    class Moment {
    public:
        explicit Moment(WrittenRecords& owner) : owner_(&owner), at_(owner.moments_.insert(owner.ended_)) {}
        Moment(const Moment&) = delete;
        Moment& operator=(const Moment&) = delete;
        ~Moment() {
            owner_->moments_.erase(at_);
            owner_->forget();
        }
        /// What became of the record since: it is being written, or was.
        storage::Meanwhile since(const std::string& object, const std::string& id) const {
            const auto found = owner_->records_.find({object, id});
            if (found == owner_->records_.end()) return storage::Meanwhile::nothing;
            const auto& record = found->second;
            if (record.running == 0 && record.ended <= *at_) return storage::Meanwhile::nothing;
            return record.removed ? storage::Meanwhile::removed : storage::Meanwhile::written;
        }

    private:
        WrittenRecords* owner_;
        std::multiset<std::uint64_t>::iterator at_;
    };

    void begin(const std::string& object, const std::string& id, bool removes) {
        auto& record = records_[{object, id}];
        ++record.running;
        record.removed = record.removed || removes;  // an update that comes after does not bring it back
    }
    void end(const std::string& object, const std::string& id) {
        auto& record = records_[{object, id}];
        --record.running;
        record.ended = ++ended_;
        forget();
    }

private:
    struct Record {
        int running = 0;
        bool removed = false;
        std::uint64_t ended = 0;  // counts the writes that ended
    };

    void forget() {
        const auto oldest = moments_.empty() ? ended_ : *moments_.begin();
        std::erase_if(records_,
                      [&](const auto& each) { return each.second.running == 0 && each.second.ended <= oldest; });
    }

    std::map<std::pair<std::string, std::string>, Record> records_;
    std::multiset<std::uint64_t> moments_;
    std::uint64_t ended_ = 0;
};

}  // namespace syncd
