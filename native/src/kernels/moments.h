// Moments of an optimizer in 8 bits: blocks of 256 elements with a scale each, the largest size of the block, and a
// byte an element for its share of it. The shares stand for floats of a few bits of mantissa: their grid is as fine
// relative to a small share as to a large one, over 16 binary orders of magnitude. (Blocks, and that the grid must
// reach that far where one of even steps fails: Dettmers, Lewis, Shleifer, Zettlemoyer, "8-bit Optimizers via
// Block-wise Quantization", 2022, whose own grid has decimal orders.) Two codes:
//  - signed: a sign and 127 shares, 8 an octave; what is below 2^-16 of the largest becomes 0.
//  - roots: 255 shares, 16 an octave, of the square root of a number that is not negative: the orders of magnitude are
//    then those of gradients. What is above 0 stays above it, for it divides.
// A moment changes by a thousandth in a step where beta2 is 0.999, a step of the grid by 3 to 12 %: rounded to the
// nearest, nothing would ever change against its block. So rounding draws: up with the probability of the part that is
// cut off. To the nearest, what was decoded is encoded to the same bits.
#pragma once

#include <bit>
#include <cstdint>

namespace chaku {

inline constexpr int64_t kMomentBlock = 256;

enum class MomentCode : int32_t { kSigned = 0, kRoot = 1 };

struct EncodeMomentsProblem {
  const float* x = nullptr;  // [n]
  uint8_t* codes = nullptr;  // [n] overwritten
  float* scales = nullptr;   // [ceil(n / kMomentBlock)] overwritten
  int64_t n = 0;
  MomentCode code = MomentCode::kSigned;
  bool draw = false;  // else to the nearest
  uint64_t seed = 0, stream = 0;
  int64_t first_draw = 0;  // that of x[0], a multiple of kMomentBlock
};

struct DecodeMomentsProblem {
  const uint8_t* codes = nullptr;
  const float* scales = nullptr;
  float* x = nullptr;  // [n] overwritten
  int64_t n = 0;
  MomentCode code = MomentCode::kSigned;
};

// The grid of a code: share c > 0 is the float of the bits (c + offset) << shift, and the largest is 1.
struct MomentGrid {
  uint32_t shift, most, least, offset;
};
constexpr MomentGrid moment_grid(MomentCode code) noexcept {
  const uint32_t shift = code == MomentCode::kRoot ? 19 : 20, most = code == MomentCode::kRoot ? 255 : 127;
  return {shift, most, code == MomentCode::kRoot ? 1u : 0u, (std::bit_cast<uint32_t>(1.0f) >> shift) - most};
}

// Blocks of numbers below this size are zeros: their products with shares, and those squared, would lose bits.
inline constexpr float kLeastMoment = 0x1p-40f;

}  // namespace chaku
