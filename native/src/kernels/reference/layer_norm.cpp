// Backward, with r = 1 / deviation, n = (x - mean) r and g = w dy:
//   dx = r (g - mean(g) - n mean(g n));  dw += sum over rows of dy n;  db += sum over rows of dy.
#include "kernels/layer_norm.h"

#include <cmath>

#include "kernels/reference/reference.h"

namespace chaku::reference {
namespace {

double mean_of(const float* x, int64_t d) {
  double sum = 0;
  for (int64_t i = 0; i < d; ++i) sum += x[i];
  return sum / static_cast<double>(d);
}

void parameter_gradients(const LayerNormBackwardProblem& p, int64_t row, int64_t d) {
  double weight = 0, bias = 0;
  for (int64_t m = row; m < p.m; m += p.weight_rows) {
    const float* x = p.x + m * p.x_stride;
    const double dy = p.dy[m * p.dy_stride + d];
    weight += dy * (x[d] - mean_of(x, p.d)) * p.inverse_deviation[m];
    bias += dy;
  }
  const int64_t at = row * p.d + d;
  if (p.dweight != nullptr) p.dweight[at] = static_cast<float>(p.dweight[at] + weight);
  if (p.dbias != nullptr) p.dbias[at] = static_cast<float>(p.dbias[at] + bias);
}

void input_gradient(const LayerNormBackwardProblem& p, int64_t m) {
  const float* x = p.x + m * p.x_stride;
  const float* dy = p.dy + m * p.dy_stride;
  const float* weight = p.weight + m % p.weight_rows * p.d;
  float* dx = p.dx + m * p.dx_stride;
  const double mean = mean_of(x, p.d), r = p.inverse_deviation[m];
  double g_sum = 0, gn_sum = 0;
  for (int64_t d = 0; d < p.d; ++d) {
    const double g = static_cast<double>(weight[d]) * dy[d];
    g_sum += g;
    gn_sum += g * (x[d] - mean) * r;
  }
  const double n_rows = static_cast<double>(p.d);
  for (int64_t d = 0; d < p.d; ++d) {
    const double g = static_cast<double>(weight[d]) * dy[d];
    const double gradient = r * (g - g_sum / n_rows - (x[d] - mean) * r * gn_sum / n_rows);
    dx[d] = static_cast<float>((p.accumulate ? dx[d] : 0.0f) + gradient);
  }
}

}  // namespace

void layer_norm(const LayerNormProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x = p.x + m * p.x_stride;
      const int64_t at = m % p.weight_rows * p.d;
      float* y = p.y + m * p.y_stride;
      const double mean = mean_of(x, p.d);
      double squares = 0;
      for (int64_t d = 0; d < p.d; ++d) squares += (x[d] - mean) * (x[d] - mean);
      const double r = 1.0 / std::sqrt(squares / static_cast<double>(p.d) + p.epsilon);
      for (int64_t d = 0; d < p.d; ++d)
        y[d] = static_cast<float>((x[d] - mean) * r * p.weight[at + d] + (p.bias != nullptr ? p.bias[at + d] : 0.0f));
      if (p.inverse_deviation != nullptr) p.inverse_deviation[m] = static_cast<float>(r);
    }
  });
}

void layer_norm_backward(const LayerNormBackwardProblem& p, Queue& queue) noexcept {
  if (p.dweight != nullptr || p.dbias != nullptr)  // before dx, which may be dy
    queue.parallel_for(p.d, 64, [&](int64_t begin, int64_t end, int) {
      for (int64_t row = 0; row < p.weight_rows; ++row)
        for (int64_t d = begin; d < end; ++d) parameter_gradients(p, row, d);
    });
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) input_gradient(p, m);
  });
}

}  // namespace chaku::reference
