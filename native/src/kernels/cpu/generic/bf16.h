// Float32 to bfloat16, rounded to nearest even, denormals to zero; for instruction sets with AVX-512 BF16.
#pragma once

#include "kernels/cpu/generic/simd.h"

namespace chaku::CHAKU_ISA {

using Bf16 = uint16_t;

// 32 floats to 32 bfloat16 in memory order.
CHAKU_INLINE I round_pair(F low, F high) { return reinterpret_cast<I>(_mm512_cvtne2ps_pbh(high, low)); }

// Two rows of 16 floats to 16 pairs (row 0, row 1).
CHAKU_INLINE I interleave(F row0, F row1) {
  alignas(64) static constexpr uint16_t kOrder[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(kOrder), round_pair(row0, row1));
}

}  // namespace chaku::CHAKU_ISA
