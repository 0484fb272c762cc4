// Rules of single objects for writes, beyond the types of their fields. See WriteRow for the three kinds.
#pragma once

#include "tests/sandbox/writes.hpp"

namespace syncd::sandbox::rules {

void check_modeling_job(const Writing& writing, Defects& defects);
void check_conversion_job(const Writing& writing, Defects& defects);
void check_analysis_job(const Writing& writing, Defects& defects);
void check_detector(const Writing& writing, Defects& defects);
void check_mapping(const Writing& writing, Defects& defects);
void check_metadata(const Writing& writing, Defects& defects);
void check_view(const Writing& writing, Defects& defects);
void check_labels(const Writing& writing, Defects& defects);
void check_storage_files(const Writing& writing, Defects& defects);
void check_manifest_files(const Writing& writing, Defects& defects);
void check_webhook(const Writing& writing, Defects& defects);

using Refusal = std::optional<http::Response>;
Refusal guard_job(const Writing& writing);  // unsubmitted or not
Refusal guard_analysis_job(const Writing& writing);
Refusal guard_component(const Writing& writing);     // what it is linked to
Refusal guard_tag(const Writing& writing);           // in use
Refusal guard_view(const Writing& writing);          // legacy
Refusal guard_reality_data(const Writing& writing);  // in several iTwins
Refusal guard_form(const Writing& writing);          // of a definition
Refusal guard_files(const Writing& writing);         // mapped already
Refusal guard_transformation(const Writing& writing);
Refusal guard_mesh_export(const Writing& writing);

void finish_modeling_job(const Writing& writing, Data::Draft& draft);
void finish_started_job(const Writing& writing, Data::Draft& draft);
void finish_lca_job(const Writing& writing, Data::Draft& draft);
void finish_comparison(const Writing& writing, Data::Draft& draft);
void finish_fork(const Writing& writing, Data::Draft& draft);
void finish_mesh_export(const Writing& writing, Data::Draft& draft);

}  // namespace syncd::sandbox::rules
