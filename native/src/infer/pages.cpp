#include "infer/pages.h"

#include <algorithm>

#include "base/error.h"
#include "model/carver.h"

namespace chaku {
namespace {

constexpr int64_t kMemoryAlignment = 16;  // floats

struct Layout {
  std::vector<CachedKeyValues> layers;
  float* memories = nullptr;
  int64_t memory_floats = 0;  // of one text
};

int64_t block_bytes(const LayerSpec& layer, DType dtype) noexcept {
  return row_bytes(dtype, layer.own_kv_width()) * kCacheBlockTokens;
}

constexpr int64_t kMostBytes = int64_t{1} << 60;  // of one array: more than there is

int64_t saturated(int64_t a, int64_t b) noexcept {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kMostBytes : std::min(product, kMostBytes);
}

Layout carve(Carver& carver, const DecoderSpec& spec, const PagesOptions& options) {
  Layout layout;
  layout.layers.reserve(spec.layers.size());
  for (const LayerSpec& layer : spec.layers) {
    const int64_t n_bytes = saturated(block_bytes(layer, options.dtype), options.n_blocks);
    CachedKeyValues kv;
    kv.dtype = options.dtype;
    kv.k = carver.take<std::byte>(n_bytes);
    kv.v = layer.is_latent() ? kv.k : carver.take<std::byte>(n_bytes);
    kv.memory_offset = layout.memory_floats;
    layout.memory_floats +=
        (layer.mixer.memory_floats(spec.width) + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
    layout.layers.push_back(kv);
  }
  const int64_t n_bytes = saturated(layout.memory_floats * static_cast<int64_t>(sizeof(float)), options.n_memories);
  layout.memories = reinterpret_cast<float*>(carver.take<std::byte>(n_bytes));
  return layout;
}

}  // namespace

void Pages::check(const DecoderSpec& spec, DType dtype) {
  const DTypeInfo* info = find_dtype(static_cast<int32_t>(dtype));
  if (dtype != DType::kF32 && dtype != DType::kF16 && dtype != DType::kBF16 && dtype != DType::kQ8_0)
    fail(Code::kUnsupported, "[pool] expected a cache of F32, F16, BF16 or Q8_0, got %s (type id %d)",
         info == nullptr ? "an unknown format" : info->name, static_cast<int>(dtype));
  for (int32_t l = 0; l < spec.n_layers(); ++l)
    if (const LayerSpec& layer = spec.layers[static_cast<size_t>(l)];
        !layer.mixes() && layer.head_dim % info->block_elements != 0)
      fail(Code::kUnsupported, "[pool] expected a head_dim of whole blocks of %d for a %s cache, got %d (layer %d)",
           info->block_elements, info->name, layer.head_dim, l);
}

int64_t Pages::bytes(const DecoderSpec& spec, const PagesOptions& options) noexcept {
  Carver counter(nullptr);
  carve(counter, spec, options);
  return counter.n_bytes();
}

Pages::Pages(std::shared_ptr<const Model> model, const PagesOptions& options)
    : model_(std::move(model)),
      data_(model_->engine().device(), bytes(model_->spec(), options)),
      blocks_(options.n_blocks),
      memories_(model_->spec().mixes() ? options.n_memories : 0) {
  Carver carver(data_.data());
  Layout layout = carve(carver, model_->spec(), options);
  layers_ = std::move(layout.layers);
  memory_base_ = layout.memories;
  memory_floats_ = layout.memory_floats;
}

void Pages::copy_block(int32_t from, int32_t to) const noexcept {
  const auto copy = [&](void* data, int64_t n_bytes) {
    const int64_t floats = n_bytes / static_cast<int64_t>(sizeof(float));  // of any format: a block is many rows
    float* base = static_cast<float*>(data);
    model_->engine().run(&KernelTable::copy_rows,
                         CopyRowsProblem{base + from * floats, floats, base + to * floats, floats, 1, floats});
  };
  for (size_t l = 0; l < layers_.size(); ++l) {
    const LayerSpec& layer = model_->spec().layers[l];
    const int64_t n_bytes = block_bytes(layer, layers_[l].dtype);
    if (n_bytes == 0) continue;
    copy(layers_[l].k, n_bytes);
    if (!layer.is_latent()) copy(layers_[l].v, n_bytes);
  }
}

std::shared_ptr<const WornAdapters> Pages::wear(std::vector<std::shared_ptr<const Adapter>> adapters,
                                                std::span<const float> scales) {
  std::erase_if(worn_, [](const auto& one) { return one.expired(); });
  for (const auto& one : worn_)
    if (auto worn = one.lock(); worn != nullptr && worn->is(adapters, scales)) return worn;
  auto worn = std::make_shared<const WornAdapters>(std::move(adapters), scales);
  worn_.push_back(worn);
  return worn;
}

}  // namespace chaku
