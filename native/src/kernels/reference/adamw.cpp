#include "kernels/adamw.h"

#include <cmath>

#include "kernels/reference/reference.h"

namespace chaku::reference {

void adamw(const AdamWProblem& p, Queue& queue) noexcept {
  const double beta1 = p.beta1, beta2 = p.beta2;
  const double correction1 = 1.0 - std::pow(beta1, static_cast<double>(p.step));
  const double correction2 = 1.0 - std::pow(beta2, static_cast<double>(p.step));
  queue.parallel_for(p.n, 4096, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const double g = static_cast<double>(p.gradient[i]) * p.gradient_scale;
      const double m = beta1 * p.moment1[i] + (1.0 - beta1) * g;
      const double v = beta2 * p.moment2[i] + (1.0 - beta2) * g * g;
      const double update = m / correction1 / (std::sqrt(v / correction2) + p.epsilon);
      const double parameter = p.parameter[i];
      p.parameter[i] = static_cast<float>(parameter - p.learning_rate * (update + p.weight_decay * parameter));
      p.moment1[i] = static_cast<float>(m);
      p.moment2[i] = static_cast<float>(v);
      p.gradient[i] = 0.0f;
    }
  });
}

}  // namespace chaku::reference
