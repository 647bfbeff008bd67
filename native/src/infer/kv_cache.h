// Keys and values of every layer for one sequence, float32, [capacity, Hkv*Dh] per layer. The layout is known here
// alone: a narrower element type or pages change this class and what at() returns.
#pragma once

#include <vector>

#include "base/aligned_buffer.h"
#include "model/forward.h"

namespace chaku {

class KvCache {
 public:
  KvCache(const DecoderSpec& spec, int32_t capacity_tokens);

  // Saturates.
  static int64_t bytes(const DecoderSpec& spec, int32_t capacity_tokens) noexcept;

  // Entry per layer for a batch that is appended at row `length`; valid until the next call.
  std::span<const CachedKeyValues> at(int32_t length) noexcept;

 private:
  AlignedBytes memory_;
  std::vector<CachedKeyValues> layers_;
};

}  // namespace chaku
