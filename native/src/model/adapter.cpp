#include "model/adapter.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace chaku {

Adapter::Adapter(std::shared_ptr<const Model> model) : model_(std::move(model)), memory_(model_->engine().device()) {
  if (!model_->sealed()) fail(Code::kInvalidState, "[adapter] expected a sealed model, got one under construction");
  layers_.resize(model_->spec().layers.size());
}

void Adapter::add(Module module, int32_t layer, int32_t rank, float scale, std::span<const float> a,
                  std::span<const float> b) {
  const DecoderSpec& spec = model_->spec();
  const std::string name = module_name(module, layer);
  if (worn_.load()) fail(Code::kInvalidState, "[adapter_add] expected an adapter not worn yet, got a worn one");
  const int32_t linear = linear_of(module);
  if (!is_adaptable(module))
    fail(Code::kInvalidArgument, "[adapter_add] expected a product's module, got %s", name.c_str());
  if (linear >= 0 ? layer < 0 || layer >= spec.n_layers() : layer != -1)
    fail(Code::kInvalidArgument, "[adapter_add] expected layer %s%d, got %d (%s)", linear >= 0 ? "0.." : "",
         linear >= 0 ? spec.n_layers() - 1 : -1, layer, name.c_str());
  if (rank < 1 || rank > kMaxRank)
    fail(Code::kInvalidArgument, "[adapter_add] expected a rank in 1..%d, got %d (%s)", kMaxRank, rank, name.c_str());
  if (!std::isfinite(scale))
    fail(Code::kInvalidArgument, "[adapter_add] expected a finite scale, got %g (%s)", scale, name.c_str());
  const Shape shape = spec.shape(module, layer);
  if (shape.rows == 0)
    fail(Code::kInvalidArgument, "[adapter_add] expected a module of the model, got %s", name.c_str());
  const int64_t n_stacked = linear >= 0 ? spec.n_stacked(layer, static_cast<LayerLinear>(linear)) : 1;
  const int64_t a_floats = n_stacked * rank * shape.columns, b_floats = shape.rows * rank;
  if (static_cast<int64_t>(a.size()) != a_floats || static_cast<int64_t>(b.size()) != b_floats)
    fail(Code::kInvalidArgument, "[adapter_add] expected a[%lld,%lld] and b[%lld,%d], got %zu and %zu floats (%s)",
         static_cast<long long>(n_stacked * rank), static_cast<long long>(shape.columns),
         static_cast<long long>(shape.rows), rank, a.size(), b.size(), name.c_str());
  LowRankPair& pair = linear >= 0 ? layers_[static_cast<size_t>(layer)][static_cast<size_t>(linear)] : output_;
  if (pair.rank > 0)
    fail(Code::kInvalidArgument, "[adapter_add] expected each module once, got %s again", name.c_str());
  const LowRankPair added{memory_.take(a_floats), memory_.take(b_floats), rank, scale};
  model_->engine().device().upload(added.a, a.data(), static_cast<int64_t>(a.size_bytes()));
  model_->engine().device().upload(added.b, b.data(), static_cast<int64_t>(b.size_bytes()));
  pair = added;
}

// Where a replacement goes, which is not there yet.
const float*& Adapter::replaceable(Module module) {
  const std::string name = module_name(module, -1);
  if (worn_.load()) fail(Code::kInvalidState, "[adapter_replace] expected an adapter not worn yet, got a worn one");
  if (module != Module::kTokenEmbedding && module != Module::kOutput)
    fail(Code::kInvalidArgument, "[adapter_replace] expected token_embedding or output, got %s", name.c_str());
  const float*& place = module == Module::kOutput ? output_weight_ : token_embedding_;
  if (place != nullptr)
    fail(Code::kInvalidArgument, "[adapter_replace] expected each weight once, got %s again", name.c_str());
  return place;
}

void Adapter::replace(Module module, std::span<const float> values) {
  const float*& place = replaceable(module);
  const Shape shape = model_->spec().shape(Module::kTokenEmbedding, -1);
  if (static_cast<int64_t>(values.size()) != shape.rows * shape.columns)
    fail(Code::kInvalidArgument, "[adapter_replace] expected values[%lld,%lld], got %zu (%s)",
         static_cast<long long>(shape.rows), static_cast<long long>(shape.columns), values.size(),
         module_name(module, -1).c_str());
  float* const taken = memory_.take(shape.rows * shape.columns);
  model_->engine().device().upload(taken, values.data(), static_cast<int64_t>(values.size_bytes()));
  place = taken;
}

void Adapter::replace_output_as_embedding() {
  const float*& place = replaceable(Module::kOutput);
  if (token_embedding_ == nullptr)
    fail(Code::kInvalidState, "[adapter_replace] expected a replaced token_embedding, which output is to be, got none");
  place = token_embedding_;
}

WornAdapters::WornAdapters(std::vector<std::shared_ptr<const Adapter>> adapters, std::span<const float> scales)
    : adapters_(std::move(adapters)),
      scales_(scales.begin(), scales.begin() + static_cast<ptrdiff_t>(adapters_.size())) {
  if (adapters_.empty()) return;
  const Engine& engine = adapters_.front()->model().engine();
  const DecoderSpec& spec = adapters_.front()->model().spec();
  joined_ = FloatSlabs(engine.device());
  std::vector<const LowRankPair*> pairs(adapters_.size());
  low_ranks_.layers.resize(spec.layers.size());
  for (int32_t l = 0; l < spec.n_layers(); ++l)
    for (int32_t i = 0; i < kLayerLinears; ++i) {
      const auto linear = static_cast<LayerLinear>(i);
      for (size_t n = 0; n < adapters_.size(); ++n) pairs[n] = &adapters_[n]->layer(l, linear);
      low_ranks_.layers[static_cast<size_t>(l)][static_cast<size_t>(i)] =
          join(engine, spec.shape(l, linear), spec.n_stacked(l, linear), pairs, scales);
    }
  for (size_t n = 0; n < adapters_.size(); ++n) pairs[n] = &adapters_[n]->output();
  low_ranks_.output = join(engine, spec.shape(Module::kOutput, -1), 1, pairs, scales);
  replace(scales);
  for (const auto& adapter : adapters_) adapter->wear();
}

void WornAdapters::replace(std::span<const float> scales) {
  const auto take = [&](Module module, const float* its, const float*& taken, size_t n) {
    if (its == nullptr) return;
    const std::string name = module_name(module, -1);
    if (taken != nullptr)
      fail(Code::kInvalidArgument,
           "[set_adapters] expected one adapter that replaces %s, got a second one (adapter %zu)", name.c_str(), n);
    if (scales[n] != 1.0f)
      fail(Code::kInvalidArgument,
           "[set_adapters] expected scale 1 of an adapter that replaces %s, got %g (adapter %zu)", name.c_str(),
           scales[n], n);
    taken = its;
  };
  for (size_t n = 0; n < adapters_.size(); ++n) {
    take(Module::kTokenEmbedding, adapters_[n]->token_embedding(), low_ranks_.token_embedding, n);
    take(Module::kOutput, adapters_[n]->output_weight(), low_ranks_.output_weight, n);
  }
}

bool WornAdapters::is(std::span<const std::shared_ptr<const Adapter>> adapters,
                      std::span<const float> scales) const noexcept {
  return std::equal(adapters.begin(), adapters.end(), adapters_.begin(), adapters_.end()) &&
         std::equal(scales_.begin(), scales_.end(), scales.begin());
}

LowRank WornAdapters::join(const Engine& engine, Shape shape, int64_t n_stacked,
                           std::span<const LowRankPair* const> pairs, std::span<const float> scales) {
  int64_t rank = 0;
  size_t n_present = 0, last = 0;
  for (size_t n = 0; n < pairs.size(); ++n) {
    if (pairs[n]->rank == 0) continue;
    rank += pairs[n]->rank;
    ++n_present;
    last = n;
  }
  if (rank > kMaxRank)
    fail(Code::kInvalidArgument, "[set_adapters] expected ranks that add up to at most %d, got %lld", kMaxRank,
         static_cast<long long>(rank));
  max_rank_ = std::max(max_rank_, static_cast<int32_t>(rank));
  if (n_present == 0) return {};
  if (n_present == 1) {
    const LowRankPair& only = *pairs[last];
    return {only.a, only.b, only.rank, only.scale * scales[last]};
  }
  const LowRankPair joined{joined_.take(n_stacked * rank * shape.columns), joined_.take(shape.rows * rank),
                           static_cast<int32_t>(rank), 1.0f};
  int64_t offset = 0;
  for (size_t n = 0; n < pairs.size(); ++n) {
    const LowRankPair& pair = *pairs[n];
    if (pair.rank == 0) continue;
    const int64_t size = pair.rank * shape.columns;
    engine.run(&KernelTable::copy_rows,
               CopyRowsProblem{pair.a, size, joined.a + offset * shape.columns, rank * shape.columns, n_stacked, size});
    engine.run(&KernelTable::copy_rows, CopyRowsProblem{pair.b, pair.rank, joined.b + offset, rank, shape.rows,
                                                        pair.rank, pair.scale * scales[n]});
    offset += pair.rank;
  }
  return {joined.a, joined.b, joined.rank, 1.0f};
}

}  // namespace chaku
