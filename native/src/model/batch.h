// The tokens of one pass, and what a cache holds of the texts before them.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/attention.h"
#include "kernels/running_state.h"
#include "quant/dtype.h"

namespace chaku {

// The tokens of one pass, of any number of texts. Spans index queries by rows of the batch and keys by rows of the
// batch, or by the cache's blocks. What is a span lies in the host's memory, all else in the device's.
struct Batch {
  const int32_t* tokens = nullptr;       // [M], each in [0,V)
  const int32_t* positions = nullptr;    // [M], absolute
  int64_t n_tokens = 0;                  // M
  std::span<const AttentionSpan> spans;  // in the order of their queries, which they cover
  // Rows of the output that nobody asks for: the last layer computes no more of them than their keys and values.
  // Lean only.
  int64_t first_output_row = 0;
  // What of the spans lies behind them, with queries counted from first_output_row; where that is above 0.
  std::span<const AttentionSpan> output_spans = {};
  const int32_t* cache_rows = nullptr;  // [M] rows of the cache that get the tokens' keys and values; null: no cache
  // How long the text of each span may become, for ropes that depend on it; empty: as long as its span.
  std::span<const int64_t> contexts = {};
  // The running memories of each span's text; empty: texts begin with their spans and leave nothing. A text may have
  // two spans, one before first_output_row and one behind: the second begins with what the first leaves.
  std::span<const RunningState> memories = {};
  const int32_t* types = nullptr;  // [M], of a model that embeds them
};

// Keys and values of one layer in a cache.
struct CachedKeyValues {
  DType dtype = DType::kF32;
  void* k = nullptr;          // [rows, Hkv*Dh]
  void* v = nullptr;          // as k; of latents, which are both, k itself
  int64_t memory_offset = 0;  // floats, of a layer with a running memory: where in a text's its taps begin
};

}  // namespace chaku
