#include "connector/bentley/catalog.hpp"
#include "daemon/cli/commands.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace syncd::cli {
namespace {

using bentley::Object;

const char* yes(bool value) { return value ? "yes" : "-"; }
bool is_incremental(const Object& object) { return object.read && object.read->incremental.has_value(); }
bool is_updatable(const Object& object) { return object.write && object.write->update; }
bool is_deletable(const Object& object) { return object.write && object.write->remove; }
std::int64_t page_size(const Object& object) { return object.read ? object.read->page_max : 0; }
std::string scope(const Object& object) { return object.read ? object.read->scope : std::string(); }

boost::json::object summary(const Object& object) {
    boost::json::object out{{"object", object.name},
                            {"read", object.read.has_value()},
                            {"incremental", is_incremental(object)},
                            {"write", object.write.has_value()},
                            {"update", is_updatable(object)},
                            {"delete", is_deletable(object)},
                            {"pageSize", page_size(object)},
                            {"scope", scope(object)}};
    boost::json::array required;
    if (object.write)
        for (const auto& [field, type] : object.write->required) required.emplace_back(field);
    out["requiredFields"] = std::move(required);
    return out;
}

boost::json::object named(const std::map<std::string, std::string>& fields) {
    boost::json::object out;
    for (const auto& [field, type] : fields) out[field] = type;
    return out;
}

void list(const Context& context) {
    const auto& objects = bentley::Catalog::builtin().objects();
    if (context.json) {
        boost::json::array rows;
        for (const auto& [name, object] : objects) rows.push_back(summary(object));
        return print_json(rows);
    }
    std::vector<std::vector<std::string>> rows = {
        {"OBJECT", "READ", "INCREMENTAL", "WRITE", "UPDATE", "DELETE", "PAGE", "SCOPE"}};
    for (const auto& [name, object] : objects)
        rows.push_back({name, yes(object.read.has_value()), yes(is_incremental(object)), yes(object.write.has_value()),
                        yes(is_updatable(object)), yes(is_deletable(object)),
                        page_size(object) ? std::to_string(page_size(object)) : "-", scope(object)});
    print_table(rows);
}

void print_fields(const char* title, const std::map<std::string, std::string>& fields) {
    if (fields.empty()) return;
    fmt::print("\n{}\n", title);
    for (const auto& [field, type] : fields) fmt::print("  {:<28} {}\n", field, type);
}

int one(const Context& context, const std::string& name) {
    const auto* object = bentley::Catalog::builtin().find(name);
    if (!object) throw Exit{exit_failed, fmt::format("no object is called {}; `objects` lists them", name)};
    if (context.json) {
        auto out = summary(*object);
        if (object->read) out["fields"] = named(object->read->fields);
        if (object->write) out["required"] = named(object->write->required);
        if (object->write) out["optional"] = named(object->write->optional);
        if (object->write) out["inside"] = named(object->write->inside);
        print_json(out);
        return exit_done;
    }
    fmt::print("{}\n  read {}, incremental {}, write {}, update {}, delete {}\n", name, yes(object->read.has_value()),
               yes(is_incremental(*object)), yes(object->write.has_value()), yes(is_updatable(*object)),
               yes(is_deletable(*object)));
    if (object->read) {
        const auto& facts = *object->read;
        fmt::print("  list {}, page size {}, facts: {}\n", facts.path,
                   facts.page_max ? std::to_string(facts.page_max) : "not to be chosen", facts.confidence);
        fmt::print("  a record that a complete list no longer shows is {}\n",
                   facts.absence == bentley::Absence::deleted ? "deleted, once confirmed" : "not taken for deleted");
        print_fields("Fields", facts.fields);
    }
    if (object->write) {
        print_fields("Required in a create", object->write->required);
        print_fields("Optional in a create", object->write->optional);
        print_fields("Inside of those", object->write->inside);
        if (object->write->update && !object->write->update->fields.empty())
            fmt::print("\nAn update takes {}\n", fmt::join(object->write->update->fields, ", "));
    }
    return exit_done;
}

}  // namespace

void define_objects(CLI::App& app, Context& context, Chosen& chosen) {
    auto name = std::make_shared<std::string>();
    auto* command = app.add_subcommand("objects", "The catalog: what can be read and written");
    command->add_option("name", *name, "One object in full");
    command->callback([&context, &chosen, name] {
        chosen = [&context, name] {
            if (!name->empty()) return one(context, *name);
            list(context);
            return exit_done;
        };
    });
}

}  // namespace syncd::cli
