#include <algorithm>
#include <cmath>

#include "kernels/reference/reference.h"
#include "kernels/router.h"

namespace chaku::reference {

// A counting sort.
void sort_slots(const SortSlotsProblem& p, Queue&) noexcept {
  const int64_t n_slots = p.m * p.n_used;
  std::fill(p.counts, p.counts + p.n_experts, 0);
  for (int64_t i = 0; i < n_slots; ++i) ++p.counts[p.ids[i]];
  p.offsets[0] = 0;
  for (int32_t e = 0; e < p.n_experts; ++e) p.offsets[e + 1] = p.offsets[e] + p.counts[e];
  std::fill(p.counts, p.counts + p.n_experts, 0);
  for (int64_t i = 0; i < n_slots; ++i) {
    const int32_t expert = p.ids[i], slot = p.offsets[expert] + p.counts[expert]++;
    p.slots[i] = slot;
    p.tokens[slot] = static_cast<int32_t>(i / p.n_used);
    p.slot_weights[slot] = p.weights[i];
  }
}

void sigmoid(const SigmoidProblem& p, Queue&) noexcept {
  for (int64_t i = 0; i < p.n; ++i) p.x[i] = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(p.x[i]))));
}

void sigmoid_backward(const SigmoidBackwardProblem& p, Queue&) noexcept {
  for (int64_t i = 0; i < p.n; ++i) p.dy[i] *= p.y[i] * (1.0f - p.y[i]);
}

}  // namespace chaku::reference
