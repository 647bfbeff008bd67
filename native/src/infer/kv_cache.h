// Keys and values of every layer for one sequence, [capacity, Hkv*Dh] per layer, as F32, F16, BF16 or Q8_0. The layout
// is known here alone: pages would change this class and what at() returns.
#pragma once

#include <vector>

#include "base/aligned_buffer.h"
#include "model/forward.h"

namespace chaku {

class KvCache {
 public:
  KvCache(const DecoderSpec& spec, DType dtype, int32_t capacity_tokens);

  // Throws Error(kUnsupported) for a format that a cache cannot have, or whose blocks would straddle heads.
  static void check(const DecoderSpec& spec, DType dtype);

  // Saturates.
  static int64_t bytes(const DecoderSpec& spec, DType dtype, int32_t capacity_tokens) noexcept;

  // Entry per layer for a batch that is appended at row `length`; valid until the next call.
  std::span<const CachedKeyValues> at(int32_t length) noexcept;

 private:
  AlignedBytes memory_;
  std::vector<CachedKeyValues> layers_;
};

}  // namespace chaku
