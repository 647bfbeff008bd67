#include "kernels/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "kernels/reference/reference.h"

namespace chaku::reference {

void cross_entropy(const CrossEntropyProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      float* logits = p.logits + m * p.v;
      if (p.soft_cap > 0.0f)
        for (int64_t v = 0; v < p.v; ++v)
          logits[v] = static_cast<float>(p.soft_cap * std::tanh(static_cast<double>(logits[v]) / p.soft_cap));
      const int64_t best = std::max_element(logits, logits + p.v) - logits;  // the first of equals
      const double max = logits[best], weight = p.weights[m];
      double total = 0;
      for (int64_t v = 0; v < p.v; ++v) total += std::exp(logits[v] - max);
      p.losses[m] = weight == 0.0 ? 0.0 : weight * (max + std::log(total) - logits[p.targets[m]]);
      p.correct[m] = best == p.targets[m];
      if (!p.gradient) continue;
      for (int64_t v = 0; v < p.v; ++v) {
        const double probability = std::exp(logits[v] - max) / total;
        const double ratio = p.soft_cap > 0.0f ? static_cast<double>(logits[v]) / p.soft_cap : 0.0;
        const double slope = 1.0 - ratio * ratio;  // of the cap: tanh' = 1 - tanh^2
        logits[v] = static_cast<float>(weight * (probability - (v == p.targets[m] ? 1.0 : 0.0)) * slope);
      }
    }
  });
}

}  // namespace chaku::reference
