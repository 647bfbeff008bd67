#include "kernels/lion.h"

#include "kernels/reference/reference.h"

namespace chaku::reference {

// The sign is that of a float32: what rounds to 0 there moves nothing.
void lion(const LionProblem& p, Queue& queue) noexcept {
  const double beta1 = p.beta1, beta2 = p.beta2;
  queue.parallel_for(p.n, 4096, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const double g = static_cast<double>(p.gradient[i]) * p.gradient_scale, m = p.moment[i];
      const float direction = static_cast<float>(beta1 * m + (1.0 - beta1) * g);
      const double sign = direction > 0.0f ? 1.0 : direction < 0.0f ? -1.0 : 0.0;
      const double parameter = p.parameter[i];
      p.parameter[i] = static_cast<float>(parameter - p.learning_rate * (sign + p.weight_decay * parameter));
      p.moment[i] = static_cast<float>(beta2 * m + (1.0 - beta2) * g);
      p.gradient[i] = 0.0f;
    }
  });
}

}  // namespace chaku::reference
