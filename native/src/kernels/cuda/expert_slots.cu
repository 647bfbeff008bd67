// A stable counting sort of slots by expert: a block an expert counts its slots, one thread adds the counts up, and the
// block writes them in the order of tokens.
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/warp.cuh"
#include "kernels/router.h"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32;

// grid -> experts.
__global__ void __launch_bounds__(kThreads) count(const SortSlotsProblem p) {
  CHAKU_SHARED(partial, int[kWarps]);
  const int64_t n_slots = p.m * p.n_used;
  int mine = 0;
  for (int64_t i = threadIdx.x; i < n_slots; i += kThreads) mine += p.ids[i] == static_cast<int32_t>(blockIdx.x);
  const int sum = block_sum<kThreads>(mine, partial);
  if (threadIdx.x == 0) p.counts[blockIdx.x] = sum;
}

// One thread.
__global__ void add_up(const SortSlotsProblem p) {
  int32_t sum = 0;
  for (int e = 0; e < p.n_experts; ++e) {
    p.offsets[e] = sum;
    sum += p.counts[e];
  }
  p.offsets[p.n_experts] = sum;
}

// grid -> experts.
__global__ void __launch_bounds__(kThreads) place(const SortSlotsProblem p) {
  CHAKU_SHARED(found, int[kWarps]);
  const int64_t n_slots = p.m * p.n_used;
  int before = p.offsets[blockIdx.x];
  for (int64_t first = 0; first < n_slots; first += kThreads) {
    const int64_t i = first + threadIdx.x;
    const bool is_mine = i < n_slots && p.ids[i] == static_cast<int32_t>(blockIdx.x);
    const uint32_t ballot = __ballot_sync(kAllLanes, is_mine);
    if (lane_index() == 0) found[warp_index()] = __popc(ballot);
    __syncthreads();
    int slot = before + __popc(ballot & ((1u << lane_index()) - 1));
    for (int w = 0; w < kWarps; ++w) {
      if (w < warp_index()) slot += found[w];
      before += found[w];
    }
    if (is_mine) {
      p.slots[i] = slot;
      p.tokens[slot] = static_cast<int32_t>(i / p.n_used);
      p.slot_weights[slot] = p.weights[i];
    }
    __syncthreads();  // before the counts of the next part
  }
}

}  // namespace

void sort_slots(const SortSlotsProblem& p, Queue& queue) noexcept {
  CudaQueue& q = cuda_queue(queue);
  const dim3 experts(static_cast<unsigned>(p.n_experts));
  q.launch(count, experts, dim3(kThreads), 0, p);
  q.launch(add_up, dim3(1), dim3(1), 0, p);
  q.launch(place, experts, dim3(kThreads), 0, p);
}

}  // namespace chaku::cuda
