// What codec.cpp dispatches to: decode and encode of one block, by family.
#pragma once

#include <cstdint>

#include "quant/blocks.h"
#include "quant/effort.h"

namespace chaku {

// dst[kElements], overwritten.
void decode(const BlockQ4_0& block, float* dst) noexcept;
void decode(const BlockQ4_1& block, float* dst) noexcept;
void decode(const BlockQ5_0& block, float* dst) noexcept;
void decode(const BlockQ5_1& block, float* dst) noexcept;
void decode(const BlockQ8_0& block, float* dst) noexcept;

void decode(const BlockQ2_K& block, float* dst) noexcept;
void decode(const BlockQ3_K& block, float* dst) noexcept;
void decode(const BlockQ4_K& block, float* dst) noexcept;
void decode(const BlockQ5_K& block, float* dst) noexcept;
void decode(const BlockQ6_K& block, float* dst) noexcept;

void decode(const BlockIQ1_S& block, float* dst) noexcept;
void decode(const BlockIQ1_M& block, float* dst) noexcept;
void decode(const BlockIQ2_XXS& block, float* dst) noexcept;
void decode(const BlockIQ2_XS& block, float* dst) noexcept;
void decode(const BlockIQ2_S& block, float* dst) noexcept;
void decode(const BlockIQ3_XXS& block, float* dst) noexcept;
void decode(const BlockIQ3_S& block, float* dst) noexcept;

void decode(const BlockIQ4_NL& block, float* dst) noexcept;
void decode(const BlockIQ4_XS& block, float* dst) noexcept;
void decode(const BlockMXFP4& block, float* dst) noexcept;
void decode(const BlockNVFP4& block, float* dst) noexcept;
void decode(const BlockTQ1_0& block, float* dst) noexcept;
void decode(const BlockTQ2_0& block, float* dst) noexcept;

// src[kElements], within +-65504. weight[kElements] in [0, 1e20], or null where the closed form without weights is the
// definition of the format.
void encode(const float* src, const float* weight, BlockQ4_0& block) noexcept;
void encode(const float* src, const float* weight, BlockQ4_1& block) noexcept;
void encode(const float* src, const float* weight, BlockQ5_0& block) noexcept;
void encode(const float* src, const float* weight, BlockQ5_1& block) noexcept;
void encode(const float* src, const float* weight, BlockQ8_0& block) noexcept;

// src[kElements], within +-65504. weight[kElements] in [0, 1e20], never null.
void encode(const float* src, const float* weight, BlockQ2_K& block, Effort effort = Effort::kFull) noexcept;
void encode(const float* src, const float* weight, BlockQ3_K& block, Effort effort = Effort::kFull) noexcept;
void encode(const float* src, const float* weight, BlockQ4_K& block, Effort effort = Effort::kFull) noexcept;
void encode(const float* src, const float* weight, BlockQ5_K& block, Effort effort = Effort::kFull) noexcept;
void encode(const float* src, const float* weight, BlockQ6_K& block, Effort effort = Effort::kFull) noexcept;
void encode(const float* src, const float* weight, BlockIQ4_NL& block) noexcept;
void encode(const float* src, const float* weight, BlockIQ4_XS& block) noexcept;
void encode(const float* src, const float* weight, BlockMXFP4& block) noexcept;

// Puts codes[kElements], as the block stores them, into a block whose scales stay. A Q8_0 code is one of 0..254, for
// -127..127.
void pack_codes(const uint8_t* codes, BlockQ4_0& block) noexcept;
void pack_codes(const uint8_t* codes, BlockQ4_1& block) noexcept;
void pack_codes(const uint8_t* codes, BlockQ5_0& block) noexcept;
void pack_codes(const uint8_t* codes, BlockQ5_1& block) noexcept;
void pack_codes(const uint8_t* codes, BlockQ8_0& block) noexcept;
void pack_codes(const uint8_t* codes, BlockQ2_K& block) noexcept;
void pack_codes(const uint8_t* codes, BlockQ3_K& block) noexcept;
void pack_codes(const uint8_t* codes, BlockQ4_K& block) noexcept;
void pack_codes(const uint8_t* codes, BlockQ5_K& block) noexcept;
void pack_codes(const uint8_t* codes, BlockQ6_K& block) noexcept;
void pack_codes(const uint8_t* codes, BlockIQ4_NL& block) noexcept;
void pack_codes(const uint8_t* codes, BlockIQ4_XS& block) noexcept;
void pack_codes(const uint8_t* codes, BlockMXFP4& block) noexcept;

}  // namespace chaku
