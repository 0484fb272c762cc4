#include "daemon/written_records.hpp"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using storage::Meanwhile;

TEST(WrittenRecords, APageSeesWhatIsBeingWrittenOrWasSinceItWasAskedFor) {
    WrittenRecords written;
    written.begin("itwins", "before", false);
    written.end("itwins", "before");
    const WrittenRecords::Moment asked(written);
    written.begin("itwins", "during", false);
    EXPECT_EQ(asked.since("itwins", "during"), Meanwhile::written);
    written.end("itwins", "during");
    EXPECT_EQ(asked.since("itwins", "during"), Meanwhile::written);
    written.begin("itwins", "gone", true);
    written.end("itwins", "gone");
    EXPECT_EQ(asked.since("itwins", "gone"), Meanwhile::removed);
    EXPECT_EQ(asked.since("itwins", "before"), Meanwhile::nothing);
    EXPECT_EQ(asked.since("imodels", "during"), Meanwhile::nothing);

    const WrittenRecords::Moment later(written);
    EXPECT_EQ(later.since("itwins", "during"), Meanwhile::nothing);
    EXPECT_EQ(asked.since("itwins", "during"), Meanwhile::written) << "the older one still counts";
}

TEST(WrittenRecords, AnUpdateAfterItsDeleteBringsNoRecordBack) {
    WrittenRecords written;
    const WrittenRecords::Moment asked(written);
    for (const bool removes : {true, false}) {
        written.begin("itwins", "1", removes);
        written.end("itwins", "1");
    }
    EXPECT_EQ(asked.since("itwins", "1"), Meanwhile::removed);
}

TEST(WrittenRecords, OneOfTwoWritesAtOnceMayEnd) {
    WrittenRecords written;
    written.begin("itwins", "1", false);
    written.begin("itwins", "1", false);
    written.end("itwins", "1");
    const WrittenRecords::Moment asked(written);
    EXPECT_EQ(asked.since("itwins", "1"), Meanwhile::written);
    written.end("itwins", "1");
    EXPECT_EQ(asked.since("itwins", "1"), Meanwhile::written);
}

}  // namespace
}  // namespace syncd
