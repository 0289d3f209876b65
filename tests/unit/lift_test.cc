// SPDX-License-Identifier: MIT
// Every row lifts, for random fields, to a block that the verifier accepts; with and without reports of
// memory accesses.
#include <gtest/gtest.h>

#include <string>

#include "support/arena.h"
#include "tests/unit/a64_random.h"
#include "translator/lift/lifter.h"

namespace armature::translator::lift {
namespace {

using tests::Random;
using tests::random_word;

std::string text_of(const ir::Block& block) {
    std::string text;
    ir::Printer::print(
        block,
        [](void* context, const char* piece, size_t size) {
            static_cast<std::string*>(context)->append(piece, size);
        },
        &text);
    return text;
}

void report(void* context, ir::Value address, ir::Value value, ir::Value value2, uint32_t info) {
    ir::Builder& b = *static_cast<ir::Builder*>(context);
    const bool vector = b.type(value) == ir::Type::V128;
    b.emit(vector ? ir::Op::MemoryProbeV : ir::Op::MemoryProbe, ir::Type::None, address, value, value2,
           b.access_guard(), 0, static_cast<uint8_t>(info));
}

// A Set of guest state must not come before an operation of the same instruction that can fault.
const char* imprecise(const ir::Block& block) {
    bool set = false;
    for (size_t i = 1; i < block.insts.size(); i++) {
        const uint8_t traits = ir::info(block.insts[i].op).traits;
        if (traits & ir::kFaults && set) return "an operation that can fault comes after a Set";
        if (traits & ir::kWritesState) set = true;
    }
    return nullptr;
}

void lift_rows(bool with_reports) {
    constexpr unsigned kWordsPerRow = 100;
    support::Arena arena;
    Random random(with_reports ? 6 : 5);
    for (const decode::Row& row : decode::kRows) {
        for (unsigned i = 0; i < kWordsPerRow; i++) {
            const auto word = random_word(row, random);
            ASSERT_TRUE(word) << row.name();
            arena.reset();
            ir::Builder builder(arena);
            builder.begin(0x400000);
            if (with_reports) builder.set_access_hook(report, &builder);
            const LiftResult result = lift(builder, 0x400000, *word);
            if (result == LiftResult::Continue) {
                ir::Terminator end;
                end.kind = ir::Terminator::Jump;
                end.target = 0x400004;
                builder.end(end);
            }
            const ir::Block block = builder.finish();
            const char* wrong = ir::verify(block);
            if (!wrong) wrong = imprecise(block);
            EXPECT_EQ(wrong, nullptr) << row.name() << " " << std::hex << *word << ": " << wrong << "\n"
                                      << text_of(block);
            if (wrong) break;  // one failure per row is enough
            ASSERT_EQ(block.guest.size(), 1u);
            ASSERT_EQ(block.guest[0].row, row.index());
        }
    }
}

TEST(Lift, EveryRowMakesSoundBlocks) {
    lift_rows(false);
}

TEST(Lift, EveryRowMakesSoundBlocksWithReports) {
    lift_rows(true);
}

TEST(Lift, UnallocatedIsUndefined) {
    support::Arena arena;
    ir::Builder builder(arena);
    builder.begin(0x1000);
    EXPECT_EQ(lift(builder, 0x1000, 0xffffffff), LiftResult::Ended);
    const ir::Block block = builder.finish();
    EXPECT_EQ(block.end.kind, ir::Terminator::Exit);
    EXPECT_EQ(block.end.reason, ir::ExitKind::Undefined);
    EXPECT_EQ(block.end.next, 0x1000u);
    EXPECT_EQ(block.guest[0].row, kNoRow);
}

TEST(Lift, FeatureThatIsOffIsUndefined) {
    constexpr uint32_t kLdadd = 0xb8210040;  // ldadd w1, w0, [x2]
    guest::enable(guest::Feature::LSE, false);
    support::Arena arena;
    ir::Builder builder(arena);
    builder.begin(0x1000);
    lift(builder, 0x1000, kLdadd);
    guest::enable(guest::Feature::LSE, true);
    EXPECT_EQ(builder.finish().end.reason, ir::ExitKind::Undefined);
}

}  // namespace
}  // namespace armature::translator::lift
