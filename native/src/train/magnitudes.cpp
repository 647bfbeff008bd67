#include "train/magnitudes.h"

#include <algorithm>

#include "model/carver.h"
#include "model/linear.h"

namespace chaku {
namespace {

using Product = Magnitudes::Product;

struct Largest {
  int64_t low_rank = 0, gram = 0;  // N R and R R
};

std::vector<Product> products_of(const ParameterList& parameters) {
  std::vector<Product> products;
  for (size_t i = 2; i < parameters.items.size(); ++i)
    if (parameters.items[i].kind == TensorKind::kMagnitude) products.push_back({i - 2, {}});
  return products;
}

Largest largest(const ParameterList& parameters, const std::vector<Product>& products) noexcept {
  Largest most;
  for (const Product& p : products) {
    const Shape b = parameters.items[p.a + 1].shape;
    most.low_rank = std::max(most.low_rank, b.rows * b.columns);
    most.gram = std::max(most.gram, b.columns * b.columns);
  }
  return most;
}

void carve(Carver& carver, const ParameterList& parameters, std::vector<Product>& products) noexcept {
  for (Product& p : products) {
    const int64_t n = parameters.items[p.a + 2].size();
    p.squares = carver.take<double>(n);
    p.inverse_lengths = carver.floats(n);
    p.factors = carver.floats(n);
  }
}

}  // namespace

int64_t magnitude_bytes(const ParameterList& parameters) {
  std::vector<Product> products = products_of(parameters);
  const Largest most = largest(parameters, products);
  Carver counter(nullptr);
  carve(counter, parameters, products);
  for (const int64_t n : {most.low_rank, most.low_rank, most.gram}) counter.floats(n);
  return counter.n_bytes();
}

Magnitudes::Magnitudes(const Model& model, ParameterStore& store)
    : engine_(&model.engine()),
      weights_(&model.weights()),
      store_(&store),
      memory_(model.engine().device(), magnitude_bytes(store.list())),
      products_(products_of(store.list())) {
  const Largest most = largest(store.list(), products_);
  Carver carver(memory_.data());
  carve(carver, store.list(), products_);
  u_ = carver.floats(most.low_rank);
  h_ = carver.floats(most.low_rank);
  gram_ = carver.floats(most.gram);
  for (Product& p : products_) {
    const Parameter& a = store.items()[p.a];
    p.base = model.weights().layers[static_cast<size_t>(a.layer)].linears[static_cast<size_t>(linear_of(a.module))].w;
    const auto held = bring(model.weights(), a.layer, StreamedLayers::Next::kAbove);
    engine_->run(&KernelTable::row_squares, RowSquaresProblem{p.base, p.squares});
  }
}

void Magnitudes::place(LowRanks& low_ranks) const {
  for (const Product& p : products_) {
    const Parameter& a = store_->items()[p.a];
    LowRank& pair = low_ranks.layers[static_cast<size_t>(a.layer)][static_cast<size_t>(linear_of(a.module))];
    pair.factors = p.factors;
    pair.inverse_lengths = p.inverse_lengths;
  }
}

void Magnitudes::prepare() noexcept {
  if (fresh_) return;
  for (const Product& p : products_) {
    const Parameter &a = store_->items()[p.a], &b = store_->items()[p.a + 1], &m = store_->items()[p.a + 2];
    const int64_t rank = b.shape.columns, n = b.shape.rows, k = a.shape.columns;
    const float *a_values = store_->data(a, Slot::kValue), *b_values = store_->data(b, Slot::kValue);
    const auto product = [&](const float* x, int64_t x_rows, int64_t x_columns, const Matrix& w, float* y) {
      MatmulProblem problem;
      problem.x = x;
      problem.x_stride = x_columns;
      problem.w = w;
      problem.y = y;
      problem.y_stride = w.rows;
      problem.m = x_rows;
      problem.role = Role::kTraining;
      engine_->run(&KernelTable::matmul, problem);
    };
    {
      const auto held = bring(*weights_, a.layer, StreamedLayers::Next::kAbove);
      product(a_values, rank, k, p.base, u_);
    }
    product(a_values, rank, k, {a_values, DType::kF32, rank, k}, gram_);
    product(b_values, n, rank, {gram_, DType::kF32, rank, rank}, h_);
    engine_->run(&KernelTable::row_lengths,
                 RowLengthsProblem{p.squares, b_values, u_, h_, n, rank, a.scale, begins_,
                                   store_->data(m, Slot::kValue), p.inverse_lengths, p.factors});
  }
  fresh_ = true;
}

}  // namespace chaku
