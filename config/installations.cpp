#include "config/installations.hpp"

#include "config/core/ids.hpp"
#include "config/core/json.hpp"
#include "config/object_settings.hpp"
#include "config/settings.hpp"
#include "config/suggest.hpp"
#include "config/write_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace syncd::config {
namespace {

/// What reading an installation needs to know.
struct Context {
    const std::string& project;
    const Manifests& manifests;
    const Destinations& destinations;
    const KnownObjects& known;
};

std::optional<std::vector<std::string>> read_scopes(const Value& value) {
    if (!value.present()) return std::nullopt;
    std::vector<std::string> scopes;
    const auto add = [&](const Value& from) {
        const auto text = from.filled();
        for (std::size_t at = 0; text && at < text->size();) {
            const std::size_t end = std::min(text->find(' ', at), text->size());
            if (end > at) scopes.push_back(text->substr(at, end - at));
            at = end + 1;
        }
        return text.has_value();
    };
    bool well = true;
    if (value.is_list())
        for (const auto& entry : value.list()) well = add(entry) && well;
    else
        well = add(value);
    if (well && scopes.empty()) value.error("scopes are empty; allowed: a list, or one text with spaces between them");
    return scopes;
}

Connection read_connection(const Value& value) {
    Map map(value);
    Connection connection;
    const auto written = map["grant"];
    const auto grant = written.word({"client_credentials", "authorization_code"});
    if (grant == "authorization_code") connection.grant = Grant::authorization_code;
    set(connection.client_id, map.required("clientId").filled());
    const bool needs_secret = grant == "client_credentials" || !written.present();
    const auto secret = needs_secret ? map.required("clientSecret") : map["clientSecret"];
    if (auto text = secret.filled()) connection.client_secret = Secret(std::move(*text));
    set(connection.scopes, read_scopes(map["scopes"]));
    map.close();
    return connection;
}

const WrittenIntegration* find_integration(const Value& value, const Manifests& manifests) {
    const auto name = value.filled();
    if (!name) return nullptr;
    const auto* found = manifests.find(*name);
    if (found || !manifests.complete) return found;
    const auto other = manifests.others.find(*name);
    if (other != manifests.others.end())
        value.error(fmt::format("integration {} is one of provider {}; allowed are those of bentley", shown(*name),
                                shown(other->second)));
    else
        value.error(fmt::format("no integration is named {} in the manifest{}", shown(*name),
                                suggestion(*name, manifests.names())));
    return nullptr;
}

std::size_t index_of(const std::vector<ManifestReadObject>& reads, const std::string& name) {
    const auto found = std::ranges::find_if(
        reads, [&](const auto& object) { return object.object == name || object.mapped_name == name; });
    return std::size_t(found - reads.begin());
}

/// One object per read object of the integration; `written` may be null when that isn't known.
void read_objects(const Value& value, const WrittenIntegration* written, const Context& context,
                  Installation& installation) {
    Map map(value);
    static const std::vector<ManifestReadObject> none;
    const auto& reads = written ? written->integration.reads : none;
    std::vector<Value> settings(reads.size());
    for (const auto& member : map.members()) {
        const std::size_t index = index_of(reads, member.key);
        if (index < reads.size()) {
            if (settings[index].present())
                map.error_at(member, fmt::format("the object {} stands here twice, by its name and by its mapped name",
                                                 shown(reads[index].object)));
            settings[index] = member.value;
            continue;
        }
        if (written && written->complete) {
            std::vector<std::string> names;
            for (const auto& object : reads) names.push_back(object.object);
            map.error_at(member, fmt::format("{} is no read object of {}{}", shown(member.key),
                                             shown(written->integration.name), suggestion(member.key, names)));
        }
        const ManifestReadObject unknown;
        ReadObject unused;
        read_read_settings(member.value, {.object = unknown, .destination = {}}, context.destinations, context.known,
                           unused);
    }
    for (std::size_t i = 0; i < reads.size(); ++i) {
        auto object = from_manifest(reads[i]);
        const auto own = settings[i].present() ? settings[i] : map[reads[i].object];
        const WrittenRead manifest{.object = reads[i], .destination = written->destinations[i]};
        read_read_settings(own, manifest, context.destinations, context.known, object);
        installation.objects.push_back(std::move(object));
    }
    const bool itwins_are_read = std::ranges::any_of(
        installation.objects, [](const auto& object) { return object.object == "itwins" && !object.disabled; });
    for (std::size_t i = 0; i < reads.size(); ++i)
        if (installation.objects[i].itwins.all && !installation.objects[i].disabled && !itwins_are_read)
            Map(settings[i])["iTwins"].error(
                "iTwins is all, but this installation does not read itwins; let the manifest read them, or give a "
                "list");
}

/// The write objects of the integration, each with what it can inherit.
std::vector<WrittenWrite> writes_of(const WrittenIntegration* written, const Installation& installation) {
    std::vector<WrittenWrite> writes;
    if (!written) return writes;
    const auto& reads = written->integration.reads;
    for (const auto& object : written->integration.writes) {
        const auto read = std::ranges::find(reads, object.object, &ManifestReadObject::object);
        if (read == reads.end())
            writes.push_back({.object = object});
        else
            writes.push_back({object, &*read, &installation.objects[std::size_t(read - reads.begin())]});
    }
    return writes;
}

/// One object per write object of the integration. REQUIRES the read objects, whose mappings may be inherited.
void read_writes(const Value& value, const WrittenIntegration* written, const Context& context,
                 Installation& installation) {
    Map map(value);
    const auto writes = writes_of(written, installation);
    const auto index_of_name = [&](const std::string& name) {
        auto found = std::ranges::find_if(writes, [&](const auto& write) { return write.object.object == name; });
        if (found == writes.end())
            found = std::ranges::find_if(writes, [&](const auto& write) {
                return write.manifest_read && write.manifest_read->mapped_name == name;
            });
        return std::size_t(found - writes.begin());
    };
    std::vector<Value> settings(writes.size());
    for (const auto& member : map.members()) {
        const auto index = index_of_name(member.key);
        if (index < writes.size()) {
            if (settings[index].present())
                map.error_at(member, fmt::format("the object {} stands here twice, by its name and by its mapped name",
                                                 shown(writes[index].object.object)));
            settings[index] = member.value;
            continue;
        }
        if (written && written->complete) {
            std::vector<std::string> names;
            for (const auto& write : writes) names.push_back(write.object.object);
            map.error_at(member, fmt::format("{} is no write object of {}{}", shown(member.key),
                                             shown(written->integration.name), suggestion(member.key, names)));
        }
        const ManifestWriteObject unknown;
        (void)read_write_settings(member.value, {.object = unknown}, context.known);
    }
    for (std::size_t i = 0; i < writes.size(); ++i)
        installation.writes.push_back(read_write_settings(settings[i], writes[i], context.known));
}

/// The manifest opens the proxy; an installation can only close it.
void read_proxy_switch(const Value& value, const WrittenIntegration* written, Installation& installation) {
    Map map(value);
    const auto enabled = map["enabled"];
    const auto wanted = enabled.boolean();
    map.close();
    if (!written) return;
    installation.proxy = written->integration.proxy && wanted.value_or(true);
    if (wanted.value_or(false) && !written->integration.proxy)
        enabled.error(fmt::format("the manifest does not enable the proxy of {}; let it say proxy: {{ enabled: true }}",
                                  shown(written->integration.name)));
}

void read_config(const Value& value, const WrittenIntegration* written, const Context& context,
                 Installation& installation) {
    Map map(value);
    (void)map["provider"].word({"bentley"});
    if (const auto subscribe = map["subscribe"]; subscribe.present() && !subscribe.is_null())
        subscribe.warning("subscribe is not supported by this version and has no effect");
    Map read(map["read"]);
    read_objects(read["objects"], written, context, installation);
    read.close();
    Map write(map["write"]);
    read_writes(write["objects"], written, context, installation);
    write.close();
    read_proxy_switch(map["proxy"], written, installation);
    map.close();
}

/// The id stands in paths of the API, between slashes and before `:pause`.
std::optional<std::string> read_id(const Value& value) {
    const auto id = value.filled();
    const auto fits = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
               c == '.';
    };
    if (!id || std::ranges::all_of(*id, fits)) return id;
    value.error(fmt::format("id is {}; allowed: letters, digits, - _ and .", value.written()));
    return std::nullopt;
}

Installation read_installation(const Value& value, const Context& context, std::vector<Installation>& earlier) {
    Map map(value);
    Installation installation;
    const auto integration = map.required("integration");
    set(installation.integration, integration.filled());
    const auto group = map.required("groupRef");
    set(installation.group_ref, group.filled());
    set(installation.group_name, map["groupName"].text());
    set(installation.consumer_ref, map["consumerRef"].text());
    set(installation.consumer_name, map["consumerName"].text());
    const auto id = map["id"];
    installation.id = read_id(id).value_or(name_uuid(
        fmt::format("bentley-syncd:{}/{}/{}", context.project, installation.integration, installation.group_ref)));
    installation.connection = read_connection(map.required("connection"));
    const auto* written = find_integration(integration, context.manifests);
    read_config(map["config"], written, context, installation);
    if (written && written->integration.schema_watch) {
        installation.schema_watch = written->integration.schema_watch;
        context.destinations.check(installation.schema_watch->destination, written->schema_destination);
    }
    map.close();

    const auto same_group = [&](const Installation& other) {
        return other.integration == installation.integration && other.group_ref == installation.group_ref;
    };
    const auto same_id = [&](const Installation& other) { return other.id == installation.id; };
    const bool named = !installation.integration.empty() && !installation.group_ref.empty();
    if (named && std::ranges::any_of(earlier, same_group))
        group.error(fmt::format("there is another installation of {} with groupRef {}", shown(installation.integration),
                                group.written()));
    else if ((named || id.present()) && std::ranges::any_of(earlier, same_id))
        (id.present() ? id : group)
            .error(fmt::format("there is another installation with id {}", shown(installation.id)));
    return installation;
}

void append(std::string& json, std::string_view text) {
    json::append_quoted(json, text);
    json += ',';
}

void append_filter(std::string& json, const FieldFilter& filter) {
    append(json, filter.field);
    if (const auto* text = std::get_if<std::string>(&filter.value)) append(json, *text);
    if (const auto* truth = std::get_if<bool>(&filter.value)) json += *truth ? "true," : "false,";
    if (const auto* number = std::get_if<double>(&filter.value)) json += fmt::format("{},", *number);
}

}  // namespace

std::vector<Installation> read_installations(const Value& value, const std::string& project, const Manifests& manifests,
                                             const Destinations& destinations, const KnownObjects& known) {
    const Context context{project, manifests, destinations, known};
    std::vector<Installation> installations;
    for (const auto& entry : value.list()) {
        auto installation = read_installation(entry, context, installations);
        installation.digest = message_digest(project, installation);
        installations.push_back(std::move(installation));
    }
    return installations;
}

std::string message_digest(const std::string& project, const Installation& installation) {
    // A list of lists: every one closed, so that nothing can be shifted from one to the next. The last element is 0.
    std::string json = "[";
    for (const auto& text : {project, installation.id, installation.integration, installation.group_ref,
                             installation.group_name, installation.consumer_ref, installation.consumer_name})
        append(json, text);
    for (const auto& object : installation.objects) {
        json += '[';
        for (const auto& text : {object.object, object.mapped_name, object.destination}) append(json, text);
        json += fmt::format("{},{},{},[", object.all_fields, object.deliver_all, object.page_records_max);
        for (const auto& field : object.fields) {
            append(json, field.name);
            append(json, field.mapped);
        }
        json += "0],[";
        for (const auto& [field, values] : object.value_mappings) {
            append(json, field);
            for (const auto& [theirs, ours] : values) {
                append(json, theirs);
                append(json, ours);
            }
            json += "0,";
        }
        json += "0],[";
        for (const auto& filter : object.filters) append_filter(json, filter);
        json += "0]],";
    }
    json += "0]";
    return json::digest(json).hex();
}

}  // namespace syncd::config
