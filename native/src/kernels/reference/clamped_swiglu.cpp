// With g = min(gate, 7), u = clamp(up, -7, 7), s = sigmoid(1.702 g): y = g s (u + 1). Backward, where not clamped:
//   dgate = dy (u + 1) (s + 1.702 g s (1 - s));  dup = dy g s
#include <algorithm>
#include <cmath>

#include "kernels/reference/reference.h"

namespace chaku::reference {
namespace {

constexpr int64_t kGrain = 4096;

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

void clamped_swiglu(const GatedActivationProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const double gate = std::min(p.gate[i], kSwiGluLimit), up = std::clamp(p.up[i], -kSwiGluLimit, kSwiGluLimit);
      p.y[i] = static_cast<float>(gate * sigmoid(kSwiGluAlpha * gate) * (up + 1.0));
    }
  });
}

void clamped_swiglu_backward(const GatedActivationBackwardProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const bool gate_moves = p.gate[i] < kSwiGluLimit, up_moves = std::fabs(p.up[i]) < kSwiGluLimit;
      const double gate = std::min(p.gate[i], kSwiGluLimit), up = std::clamp(p.up[i], -kSwiGluLimit, kSwiGluLimit);
      const double s = sigmoid(kSwiGluAlpha * gate), dy = p.dy[i];
      p.dgate[i] =
          gate_moves ? static_cast<float>(dy * (up + 1.0) * s * (1.0 + kSwiGluAlpha * gate * (1.0 - s))) : 0.0f;
      p.dup[i] = up_moves ? static_cast<float>(dy * gate * s) : 0.0f;
    }
  });
}

}  // namespace chaku::reference
