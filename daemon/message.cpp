#include "daemon/message.hpp"

#include "daemon/mapping.hpp"

#include <fmt/format.h>

namespace syncd {
namespace {

constexpr std::string_view no_download_url = "\"downloadUrl\":\"\"";
constexpr std::size_t numbers_bytes_max = 64;  // the digits of sequence and numRecords, and the brackets

constexpr std::string_view read_action = "read", schema_action = "watchSchema";

/// Everything before `sequence`, which is the same for all messages of one action in a read.
std::string opening(std::string_view action, const Envelope& envelope, const config::ReadObject& object,
                    const std::string& stream_id) {
    std::string out = fmt::format("{{\"action\":\"{}\",\"provider\":\"bentley\"", action);
    const auto add = [&](std::string_view name, std::string_view value) {
        out += fmt::format(",\"{}\":", name);
        json::append_quoted(out, value);
    };
    add("projectId", envelope.project);
    add("groupRef", envelope.group_ref);
    add("groupName", envelope.group_name);
    add("consumerRef", envelope.consumer_ref);
    add("consumerName", envelope.consumer_name);
    add("installationId", envelope.installation_id);
    add("installationUpdateTime", format_time(envelope.installation_updated_at));
    add("objectName", object.mapped_name);
    add("rawObjectName", object.object);
    add("operationId", envelope.operation_id);
    add("operationTime", format_time(envelope.operation_time));
    if (action == read_action) add("readType", to_string(envelope.read_type));
    add("streamId", stream_id);
    return out;
}

std::string list_of(const std::set<std::string>& types) {
    std::string out = "[";
    for (const auto& type : types) {
        if (out.size() > 1) out += ',';
        json::append_quoted(out, type);
    }
    return out + ']';
}

class Packer {
public:
    Packer(std::string opening, std::int64_t sequence, std::size_t bytes_max, std::size_t records_max)
        : opening_(std::move(opening)), sequence_(sequence), bytes_max_(bytes_max), records_max_(records_max) {}

    void add(std::string entry) {
        if (opening_.size() + entry.size() + numbers_bytes_max + 100 > bytes_max_) {
            flush();
            return by_url("[" + entry + "]");
        }
        const bool full = opening_.size() + results_.size() + entry.size() + numbers_bytes_max + 100 > bytes_max_ ||
                          (records_max_ != 0 && records_ >= records_max_);
        if (full) flush();
        if (records_++ > 0) results_ += ',';
        results_ += entry;
    }

    std::vector<Message> finish() {
        flush();
        return std::move(messages_);
    }

private:
    void flush() {
        if (records_ == 0) return;
        Message message;
        message.records = records_;
        message.body =
            fmt::format("{},\"sequence\":{},\"resultInfo\":{{\"type\":\"inline\",\"numRecords\":{}}},\"result\":[{}]}}",
                        opening_, sequence_++, records_, results_);
        messages_.push_back(std::move(message));
        results_.clear();
        records_ = 0;
    }
    void by_url(std::string results) {
        Message message;
        message.records = 1;
        message.by_url = true;
        message.results = std::move(results);
        message.body = fmt::format("{},\"sequence\":{},\"resultInfo\":{{\"type\":\"url\",\"numRecords\":1,{}}}}}",
                                   opening_, sequence_++, no_download_url);
        messages_.push_back(std::move(message));
    }

    std::string opening_;
    std::int64_t sequence_;
    std::size_t bytes_max_, records_max_;
    std::string results_;
    std::size_t records_ = 0;
    std::vector<Message> messages_;
};

}  // namespace

std::vector<Message> build_messages(const Envelope& envelope, const config::ReadObject& object, std::int64_t bytes_max,
                                    const std::vector<Change>& changes, const std::string& stream_id,
                                    std::int64_t next_sequence) {
    Packer packer(opening(read_action, envelope, object, stream_id), next_sequence, std::size_t(bytes_max),
                  std::size_t(object.page_records_max));
    for (const auto& change : changes) packer.add(render_entry(object, change));
    return packer.finish();
}

std::vector<Message> build_field_messages(const Envelope& envelope, const config::ReadObject& object,
                                          std::int64_t bytes_max, const std::vector<FieldChange>& changes,
                                          const std::string& stream_id, std::int64_t next_sequence) {
    Packer packer(opening(schema_action, envelope, object, stream_id), next_sequence, std::size_t(bytes_max), 0);
    for (const auto& change : changes)
        packer.add(fmt::format("{{\"changeType\":\"{}\",\"fieldName\":{},\"types\":{},\"previousTypes\":{}}}",
                               to_string(change.type), json::quote(change.name), list_of(change.types),
                               list_of(change.previous_types)));
    return packer.finish();
}

std::string with_download_url(const std::string& body, const std::string& url) {
    // Quotes inside the texts of a body are escaped, so that this can only be the member itself.
    const auto at = body.find(no_download_url);
    if (at == std::string::npos) return body;
    return body.substr(0, at) + "\"downloadUrl\":" + json::quote(url) + body.substr(at + no_download_url.size());
}

std::string change_of(std::string_view message, const std::string& record_id) {
    if (!json::validate(message)) return {};
    const auto list = json::kind(message) == json::Kind::array ? message : json::find(message, "result").value_or("");
    for (const auto entry : json::elements(list)) {
        const auto id = json::find(entry, "id");
        if (!id || json::as_string(*id) != record_id) continue;
        const auto change = json::find(entry, "changeType");
        return change ? json::as_string(*change).value_or("") : "";
    }
    return {};
}

}  // namespace syncd
