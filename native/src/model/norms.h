// The decoder's norms, of whichever kind it has: forward() and backward() name what they norm, not how.
#pragma once

#include "model/decoder.h"

namespace chaku {

// y = norm(x) over rows of d floats, all contiguous.
struct NormCall {
  const float* weight = nullptr;  // [weight_rows, d]: row i uses row i % weight_rows
  const float* bias = nullptr;    // as weight, or null
  int64_t weight_rows = 1;
  const float* x = nullptr;  // [m,d]
  float* y = nullptr;        // [m,d], overwritten; may be x
  float* inverse = nullptr;  // [m] for the backward pass, or null: 1 over the root mean square, or over the deviation
  int64_t m = 0, d = 0;
};
void apply_norm(const Decoder& decoder, const NormCall& call) noexcept;

struct NormBackwardCall {
  const float* weight = nullptr;
  int64_t weight_rows = 1;
  const float* x = nullptr;
  const float* inverse = nullptr;
  const float* dy = nullptr;
  float* dx = nullptr;       // overwritten, or += with accumulate; may be dy
  float* dweight = nullptr;  // +=, or null
  float* dbias = nullptr;    // +=, or null
  int64_t m = 0, d = 0;
  bool accumulate = false;
};
void norm_backward(const Decoder& decoder, const NormBackwardCall& call) noexcept;

}  // namespace chaku
