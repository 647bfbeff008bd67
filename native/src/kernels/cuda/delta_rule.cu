// The gated delta rule forward: a column of a head's memory a warp, its lanes the dimensions of keys; tokens one after
// another. Columns depend on no other. Formulas of reference/delta_rule.cpp in float32.
#include "kernels/cuda/delta_rule.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/running_states.cuh"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 128;

// grid -> four columns of the memories of all heads, spans; no shared memory; 8 dk FLOPs a token and column.
template <int kDims>
__global__ void __launch_bounds__(kThreads, kDims <= 8 ? 4 : 1) forward(const DeltaRuleProblem p, const StateList all) {
  const int64_t column = int64_t{blockIdx.x} * (kThreads / 32) + warp_index();
  if (column >= int64_t{p.n_value_heads} * p.value_dim) return;
  const int head = static_cast<int>(column / p.value_dim), c = static_cast<int>(column % p.value_dim);
  const int key_head = p.tiled ? head % p.n_key_heads : head / (p.n_value_heads / p.n_key_heads);
  const AttentionSpan& span = all.list.spans[blockIdx.y];
  const RunningState& state = all.states[blockIdx.y];
  const int64_t at = int64_t{head} * p.key_dim * p.value_dim + c;
  float memory[kDims];
  load_lanes(state.in != nullptr ? state.in + at : nullptr, p.key_dim, p.value_dim, memory);
  const float q_scale = 1.0f / sqrtf(static_cast<float>(p.key_dim));
  for (int64_t t = span.q_begin; t < span.q_end; ++t) {
    const int64_t row = t * p.stride + int64_t{key_head} * p.key_dim, gate = t * p.n_value_heads + head;
    float q[kDims], k[kDims], recalled = 0.0f, o = 0.0f;
    load_unit(p.q + row, p.key_dim, p.epsilon, q_scale, q);
    load_unit(p.k + row, p.key_dim, p.epsilon, 1.0f, k);
    const float keep = keep_of(p, t, head), write = write_of(p, t, head);
    CHAKU_UNROLL
    for (int i = 0; i < kDims; ++i) {
      memory[i] *= keep;
      recalled = fmaf(memory[i], k[i], recalled);
    }
    const float u = write * (p.v[t * p.stride + int64_t{head} * p.value_dim + c] - warp_sum(recalled));
    CHAKU_UNROLL
    for (int i = 0; i < kDims; ++i) {
      memory[i] = fmaf(k[i], u, memory[i]);
      o = fmaf(memory[i], q[i], o);
    }
    o = warp_sum(o);
    if (lane_index() == 0) p.o[gate * p.value_dim + c] = o;
  }
  if (state.out != nullptr) store_lanes(state.out + at, p.key_dim, p.value_dim, memory);
}

template <int kDims>
void launch_list(const DeltaRuleProblem& p, const StateList& all, Queue& queue) noexcept {
  const int64_t columns = int64_t{p.n_value_heads} * p.value_dim;
  const dim3 grid(static_cast<unsigned>(ceil_div(columns, kThreads / 32)), static_cast<unsigned>(all.list.n));
  cuda_queue(queue).launch(forward<kDims>, grid, dim3(kThreads), 0, p, all);
}

}  // namespace

void delta_rule(const DeltaRuleProblem& p, Queue& queue) noexcept {
  for_state_lists(p, [&](const StateList& all) {
    DeltaRuleProblem q = p;
    q.spans = nullptr;
    q.states = nullptr;
    if (p.key_dim <= 128) return launch_list<4>(q, all, queue);
    if (p.key_dim <= 256) return launch_list<8>(q, all, queue);
    launch_list<32>(q, all, queue);
  });
}

}  // namespace chaku::cuda
