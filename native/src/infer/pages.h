// What a model's texts keep of their tokens, in one memory: blocks of kCacheBlockTokens tokens with the keys and values
// of every layer, as F32, F16, BF16 or Q8_0; and the running memories of models that have them, one per text and one
// per snapshot. Both are numbered, shared by whoever has the same beginning, and copied by who goes another way.
// A layer that reads another's keys has none, one with latent attention has its latents alone, one with a running
// memory no keys.
#pragma once

#include <memory>
#include <vector>

#include "device/device.h"
#include "infer/shares.h"
#include "model/adapter.h"
#include "model/batch.h"

namespace chaku {

struct PagesOptions {
  int32_t n_blocks = 0;
  DType dtype = DType::kF32;
  int32_t n_memories = 0;  // of models with running memories
};

// Blocks that hold so many tokens.
constexpr int32_t blocks_of(int32_t n_tokens) noexcept {
  return static_cast<int32_t>((int64_t{n_tokens} + kCacheBlockTokens - 1) / kCacheBlockTokens);
}

// One thread at a time, its texts and their steps included.
class Pages {
 public:
  Pages(std::shared_ptr<const Model> model, const PagesOptions& options);

  // Throws Error(kUnsupported) for a format that a cache cannot have, or whose blocks would straddle heads.
  static void check(const DecoderSpec& spec, DType dtype);
  // Saturates.
  static int64_t bytes(const DecoderSpec& spec, const PagesOptions& options) noexcept;

  const std::shared_ptr<const Model>& model() const noexcept { return model_; }
  // Entry per layer, for a forward pass.
  std::span<const CachedKeyValues> layers() const noexcept { return layers_; }
  Shares& blocks() noexcept { return blocks_; }
  Shares& memories() noexcept { return memories_; }
  void copy_block(int32_t from, int32_t to) const noexcept;
  float* memory(int32_t number) const noexcept { return memory_base_ + number * memory_floats_; }

  // Adapters with their scales; texts that wear the same get the same object.
  std::shared_ptr<const WornAdapters> wear(std::vector<std::shared_ptr<const Adapter>> adapters,
                                           std::span<const float> scales);

 private:
  std::shared_ptr<const Model> model_;
  DeviceBuffer data_;
  std::vector<CachedKeyValues> layers_;
  float* memory_base_ = nullptr;
  int64_t memory_floats_ = 0;  // of one text
  Shares blocks_, memories_;
  std::vector<std::weak_ptr<const WornAdapters>> worn_;
};

}  // namespace chaku
