// A short causal convolution along time, each channel by itself: the memory of a few tokens that linear attention and
// gated convolution layers have.
#pragma once

#include <cstdint>

#include "kernels/attention.h"
#include "kernels/running_state.h"

namespace chaku {

inline constexpr int32_t kMostTaps = 8;

// y[t,c] = act(sum_i w[c,i] x[t-(L-1)+i,c]), within each span's queries; what lies before a span is zero, or the state.
struct CausalConvolutionProblem {
  const float* x = nullptr;  // [T,C] contiguous
  const float* w = nullptr;  // [C,L]
  float* y = nullptr;        // [T,C] contiguous, overwritten; not x
  int64_t channels = 0;
  int32_t taps = 0;   // L in 1..kMostTaps
  bool silu = false;  // act is x sigmoid(x), else none
  // The L-1 rows before each span, and its last L-1, those before it included: [L-1,C] at state_offset. Null: zeros,
  // and none are kept.
  const RunningState* states = nullptr;  // [n_spans]
  int64_t state_offset = 0;              // floats
  const AttentionSpan* spans = nullptr;  // of their queries' rows alone
  int64_t n_spans = 0;
};

// Without state. dx[T,C] is overwritten and may be dy; dw[C,L] += , or null.
struct CausalConvolutionBackwardProblem {
  CausalConvolutionProblem forward;
  const float* dy = nullptr;
  float* dx = nullptr;
  float* dw = nullptr;
};

}  // namespace chaku
