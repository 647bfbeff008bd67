#include "infer/kv_cache.h"

#include "base/error.h"

namespace chaku {
namespace {

std::byte* carve_keys(Carver& carver, const LayerSpec& layer, DType dtype, int64_t capacity_tokens) {
  return carver.take<std::byte>(row_bytes(dtype, layer.own_kv_width()) * capacity_tokens);
}

// Latents are keys and values at once.
std::byte* carve_values(Carver& carver, const LayerSpec& layer, DType dtype, int64_t capacity_tokens) {
  return carver.take<std::byte>(layer.is_latent() ? 0 : row_bytes(dtype, layer.own_kv_width()) * capacity_tokens);
}

}  // namespace

void KvCache::check(const DecoderSpec& spec, DType dtype) {
  const DTypeInfo* info = find_dtype(static_cast<int32_t>(dtype));
  if (dtype != DType::kF32 && dtype != DType::kF16 && dtype != DType::kBF16 && dtype != DType::kQ8_0)
    fail(Code::kUnsupported, "[session] expected a cache of F32, F16, BF16 or Q8_0, got %s (type id %d)",
         info == nullptr ? "an unknown format" : info->name, static_cast<int>(dtype));
  for (int32_t l = 0; l < spec.n_layers(); ++l)
    if (const LayerSpec& layer = spec.layers[static_cast<size_t>(l)];
        !layer.mixes() && layer.head_dim % info->block_elements != 0)
      fail(Code::kUnsupported, "[session] expected a head_dim of whole blocks of %d for a %s cache, got %d (layer %d)",
           info->block_elements, info->name, layer.head_dim, l);
}

KvCache::Memory KvCache::carve_memory(Carver& carver, const DecoderSpec& spec, const LayerSpec& layer) {
  const MixerSpec& m = layer.mixer;
  if (m.kind == MixerKind::kNone) return {};
  Memory memory;
  memory.taps = carver.floats((m.taps - 1) * m.channels(spec.width));
  if (m.kind == MixerKind::kDeltaRule)
    memory.memory = carver.floats(int64_t{m.n_value_heads} * m.key_dim * m.value_dim);
  return memory;
}

int64_t KvCache::bytes(const DecoderSpec& spec, DType dtype, int32_t capacity_tokens) noexcept {
  Carver counter(nullptr);
  for (const LayerSpec& layer : spec.layers) {
    carve_keys(counter, layer, dtype, capacity_tokens);
    carve_values(counter, layer, dtype, capacity_tokens);
    for (int copy = 0; copy < 2; ++copy) carve_memory(counter, spec, layer);
  }
  return counter.n_bytes();
}

KvCache::KvCache(const Device& device, const DecoderSpec& spec, DType dtype, int32_t capacity_tokens)
    : memory_(device, bytes(spec, dtype, capacity_tokens)) {
  Carver carver(memory_.data());
  layers_.reserve(spec.layers.size());
  for (const LayerSpec& layer : spec.layers) {
    std::byte* k = carve_keys(carver, layer, dtype, capacity_tokens);
    std::byte* v = carve_values(carver, layer, dtype, capacity_tokens);
    layers_.push_back({dtype, k, v, 0});
    for (std::vector<Memory>& copy : memories_) copy.push_back(carve_memory(carver, spec, layer));
  }
}

std::span<const CachedKeyValues> KvCache::at(int32_t length, bool begins) noexcept {
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Memory& out = memories_[static_cast<size_t>(1 - current_)][l];
    const Memory& in = begins ? memories_[static_cast<size_t>(current_)][l] : out;
    layers_[l].first_row = length;
    layers_[l].mixer = {length == 0 ? nullptr : in.taps, out.taps, length == 0 ? nullptr : in.memory, out.memory};
  }
  return layers_;
}

}  // namespace chaku
