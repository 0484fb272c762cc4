// Webhook messages of reads: the body of Ampersand's WebhookMessage with our additions. Pure.
#pragma once

#include "config/config.hpp"
#include "config/core/model.hpp"

#include <string>
#include <vector>

namespace syncd {

/// What all messages of one read have in common.
struct Envelope {
    std::string project;
    std::string group_ref, group_name, consumer_ref, consumer_name;
    std::string installation_id;
    Timestamp installation_updated_at;
    std::string operation_id;
    Timestamp operation_time;
    ReadType read_type{};
};

/// As many entries in a message as fit into `bytes_max` and the object's page_records_max. An entry that does not fit
/// alone becomes a message by URL. Sequences count up from `next_sequence`.
std::vector<Message> build_messages(const Envelope& envelope, const config::ReadObject& object, std::int64_t bytes_max,
                                    const std::vector<Change>& changes, const std::string& stream_id,
                                    std::int64_t next_sequence);

/// The same for changes of the object's fields, all of one action `watchSchema`.
std::vector<Message> build_field_messages(const Envelope& envelope, const config::ReadObject& object,
                                          std::int64_t bytes_max, const std::vector<FieldChange>& changes,
                                          const std::string& stream_id, std::int64_t next_sequence);

/// The body of a message by URL with the link of this attempt in it.
std::string with_download_url(const std::string& body, const std::string& url);

/// What a message says of a record: create, update, delete or none; empty: nothing. Given by its body, or by the list
/// that its downloadUrl serves.
std::string change_of(std::string_view message, const std::string& record_id);

}  // namespace syncd
