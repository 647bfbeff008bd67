#include "kernels/rope.h"

#include "kernels/reference/reference.h"

namespace chaku::reference {

void rope(const RopeProblem& p, Queue& queue) noexcept {
  const int64_t half = p.n_dims / 2;
  const bool adjacent = p.pairing == RopePairing::kAdjacent;
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m)
      for (int64_t head = 0; head < p.n_heads; ++head) {
        float* x = p.x + m * p.x_stride + head * p.head_dim;
        for (int64_t i = 0; i < half; ++i) {
          float& a = x[adjacent ? 2 * i : i];
          float& b = x[adjacent ? 2 * i + 1 : i + half];
          const double cosine = p.cosines[m * half + i];
          const double sine = p.backward ? -p.sines[m * half + i] : p.sines[m * half + i];
          const double rotated = a * cosine - b * sine;
          b = static_cast<float>(a * sine + b * cosine);
          a = static_cast<float>(rotated);
        }
      }
  });
}

}  // namespace chaku::reference
