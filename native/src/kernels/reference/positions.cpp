#include "kernels/positions.h"

#include <cmath>

#include "kernels/reference/reference.h"

namespace chaku::reference {

void rope_table(const RopeTableProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t i = 0; i < p.pairs; ++i) {
        const double angle = p.positions[t] * p.frequencies[i];
        p.cosines[t * p.pairs + i] = static_cast<float>(std::cos(angle) * p.magnitude);
        p.sines[t * p.pairs + i] = static_cast<float>(std::sin(angle) * p.magnitude);
      }
  });
}

void position_factors(const PositionFactorsProblem& p, Queue&) noexcept {
  for (int64_t t = 0; t < p.m; ++t) {
    const int32_t steps = p.positions[t] / p.length;
    p.factors[t] = static_cast<float>(1.0 + p.temperature * std::log1p(static_cast<double>(steps)));
  }
}

}  // namespace chaku::reference
