#include "train/stacked_pairs.h"

#include "model/carver.h"

namespace chaku {
namespace {

using Product = StackedPairs::Product;

std::vector<Product> products_of(const DecoderSpec& spec, const std::vector<Parameter>& parameters) {
  std::vector<Product> products;
  for (size_t i = 0; i + 1 < parameters.size(); i += 2) {
    const Parameter& p = parameters[i];
    const int32_t linear = linear_of(p.module);
    products.push_back({i, linear >= 0 ? spec.n_stacked(p.layer, static_cast<LayerLinear>(linear)) : 1});
  }
  return products;
}

void carve(Carver& carver, const std::vector<Parameter>& parameters, std::vector<Product>& products) noexcept {
  for (Product& p : products) {
    p.pair_a = carver.floats(2 * parameters[p.a].size());
    p.pair_b = carver.floats(2 * parameters[p.a + 1].size());
  }
}

}  // namespace

int64_t stacked_bytes(const DecoderSpec& spec, const ParameterList& parameters) {
  std::vector<Product> products = products_of(spec, parameters.items);
  Carver counter(nullptr);
  carve(counter, parameters.items, products);
  return counter.n_bytes();
}

StackedPairs::StackedPairs(const Model& model, ParameterStore& store)
    : device_(&model.engine().device()),
      store_(&store),
      memory_(*device_, stacked_bytes(model.spec(), store.list())),
      products_(products_of(model.spec(), store.items())),
      low_ranks_(store.low_ranks(model.spec())) {
  Carver carver(memory_.data());
  carve(carver, store.items(), products_);
  for (const Product& p : products_) {
    const Parameter& a = store.items()[p.a];
    const int32_t linear = linear_of(a.module);
    LowRank& pair =
        linear >= 0 ? low_ranks_.layers[static_cast<size_t>(a.layer)][static_cast<size_t>(linear)] : low_ranks_.output;
    pair = {p.pair_a, p.pair_b, 2 * pair.rank, pair.scale, pair.rank};
  }
}

// The slot's pairs become their half: A as the first or last R rows of each expert's, B, or -B0, as the columns.
void StackedPairs::stack(Slot slot) noexcept {
  const bool frozen = slot == Slot::kFrozen;
  for (const Product& p : products_) {
    const Parameter &a = store_->items()[p.a], &b = store_->items()[p.a + 1];
    const int64_t rank = b.shape.columns, each = rank * a.shape.columns;
    device_->run(&KernelTable::copy_rows, CopyRowsProblem{store_->data(a, slot), each, p.pair_a + (frozen ? each : 0),
                                                          2 * each, p.n_stacked, each});
    device_->run(&KernelTable::copy_rows, CopyRowsProblem{store_->data(b, slot), rank, p.pair_b + (frozen ? rank : 0),
                                                          2 * rank, b.shape.rows, rank, frozen ? -1.0f : 1.0f});
  }
}

void StackedPairs::prepare() noexcept {
  if (!values_stacked_) stack(Slot::kValue);
  if (!frozen_stacked_) stack(Slot::kFrozen);
  values_stacked_ = frozen_stacked_ = store_ != nullptr;
}

}  // namespace chaku
