#include "model/input_statistics.h"

namespace chaku {

InputStatistics::InputStatistics(const Weights& weights) {
  const auto watch = [this](const Linear& linear) {
    if (!linear.w.empty()) sums_[&linear].squares.resize(static_cast<size_t>(linear.w.columns));
  };
  watch(weights.output);
  for (const LayerWeights& layer : weights.layers)
    for (const Linear& linear : layer.linears) watch(linear);
}

void InputStatistics::add(ThreadPool& pool, const Linear& linear, const float* x, int64_t m) noexcept {
  const auto found = sums_.find(&linear);
  if (found == sums_.end()) return;
  Sums& sums = found->second;
  const int64_t k = linear.w.columns;
  double* squares = sums.squares.data();
  pool.parallel_for(k, 256, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = 0; row < m; ++row)
      for (int64_t c = begin; c < end; ++c) squares[c] += double{x[row * k + c]} * x[row * k + c];
  });
  sums.n_rows += m;
}

const InputStatistics::Sums* InputStatistics::find(const Linear& linear) const noexcept {
  const auto found = sums_.find(&linear);
  return found == sums_.end() ? nullptr : &found->second;
}

}  // namespace chaku
