// Softmax cross-entropy of one row a block, in three passes over its logits: the maximum and its place, the sum of
// exponentials, the gradient in place. 12 to 16 bytes and 10 FLOPs a logit.
#include "kernels/cross_entropy.h"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/warp.cuh"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 512;

// The largest logit and, of equal ones, the lowest place.
struct Best {
  float value;
  int64_t at;
};

CHAKU_DEVICE Best better(Best a, Best b) { return b.value > a.value || (b.value == a.value && b.at < a.at) ? b : a; }

CHAKU_DEVICE Best warp_best(Best best) {
  CHAKU_UNROLL
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    const float value = __shfl_xor_sync(kAllLanes, best.value, lanes);
    const int64_t at = __shfl_xor_sync(kAllLanes, static_cast<long long>(best.at), lanes);
    best = better(best, {value, at});
  }
  return best;
}

CHAKU_DEVICE Best block_best(Best best, Best (&partial)[kThreads / 32]) {
  best = warp_best(best);
  if (lane_index() == 0) partial[warp_index()] = best;
  __syncthreads();
  best = warp_best(partial[lane_index() % (kThreads / 32)]);
  __syncthreads();
  return best;
}

// grid -> rows; 384 bytes of shared memory; sm_75.
__global__ void __launch_bounds__(kThreads) row_loss(const CrossEntropyProblem p) {
  CHAKU_SHARED(bests, Best[kThreads / 32]);
  CHAKU_SHARED(partial, double[kThreads / 32]);
  const int64_t m = blockIdx.x;
  float* logits = p.logits + m * p.v;
  const int target = p.targets[m];
  Best best = {-kInfinity, p.v};
  for (int64_t v = threadIdx.x; v < p.v; v += kThreads) {
    if (p.soft_cap > 0.0f) logits[v] = p.soft_cap * tanhf(logits[v] / p.soft_cap);
    best = better(best, {logits[v], v});
  }
  best = block_best(best, bests);  // its barriers also show the capped target to all
  const float logit_of_target = logits[target], weight = p.weights[m];
  double total = 0;
  for (int64_t v = threadIdx.x; v < p.v; v += kThreads) total += expf(logits[v] - best.value);
  total = block_sum<kThreads>(total, partial);
  if (threadIdx.x == 0) {
    const double loss = static_cast<double>(best.value) + log(total) - logit_of_target;
    p.losses[m] = weight == 0.0f ? 0.0 : weight * loss;
    p.correct[m] = best.at == target;
  }
  if (!p.gradient) return;
  const float inverse = static_cast<float>(1.0 / total);
  for (int64_t v = threadIdx.x; v < p.v; v += kThreads) {
    const float probability = expf(logits[v] - best.value) * inverse;
    const float ratio = p.soft_cap > 0.0f ? logits[v] / p.soft_cap : 0.0f;
    logits[v] = weight * (probability - (v == target ? 1.0f : 0.0f)) * (1.0f - ratio * ratio);
  }
}

}  // namespace

void cross_entropy(const CrossEntropyProblem& p, Queue& queue) noexcept {
  cuda_queue(queue).launch(row_loss, dim3(static_cast<unsigned>(p.m)), dim3(kThreads), 0, p);
}

}  // namespace chaku::cuda
