// Backward, with r = 1 / rms:  dx = r (w dy - x r^2 / D sum(w dy x));  dw += sum over rows of dy x r.
#include "kernels/rms_norm.h"

#include <cmath>

#include "kernels/reference/reference.h"

namespace chaku::reference {

void rms_norm(const RmsNormProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x = p.x + m * p.x_stride;
      const float* weight = p.weight + m % p.weight_rows * p.d;
      float* y = p.y + m * p.y_stride;
      double sum = 0;
      for (int64_t d = 0; d < p.d; ++d) sum += static_cast<double>(x[d]) * x[d];
      const double r = 1.0 / std::sqrt(sum / static_cast<double>(p.d) + p.epsilon);
      for (int64_t d = 0; d < p.d; ++d) y[d] = static_cast<float>(x[d] * r * weight[d]);
      if (p.inverse_rms != nullptr) p.inverse_rms[m] = static_cast<float>(r);
    }
  });
}

void rms_norm_backward(const RmsNormBackwardProblem& p, Queue& queue) noexcept {
  if (p.dweight != nullptr)  // before dx, which may be dy
    queue.parallel_for(p.d, 64, [&](int64_t begin, int64_t end, int) {
      for (int64_t row = 0; row < p.weight_rows; ++row)
        for (int64_t d = begin; d < end; ++d) {
          double sum = 0;
          for (int64_t m = row; m < p.m; m += p.weight_rows)
            sum += static_cast<double>(p.dy[m * p.dy_stride + d]) * p.x[m * p.x_stride + d] * p.inverse_rms[m];
          p.dweight[row * p.d + d] = static_cast<float>(p.dweight[row * p.d + d] + sum);
        }
    });
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      const float* x = p.x + m * p.x_stride;
      const float* dy = p.dy + m * p.dy_stride;
      const float* weight = p.weight + m % p.weight_rows * p.d;
      float* dx = p.dx + m * p.dx_stride;
      const double r = p.inverse_rms[m];
      double sum = 0;
      for (int64_t d = 0; d < p.d; ++d) sum += static_cast<double>(weight[d]) * dy[d] * x[d];
      const double along = r * r * sum / static_cast<double>(p.d);
      for (int64_t d = 0; d < p.d; ++d) {
        const double gradient = r * (static_cast<double>(weight[d]) * dy[d] - x[d] * along);
        dx[d] = static_cast<float>((p.accumulate ? dx[d] : 0.0f) + gradient);
      }
    }
  });
}

}  // namespace chaku::reference
