// Jobs whose state may still change, read again by their ids until they have ended: a list by creation time shows only
// their birth.
#pragma once

#include "daemon/read_run.hpp"

namespace syncd {

/// Reads again what is due and was not seen by the read in hand. A job that the list by ids does not show is asked for
/// by its own read; one that is not found twice, in two reads, is gone, unless the fuse holds it. `lists_work` turns
/// false when the provider refuses the list by ids: then own reads do it. REQUIRES facts.state and facts.own.
awaitable<result<void>> follow_open_jobs(ReadRun& run, bool& lists_work);

}  // namespace syncd
