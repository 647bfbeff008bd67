// Products with few rows of x: matvec.cu, integer_matvec.cu.
#pragma once

#include "kernels/matmul.h"
#include "kernels/queue.h"

namespace chaku::cuda {

// The activations that the scratch memory holds as integers; none while x is null.
struct RoundedActivations {
  const float* x = nullptr;
  int64_t x_stride = 0, columns = 0, m = 0, step = 0;
  int digits = 0;

  bool operator==(const RoundedActivations&) const = default;
};

// Any number of rows, eight at a time. Products of generated tokens one behind the other, with nothing between them
// that uses the scratch memory or writes their x, share `held`: neighbours with the same x then round it once.
void matvec(const MatmulProblem& problem, Queue& queue, RoundedActivations& held) noexcept;
inline void matvec(const MatmulProblem& problem, Queue& queue) noexcept {
  RoundedActivations held;
  matvec(problem, queue, held);
}

// The products of a group: of generated tokens by matvec(), others by other(problem).
template <class Other>
void for_group(const MatmulGroup& group, Queue& queue, const Other& other) noexcept {
  RoundedActivations held;
  for (const MatmulProblem* p = group.problems; p < group.problems + group.n; ++p) {
    if (p->role == Role::kGenerated) {
      matvec(*p, queue, held);
    } else {
      other(*p);
      held = {};
    }
  }
}

// Those whose activations are integers: int16 or int8, where the weight's format has codes.
void integer_matvec(const MatmulProblem& problem, Queue& queue, RoundedActivations& held) noexcept;

}  // namespace chaku::cuda
