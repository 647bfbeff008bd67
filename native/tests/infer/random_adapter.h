// An adapter over every product that can have one.
#pragma once

#include <memory>
#include <vector>

#include "base/random.h"
#include "model/adapter.h"

namespace chaku::test {

inline std::shared_ptr<Adapter> random_adapter(const std::shared_ptr<Model>& model, uint64_t seed, int32_t rank) {
  auto adapter = std::make_shared<Adapter>(model);
  uint64_t stream = 0;
  const auto values = [&](int64_t n) {
    const Philox random(seed, stream++);
    std::vector<float> v(static_cast<size_t>(n));
    for (size_t i = 0; i < v.size(); ++i) v[i] = 0.2f * random.normal(i);
    return v;
  };
  const auto add = [&](Module module, int32_t layer) {
    const Shape shape = model->spec().shape(module, layer);
    const int32_t linear = linear_of(module);
    const int64_t n_stacked = linear >= 0 ? model->spec().n_stacked(layer, static_cast<LayerLinear>(linear)) : 1;
    adapter->add(module, layer, rank, 0.5f, values(n_stacked * rank * shape.columns), values(shape.rows * rank));
  };
  for (int32_t l = 0; l < model->spec().n_layers(); ++l)
    for (int32_t i = 0; i < kLayerLinears; ++i)
      if (model->spec().has(l, static_cast<LayerLinear>(i)) && is_adaptable(kLinearModules[i]))
        add(kLinearModules[i], l);
  add(Module::kOutput, -1);
  return adapter;
}

// The same, with an embedding and an output projection in place of the model's, or one that is both.
inline std::shared_ptr<Adapter> replacing_adapter(const std::shared_ptr<Model>& model, uint64_t seed, int32_t rank,
                                                  bool as_one) {
  auto adapter = random_adapter(model, seed, rank);
  const Shape shape = model->spec().shape(Module::kTokenEmbedding, -1);
  const auto values = [&](uint64_t stream) {
    const Philox random(seed, stream);
    std::vector<float> v(static_cast<size_t>(shape.rows * shape.columns));
    for (size_t i = 0; i < v.size(); ++i) v[i] = 0.5f * random.normal(i);
    return v;
  };
  adapter->replace(Module::kTokenEmbedding, values(1000));
  if (as_one)
    adapter->replace_output_as_embedding();
  else
    adapter->replace(Module::kOutput, values(1001));
  return adapter;
}

}  // namespace chaku::test
