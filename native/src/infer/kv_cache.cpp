#include "infer/kv_cache.h"

namespace chaku {

int64_t KvCache::bytes(const DecoderSpec& spec, int32_t capacity_tokens) noexcept {
  Carver counter(nullptr);
  for (const LayerSpec& layer : spec.layers) {
    counter.floats(capacity_tokens * layer.kv_width());
    counter.floats(capacity_tokens * layer.kv_width());
  }
  return counter.n_bytes();
}

KvCache::KvCache(const DecoderSpec& spec, int32_t capacity_tokens) : memory_(bytes(spec, capacity_tokens)) {
  Carver carver(memory_.data());
  layers_.reserve(spec.layers.size());
  for (const LayerSpec& layer : spec.layers) {
    float* k = carver.floats(capacity_tokens * layer.kv_width());
    float* v = carver.floats(capacity_tokens * layer.kv_width());
    layers_.push_back({k, v, 0});
  }
}

std::span<const CachedKeyValues> KvCache::at(int32_t length) noexcept {
  for (CachedKeyValues& layer : layers_) layer.first_row = length;
  return layers_;
}

}  // namespace chaku
