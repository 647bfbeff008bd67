// Keys and values of every layer for one sequence, [capacity, Hkv*Dh] per layer, as F32, F16, BF16 or Q8_0. The layout
// is known here alone: pages would change this class and what at() returns.
// A layer that reads another's has none. One with latent attention has its latents alone, [capacity, Rkv + Dr].
// A layer with a running memory has that in their place, twice: what a computation changes replaces what was there only
// when it is done, so that one that fails changes nothing.
#pragma once

#include <array>
#include <vector>

#include "device/device.h"
#include "model/batch.h"
#include "model/carver.h"
#include "model/decoder_spec.h"

namespace chaku {

class KvCache {
 public:
  KvCache(const Device& device, const DecoderSpec& spec, DType dtype, int32_t capacity_tokens);

  // Throws Error(kUnsupported) for a format that a cache cannot have, or whose blocks would straddle heads.
  static void check(const DecoderSpec& spec, DType dtype);

  // Saturates.
  static int64_t bytes(const DecoderSpec& spec, DType dtype, int32_t capacity_tokens) noexcept;

  // Entry per layer for a batch that is appended at row `length`; valid until the next call. Batches of one computation
  // go on from each other's memory: the first one has `begins` set.
  std::span<const CachedKeyValues> at(int32_t length, bool begins) noexcept;
  // The computation is done: its memory is what the next one goes on from.
  void commit() noexcept { current_ = 1 - current_; }

 private:
  DeviceBuffer memory_;
  struct Memory {
    float* taps = nullptr;
    float* memory = nullptr;
  };

  static Memory carve_memory(Carver& carver, const DecoderSpec& spec, const LayerSpec& layer);

  std::vector<CachedKeyValues> layers_;
  std::array<std::vector<Memory>, 2> memories_;
  int current_ = 0;
};

}  // namespace chaku
