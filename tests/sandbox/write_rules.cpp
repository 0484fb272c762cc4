#include "tests/sandbox/write_rules.hpp"

#include "config/core/ids.hpp"
#include "config/core/json.hpp"
#include "tests/sandbox/problem.hpp"
#include "tests/sandbox/record_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace syncd::sandbox::rules {
namespace {

using Values = std::vector<std::string_view>;

Values elements_at(std::string_view body, std::string_view path) {
    const auto list = json_at(body, path);
    return list ? json::elements(*list) : Values{};
}

/// A string that is there and holds something.
bool has_text(std::string_view object, std::string_view name) {
    const auto slice = json::find(object, name);
    return slice && !json::as_string(*slice).value_or("").empty();
}

void miss(Defects& defects, std::string target) {
    defects.push_back({true, target, fmt::format("Required property is missing: {}.", target)});
}

void wrong(Defects& defects, std::string target, std::string message) {
    defects.push_back({false, std::move(target), std::move(message)});
}

void check_strings(Defects& defects, const Values& values, std::string_view allowed, std::string_view target) {
    const auto words = split_words(allowed);
    for (const auto value : values) {
        const auto text = json::as_string(value);
        if (!text || (!allowed.empty() && std::ranges::find(words, *text) == words.end()))
            return wrong(defects, std::string(target),
                         allowed.empty() ? "Must be an array of strings." : fmt::format("Must be of {}.", allowed));
    }
}

/// Every element of a list of files, or of inputs, has this text.
void check_each(Defects& defects, const Values& values, std::string_view name) {
    for (const auto value : values)
        if (!has_text(value, name)) miss(defects, std::string(name));
}

bool known(const Writing& writing, std::string_view object, const std::string& id) {
    return id.starts_with(furniture) || writing.data.find(*find_object(object), id);
}

std::string state_of(const Writing& writing) {
    return writing.record ? text_at(writing.record->text, writing.row.state_member).value_or("") : std::string();
}

}  // namespace

void check_modeling_job(const Writing& writing, Defects& defects) {
    check_each(defects, elements_at(writing.body(), "inputs"), "id");
    check_strings(defects, elements_at(writing.body(), "settings/outputs"), "", "settings.outputs");
    const auto engines = json_at(writing.body(), "settings/processingEngines");
    if (engines && json::kind(*engines) != json::Kind::number)
        wrong(defects, "settings.processingEngines", "Must be an integer.");
}

void check_conversion_job(const Writing& writing, Defects& defects) {
    check_each(defects, elements_at(writing.body(), "inputs"), "id");
    check_strings(defects, elements_at(writing.body(), "outputs"), "OPC PNTS GLB GLBC", "outputs");
}

void check_analysis_job(const Writing& writing, Defects& defects) {
    constexpr std::size_t shortest = 3;
    const auto name = text_at(writing.body(), "name");
    if (name && name->size() < shortest) wrong(defects, "name", "Must have 3 characters at least.");
    const auto specifications = json::find(writing.body(), "specifications");
    if (!specifications || json::kind(*specifications) != json::Kind::object) return;
    const auto inputs = json::find(*specifications, "inputs"), outputs = json::find(*specifications, "outputs");
    if (!inputs || json::kind(*inputs) != json::Kind::object) miss(defects, "specifications.inputs");
    if (!outputs || json::kind(*outputs) != json::Kind::array)
        miss(defects, "specifications.outputs");
    else
        check_strings(defects, json::elements(*outputs), "", "specifications.outputs");
}

void check_detector(const Writing& writing, Defects& defects) {
    const auto name = text_at(writing.body(), "displayName").value_or("");
    if (name.find_first_of("<>&\"'/\\%*?:|#") == std::string::npos) return;
    defects.push_back({false, "DisplayName", "Must not hold special characters.", "InvalidProperty"});
}

void check_mapping(const Writing& writing, Defects& defects) {
    const auto name = text_at(writing.body(), "mappingName");
    if (!name || name->empty()) return;
    const auto letter = [](unsigned char c) { return std::isalpha(c) || c == '_'; };
    const auto plain = [&](unsigned char c) { return letter(c) || std::isdigit(c); };
    if (!letter(static_cast<unsigned char>(name->front())) || !std::ranges::all_of(*name, plain))
        wrong(defects, "mappingName", "Must be an identifier: a letter or underscore first, no spaces.");
}

void check_metadata(const Writing& writing, Defects& defects) {
    std::set<std::string> keys;
    for (const auto entry : elements_at(writing.body(), "metadata")) {
        if (!has_text(entry, "key"))
            miss(defects, "key");
        else if (!keys.insert(text_at(entry, "key").value()).second)
            wrong(defects, "metadata", "Keys must be unique.");
    }
}

void check_view(const Writing& writing, Defects& defects) {
    const auto data = json::find(writing.body(), "savedViewData");
    if (!data || json::kind(*data) != json::Kind::object) return;
    const auto kinds = std::ranges::count_if(json::members(*data), [](const auto& member) {
        return has_word("itwin3dView itwinDrawingView itwinSheetView legacyView", member.key);
    });
    if (kinds != 1) wrong(defects, "savedViewData", "Must hold exactly one view.");
}

void check_labels(const Writing& writing, Defects& defects) {
    const auto body = writing.body();
    const bool of_report = has_text(body, "reportId");
    const bool of_model = has_text(body, "iTwinId") && has_text(body, "iModelId");
    if (writing.operation == Operation::create && !of_report && !of_model) miss(defects, "reportId");
    for (const auto label : elements_at(body, "labels")) {
        for (const auto* name : {"name", "elementNameColumn", "elementQuantityColumn"})
            if (!has_text(label, name)) miss(defects, name);
        const auto materials = elements_at(label, "materials");
        if (materials.empty()) miss(defects, "materials");
        check_each(defects, materials, "nameColumn");
        if (!has_text(label, "reportTable") && !(has_text(label, "mappingId") && has_text(label, "groupName")))
            miss(defects, "reportTable");
    }
}

void check_storage_files(const Writing& writing, Defects& defects) {
    constexpr std::string_view connectors =
        "AUTOPLANT CIVIL CIVIL3D DACQJSON DWG GEOSPATIAL IFC INTELLIPID MSTN NWD OBD OPENTOWER PROSTRUCTURES PSEXCEL "
        "REVIT SPPID SPXREVIEW";
    if (writing.operation != Operation::create) return;
    for (const auto file : elements_at(writing.body(), "sourceFiles")) {
        if (!has_text(file, "storageFileId")) miss(defects, "storageFileId");
        const auto connector = json::find(file, "connectorType");
        if (!connector)
            miss(defects, "connectorType");
        else
            check_strings(defects, {*connector}, connectors, "connectorType");
    }
}

void check_manifest_files(const Writing& writing, Defects& defects) {
    if (writing.operation == Operation::create)
        check_each(defects, elements_at(writing.body(), "sourceFiles"), "sourceFileId");
}

void check_webhook(const Writing& writing, Defects& defects) {
    constexpr std::size_t shortest = 32;
    check_strings(defects, elements_at(writing.body(), "eventTypes"), "", "eventTypes");
    if (text_at(writing.body(), "scope") == "iTwin" && !json::find(writing.body(), "scopeId")) miss(defects, "scopeId");
    const auto secret = text_at(writing.body(), "secret");
    if (secret && secret->size() < shortest) wrong(defects, "secret", "Must have 32 characters at least.");
}

Refusal guard_job(const Writing& writing) {
    if (writing.operation == Operation::create) {
        const auto workspace = text_at(writing.body(), "workspaceId");
        if (workspace && !known(writing, "contextcapture/workspaces", *workspace))
            return refuse(writing, "InvalidValue", "workspaceId", "There is no such workspace.");
        return std::nullopt;
    }
    const bool unsubmitted = same_text(state_of(writing), "unsubmitted");
    if (writing.operation == Operation::remove && !unsubmitted)
        return refuse(writing, "InvalidChange", "state", "The job is submitted.");
    if (writing.operation == Operation::remove) return std::nullopt;
    const auto state = text_at(writing.body(), "state");
    if (state && json::members(writing.body()).size() > 1)
        return refuse(writing, "InvalidChange", "state", "Not together with other properties.");
    if (state && same_text(*state, "cancelled")) {
        if (!has_word("unsubmitted queued active", state_of(writing)))
            return refuse(writing, "InvalidChange", "state", "The job has ended.");
        return std::nullopt;
    }
    if (!unsubmitted) return refuse(writing, "InvalidChange", "state", "The job is submitted.");
    return std::nullopt;
}

Refusal guard_analysis_job(const Writing& writing) {
    if (writing.operation != Operation::remove || has_word("queued active", state_of(writing))) return std::nullopt;
    return problem(422, writing.row.invalid, "The request is invalid.",
                   {"InvalidChange", "The job is not running.", "state"});
}

Refusal guard_component(const Writing& writing) {
    if (writing.operation == Operation::remove) return std::nullopt;
    for (const auto& [member, object] : {std::pair{"application", "library/applications"},
                                         {"category", "library/categories"},
                                         {"manufacturer", "library/manufacturers"}}) {
        const auto id = text_at(writing.body(), member);
        if (id && !known(writing, object, *id)) return refuse(writing, "InvalidValue", member, "There is no such one.");
    }
    for (const auto catalog : elements_at(writing.body(), "catalogs"))
        if (!known(writing, "library/catalogs", json::as_text(catalog).value_or("")))
            return refuse(writing, "InvalidValue", "catalogs", "There is no such catalog.");
    return std::nullopt;
}

Refusal guard_tag(const Writing& writing) {
    if (writing.operation != Operation::remove) return std::nullopt;
    const auto quoted = json::quote(writing.record->id);
    const auto is_it = [&](std::string_view tag) { return tag == quoted; };
    for (const Record* view : writing.data.list(*find_object("savedviews")))
        if (std::ranges::any_of(elements_at(view->text, "tagIds"), is_it))
            return refuse(writing, "InvalidChange", "tagId", "The tag is in use.");
    return std::nullopt;
}

Refusal guard_view(const Writing& writing) {
    if (!writing.record || !json_at(writing.record->text, "savedViewData/legacyView")) return std::nullopt;
    return refuse(writing, "InvalidChange", "savedViewId", "Legacy saved views cannot be changed.");
}

Refusal guard_reality_data(const Writing& writing) {
    if (writing.operation != Operation::remove || writing.record->itwins.size() < 2) return std::nullopt;
    return refuse(writing, "InvalidParameter", "id", "The reality data is associated with several iTwins.");
}

Refusal guard_form(const Writing& writing) {
    if (writing.operation != Operation::create) return std::nullopt;
    if (text_at(writing.body(), "formId").value_or("").starts_with(furniture)) return std::nullopt;
    return refuse(writing, "InvalidValue", "formId", "There is no such form definition.");
}

Refusal guard_files(const Writing& writing) {
    if (writing.operation != Operation::create) return std::nullopt;
    const auto model = text_at(writing.body(), "iModelId");
    const bool manifest = writing.row.name.ends_with("manifestconnections");
    const auto* member = manifest ? "sourceFileId" : "storageFileId";
    std::set<std::string> mapped;
    for (const Record* record : writing.data.list(writing.row))
        if (text_at(record->text, "iModelId") == model)
            for (const auto file : elements_at(record->text, "sourceFiles"))
                mapped.insert(text_at(file, member).value_or(""));
    for (const auto file : elements_at(writing.body(), "sourceFiles"))
        if (mapped.contains(text_at(file, member).value_or("")))
            return problem(409, "FileMappingToTheIModelAlreadyExists",
                           "Mapping of the file to the iModel already exists.");
    return std::nullopt;
}

Refusal guard_transformation(const Writing& writing) {
    if (writing.operation != Operation::create) return std::nullopt;
    const auto configuration = text_at(writing.body(), "configurationId").value_or("");
    if (!known(writing, "transformations/configurations/createfork", configuration))
        return problem(404, "ConfigurationNotFound", "Requested configuration is not available.");
    if (same_text(writing.call.headers.get("Enable-Transformation-Queueing"), "true")) return std::nullopt;
    for (const Record* record : writing.data.list(writing.row))
        if (text_at(record->text, "configurationId") == configuration &&
            has_word("created initializing started", text_at(record->text, "status").value_or("")))
            return problem(409, "TransformationAlreadyRunning", "The target iModel is busy.");
    return std::nullopt;
}

Refusal guard_mesh_export(const Writing& writing) {
    if (writing.operation != Operation::remove || has_word("complete invalid", state_of(writing))) return std::nullopt;
    return refuse(writing, "InvalidParameter", "id", "The export is in progress.");
}

void finish_modeling_job(const Writing& writing, Data::Draft& draft) {
    const auto workspace = text_at(writing.body(), "workspaceId");
    if (const auto* row = find_object("contextcapture/workspaces"); workspace)
        if (const Record* found = writing.data.find(*row, *workspace))
            set_at(draft.text, "iTwinId", json::quote(text_at(found->text, "iTwinId").value_or("")));
    finish_started_job(writing, draft);
}

void finish_started_job(const Writing& writing, Data::Draft& draft) {
    const auto state = text_at(writing.body(), "state");
    if (!state || writing.operation != Operation::update) return;
    const bool modeling = writing.row.name == "contextcapture/jobs", active = same_text(*state, "active");
    const auto spelled = modeling ? (active ? "Active" : "Cancelled") : (active ? "active" : "cancelled");
    set_at(draft.text, "state", json::quote(spelled));
    const auto now = json::quote(writing.data.now_for(writing.row));
    if (!active) return modeling ? void() : set_at(draft.text, "executionInformation/endedDateTime", now);
    set_at(draft.text, modeling ? "executionInformation/submittedDateTime" : "executionInformation/submissionDateTime",
           now);
    if (!modeling) set_at(draft.text, "executionInformation/startedDateTime", now);
}

void finish_lca_job(const Writing& writing, Data::Draft& draft) {
    draft.id = fmt::format("{}_{}", text_at(writing.body(), "reportId").value_or(""), draft.id);
    set_at(draft.text, "id", json::quote(draft.id));
}

/// A record's key here is what its path holds, since the same changesets may be compared in a clone.
void finish_comparison(const Writing& writing, Data::Draft& draft) {
    const auto value = [&](std::string_view name) { return text_at(writing.body(), name).value_or(""); };
    const auto job = fmt::format("{}-{}", value("startChangesetId"), value("endChangesetId"));
    draft.id = fmt::format("{}/itwin/{}/imodel/{}", job, value("iTwinId"), value("iModelId"));
    set_at(draft.text, "jobId", json::quote(job));
}

/// The names of the fields for source and target are not documented: they are kept as they come.
void finish_fork(const Writing& writing, Data::Draft& draft) {
    for (const auto& member : json::members(writing.body())) {
        if (has_word("transformName comment", member.key)) continue;
        set_at(draft.text, member.key, std::string(member.value));
        const auto text = json::as_string(member.value);
        if (text && is_uuid(*text) && has_word("projectId sourceProjectId iTwinId sourceITwinId", member.key))
            set_at(draft.text, "projectId", std::string(member.value));
    }
}

void finish_mesh_export(const Writing& writing, Data::Draft& draft) {
    if (const auto time = text_at(writing.body(), "lastModified"))
        set_at(draft.text, "lastModified", json::quote(*time));
}

}  // namespace syncd::sandbox::rules
