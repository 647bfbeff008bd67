#include "train/merged_weights.h"

#include <algorithm>

#include "base/error.h"
#include "model/carver.h"
#include "model/experts.h"
#include "quant/codec.h"

namespace chaku {
namespace {

using Product = MergedWeights::Product;

// Where weights hold the product that a pair adds to.
template <class W>
auto& linear_at(W& weights, const Parameter& p) noexcept {
  const int32_t linear = linear_of(p.module);
  return linear >= 0 ? weights.layers[static_cast<size_t>(p.layer)].linears[static_cast<size_t>(linear)]
                     : weights.output;
}

DType format_of(const Parameter& p, const MergeAware& merge) {
  const std::string name = module_name(p.module, p.layer);
  const auto is_its = [&](const MergeFormat& f) { return f.module == p.module && f.layer == p.layer; };
  const auto n = std::count_if(merge.formats.begin(), merge.formats.end(), is_its);
  if (n != 1)
    fail(Code::kInvalidArgument, "[trainer] expected one format for each adapted weight, got %lld (%s)",
         static_cast<long long>(n), name.c_str());
  const DType dtype = std::find_if(merge.formats.begin(), merge.formats.end(), is_its)->dtype;
  if (!can_quantize(dtype))
    fail(Code::kUnsupported, "[trainer] expected a format that can be encoded, got %s (%s)", dtype_info(dtype).name,
         name.c_str());
  const DTypeInfo& info = dtype_info(dtype);
  if (p.shape.columns % info.block_elements != 0)
    fail(Code::kInvalidArgument, "[trainer] expected columns in whole blocks of %d (%s), got %lld (%s)",
         info.block_elements, info.name, static_cast<long long>(p.shape.columns), name.c_str());
  return dtype;
}

// Everything but memory.
std::vector<Product> products_of(const Model& model, const std::vector<Parameter>& parameters,
                                 const MergeAware& merge) {
  if (merge.every < 1 || merge.every > kMaxMergeEvery)
    fail(Code::kInvalidArgument, "[trainer] expected copies every 1..%d steps, got %d", kMaxMergeEvery, merge.every);
  std::vector<Product> products;
  for (size_t i = 0; i + 1 < parameters.size(); i += 2) {
    const Parameter& p = parameters[i];
    const int32_t linear = linear_of(p.module);
    Product product;
    product.a = i;
    product.n_stacked = linear >= 0 ? model.spec().n_stacked(p.layer, static_cast<LayerLinear>(linear)) : 1;
    product.base = linear_at(model.weights(), p).w;
    if (product.base.empty())
      fail(Code::kUnsupported, "[trainer] expected products of one weight to merge into, got %s",
           module_name(p.module, p.layer).c_str());
    product.copy = product.base;
    product.copy.data = nullptr;
    product.copy.dtype = format_of(p, merge);
    products.push_back(product);
  }
  if (products.size() != merge.formats.size())
    fail(Code::kInvalidArgument, "[trainer] expected formats of the %zu adapted weights alone, got %zu",
         products.size(), merge.formats.size());
  return products;
}

void carve(Carver& carver, std::vector<Product>& products) noexcept {
  for (Product& p : products) {
    p.memory = carver.take<std::byte>(p.copy.stride_bytes() * p.copy.rows);
    p.copy.data = p.memory;
  }
}

}  // namespace

int64_t merged_bytes(const Model& model, const ParameterList& parameters, const MergeAware& merge) {
  std::vector<Product> products = products_of(model, parameters.items, merge);
  Carver counter(nullptr);
  carve(counter, products);
  return counter.n_bytes() + stacked_bytes(model.spec(), parameters);
}

MergedWeights::MergedWeights(const Model& model, ParameterStore& store, const MergeAware& merge)
    : device_(&model.engine().device()),
      store_(&store),
      every_(merge.every),
      products_(products_of(model, store.items(), merge)),
      weights_(model.weights()) {
  Carver counter(nullptr);
  carve(counter, products_);
  memory_ = DeviceBuffer(*device_, counter.n_bytes());
  Carver carver(memory_.data());
  carve(carver, products_);
  pairs_ = StackedPairs(model, store);
  for (const Product& p : products_) linear_at(weights_, a_of(p)).w = p.copy;
}

// W + s B A of the slot's pair, through the codec.
void MergedWeights::copy_from(Slot slot, const Cancellation& cancel) {
  copies_of_values_ = copies_of_frozen_ = false;
  for (const Product& p : products_) {
    const Parameter &a = a_of(p), &b = b_of(p);
    const int64_t rank = b.shape.columns, k = p.base.columns, n = p.base.rows / p.n_stacked;
    const int64_t copy_bytes = n * p.copy.stride_bytes();
    const auto held = bring(weights_, a.layer, StreamedLayers::Next::kAbove);
    for (int64_t e = 0; e < p.n_stacked; ++e) {
      cancel.check();
      const Matrix base = expert_of(Linear{p.base, nullptr}, e, p.n_stacked).w;
      device_->run(&KernelTable::merge_rows,
                   MergeRowsProblem{base, store_->data(a, slot) + e * rank * k, store_->data(b, slot) + e * n * rank,
                                    rank, a.scale, p.copy.dtype, p.memory + e * copy_bytes});
    }
  }
  (slot == Slot::kValue ? copies_of_values_ : copies_of_frozen_) = true;
}

void MergedWeights::freeze(int64_t steps_done) noexcept {
  for (const Parameter& p : store_->items())
    device_->run(&KernelTable::copy_rows,
                 CopyRowsProblem{store_->data(p, Slot::kValue), p.shape.columns, store_->data(p, Slot::kFrozen),
                                 p.shape.columns, p.shape.rows, p.shape.columns});
  frozen_at_ = steps_done;
  pairs_.changed(Slot::kFrozen);
}

void MergedWeights::prepare_training(int64_t steps_done, const Cancellation& cancel) {
  if (steps_done % every_ == 0 && frozen_at_ != steps_done) {
    if (!copies_of_values_) copy_from(Slot::kValue, cancel);
    freeze(steps_done);
    copies_of_frozen_ = true;
  } else if (!copies_of_frozen_) {
    copy_from(Slot::kFrozen, cancel);
  }
  pairs_.prepare();
}

void MergedWeights::prepare_evaluation(const Cancellation& cancel) {
  if (!copies_of_values_) copy_from(Slot::kValue, cancel);
}

void MergedWeights::changed(Slot slot) noexcept {
  if (slot == Slot::kValue) copies_of_values_ = false;
  if (slot == Slot::kFrozen) copies_of_frozen_ = false;
  pairs_.changed(slot);
}

}  // namespace chaku
