// One parameter a thread, in float32; 24 bytes and 9 FLOPs each.
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/lion.h"

namespace chaku::cuda {
namespace {

struct Step {
  LionProblem p;
  float rest1, rest2;  // 1 - beta, rounded once
  CHAKU_DEVICE void operator()(int64_t i) const {
    const float g = p.gradient[i] * p.gradient_scale, m = p.moment[i];
    const float direction = fmaf(p.beta1, m, rest1 * g);
    const float sign = direction > 0.0f ? 1.0f : direction < 0.0f ? -1.0f : 0.0f;
    const float parameter = p.parameter[i];
    p.parameter[i] = fmaf(-p.learning_rate, fmaf(p.weight_decay, parameter, sign), parameter);
    p.moment[i] = fmaf(p.beta2, m, rest2 * g);
    p.gradient[i] = 0.0f;
  }
};

}  // namespace

void lion(const LionProblem& p, Queue& queue) noexcept {
  const double beta1 = p.beta1, beta2 = p.beta2;
  for_each(queue, p.n, Step{p, static_cast<float>(1.0 - beta1), static_cast<float>(1.0 - beta2)});
}

}  // namespace chaku::cuda
