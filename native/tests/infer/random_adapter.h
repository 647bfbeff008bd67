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

}  // namespace chaku::test
