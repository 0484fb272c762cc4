// What a complete full read did not show: is it gone? The read's certificate speaks first, then each record's own read.
#pragma once

#include "daemon/read_run.hpp"

namespace syncd {

/// Deletes what is certainly gone, holds it when the fuse blows. REQUIRES run.plan.may_delete and a read that was
/// complete over all its queries. Errors: as the provider's for own reads.
awaitable<result<void>> find_deletes(ReadRun& run);

}  // namespace syncd
