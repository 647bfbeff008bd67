// What codec.cpp dispatches to: decode and encode of one block, by family.
#pragma once

#include <algorithm>
#include <cstdint>

#include "quant/blocks.h"
#include "quant/effort.h"

namespace chaku {

// dst[kElements], overwritten.
CHAKU_CODEC void decode(const BlockQ4_0& block, float* dst) noexcept;
CHAKU_CODEC void decode(const BlockQ4_1& block, float* dst) noexcept;
CHAKU_CODEC void decode(const BlockQ5_0& block, float* dst) noexcept;
CHAKU_CODEC void decode(const BlockQ5_1& block, float* dst) noexcept;
CHAKU_CODEC void decode(const BlockQ8_0& block, float* dst) noexcept;

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
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ4_0& block) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ4_1& block) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ5_0& block) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ5_1& block) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ8_0& block) noexcept;

// src[kElements], within +-65504. weight[kElements] in [0, 1e20], never null.
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ2_K& block,
                        Effort effort = Effort::kFull) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ3_K& block,
                        Effort effort = Effort::kFull) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ4_K& block,
                        Effort effort = Effort::kFull) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ5_K& block,
                        Effort effort = Effort::kFull) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockQ6_K& block,
                        Effort effort = Effort::kFull) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockIQ4_NL& block) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockIQ4_XS& block) noexcept;
CHAKU_CODEC void encode(const float* src, const float* weight, BlockMXFP4& block) noexcept;

// Block scales are halves: beyond their range nothing can be represented, and one bad element must not take its
// block with it.
CHAKU_CODEC_INLINE float representable(float v) noexcept { return v != v ? 0.0f : std::clamp(v, -65504.0f, 65504.0f); }

// Weights of an element: negative or not a number counts as zero, and the largest kept leaves sums of squares finite.
CHAKU_CODEC_INLINE float usable_weight(float v) noexcept { return v > 0 ? std::min(v, 1e20f) : 0.0f; }

// The formats whose files are defined by a closed form when no importance is given.
template <class Block>
constexpr bool kHasClosedForm = Block::kElements == kSimpleBlock;
template <>
inline constexpr bool kHasClosedForm<BlockIQ4_NL> = false;
template <>
inline constexpr bool kHasClosedForm<BlockMXFP4> = false;

// src and weight as above; where nothing is `weighted` the weights are ones.
template <class Block>
CHAKU_CODEC void encode_any(const float* src, const float* weight, [[maybe_unused]] bool weighted,
                            [[maybe_unused]] Effort effort, Block& block) noexcept {
  if constexpr (requires { encode(src, weight, block, effort); })
    encode(src, weight, block, effort);
  else
    encode(src, weighted || !kHasClosedForm<Block> ? weight : nullptr, block);
}

// Puts codes[kElements], as the block stores them, into a block whose scales stay. A Q8_0 code is one of 0..254, for
// -127..127.
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ4_0& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ4_1& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ5_0& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ5_1& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ8_0& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ2_K& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ3_K& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ4_K& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ5_K& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockQ6_K& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockIQ4_NL& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockIQ4_XS& block) noexcept;
CHAKU_CODEC void pack_codes(const uint8_t* codes, BlockMXFP4& block) noexcept;

}  // namespace chaku
