// The tokens of one pass, and what a cache holds of the text before them.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/attention.h"
#include "quant/dtype.h"

namespace chaku {

// The tokens of one pass. Spans index queries by rows of the batch and keys by rows of the batch, or of the cache.
struct Batch {
  const int32_t* tokens = nullptr;       // [M], each in [0,V); the device's, as positions
  const int32_t* positions = nullptr;    // [M], absolute
  int64_t n_tokens = 0;                  // M
  std::span<const AttentionSpan> spans;  // the host's
  // Rows of the output that nobody asks for: the last layer computes no more of them than their keys and values.
  // Lean only.
  int64_t first_output_row = 0;
  int64_t context_tokens = 0;  // how long the text may become, for ropes that depend on it; 0: as long as its span
};

// The running memory of one layer before and after a batch, as its kernels take it. Null before: the text begins.
struct MixerState {
  const float* taps_in = nullptr;    // [L-1,C]
  float* taps_out = nullptr;         // may be taps_in
  const float* memory_in = nullptr;  // [Hv,dk,dv], of the delta rule
  float* memory_out = nullptr;
};

// Keys and values of one layer in a cache; the batch's go to rows [first_row, first_row + M). A layer with a running
// memory has that in their place.
struct CachedKeyValues {
  DType dtype = DType::kF32;
  void* k = nullptr;  // [capacity, Hkv*Dh]
  void* v = nullptr;
  int64_t first_row = 0;
  MixerState mixer = {};
};

}  // namespace chaku
