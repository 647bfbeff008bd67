// The search for a whole super-block of 256: sub-block scales are themselves integers times one or two half-precision
// numbers, so fitting each sub-block alone is only the start.
//
// 1. Fit every sub-block with real scale (and minimum).
// 2. Guess the half-precision unit so that the largest of them takes the largest integer.
// 3. Per sub-block, try the integers around the fitted value and keep the one whose nearest codes err least.
// 4. With all integers fixed the error is quadratic in the units: solve, round to half, and repeat 3.
// A quick search does 1 to 3 once, with the integers nearest to the fitted scales. Else steps 2 to 4 start again from a
// few smaller largest integers: a coarse unit may fall better on the grid of halves.
#pragma once

#include <cstdint>

#include "quant/blocks.h"
#include "quant/levels.h"
#include "quant/scale_search.h"

namespace chaku {

constexpr int kMaxSubBlocks = 16;

// y = d * scale[s] * level(i). level[i] is a value of the levels asked for.
struct SymmetricSuperBlock {
  float d;  // a half
  int8_t scale[kMaxSubBlocks];
  float level[kSuperBlock];
};

// y = d * scale[s] * q[i] - dmin * min[s].
struct AffineSuperBlock {
  float d, dmin;  // halves
  uint8_t scale[kMaxSubBlocks], min[kMaxSubBlocks];
  float q[kSuperBlock];
};

// Scale integers are lo..hi (lo < 0 < hi, |lo| >= hi); sub_size is 16 or 32. x and w [256] as in scale_search.h.
struct SymmetricShape {
  int sub_size;
  int scale_lo, scale_hi;
  Effort effort = Effort::kFull;
};

CHAKU_CODEC void search_super_block(const float* x, const float* w, const SymmetricShape& shape,
                                    const UniformLevels& levels, SymmetricSuperBlock& out) noexcept;
CHAKU_CODEC void search_super_block(const float* x, const float* w, const SymmetricShape& shape,
                                    const IQ4Levels& levels, SymmetricSuperBlock& out) noexcept;

// Codes 0..code_hi, scale and minimum integers 0..scale_hi.
struct AffineShape {
  int sub_size;
  int code_hi, scale_hi;
  Effort effort = Effort::kFull;
};

CHAKU_CODEC void search_super_block(const float* x, const float* w, const AffineShape& shape,
                                    AffineSuperBlock& out) noexcept;

}  // namespace chaku
