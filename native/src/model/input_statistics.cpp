#include "model/input_statistics.h"

namespace chaku {

InputStatistics::InputStatistics(const DecoderSpec& spec, const Weights& weights) {
  const auto watch = [this](const Linear& linear, int64_t n_matrices) {
    if (linear.w.empty()) return;
    Sums& sums = sums_[&linear];
    sums.squares.resize(static_cast<size_t>(n_matrices * linear.w.columns));
    sums.n_rows.resize(static_cast<size_t>(n_matrices));
  };
  watch(weights.output, 1);
  for (int32_t l = 0; l < spec.n_layers(); ++l)
    for (int32_t i = 0; i < kLayerLinears; ++i)
      watch(weights.layers[static_cast<size_t>(l)].linears[static_cast<size_t>(i)],
            spec.n_stacked(l, static_cast<LayerLinear>(i)));
}

void InputStatistics::add(ThreadPool& pool, const Linear& linear, const float* x, int64_t m, int64_t matrix) noexcept {
  const auto found = sums_.find(&linear);
  if (found == sums_.end()) return;
  Sums& sums = found->second;
  const int64_t k = linear.w.columns;
  double* squares = sums.squares.data() + matrix * k;
  pool.parallel_for(k, 256, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = 0; row < m; ++row)
      for (int64_t c = begin; c < end; ++c) squares[c] += double{x[row * k + c]} * x[row * k + c];
  });
  sums.n_rows[static_cast<size_t>(matrix)] += m;
}

const InputStatistics::Sums* InputStatistics::find(const Linear& linear) const noexcept {
  const auto found = sums_.find(&linear);
  return found == sums_.end() ? nullptr : &found->second;
}

}  // namespace chaku
