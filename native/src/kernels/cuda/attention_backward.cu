// Backward of attention in float32, by the formulas of reference/attention.cpp: p and ds are computed anew from lse,
// once for the gradients of queries and once for those of keys and values. A block has one query and head, or one key
// and head of keys; its warps take every fourth of what they sum over, its lanes the dimensions. Sums have one order.
#include "kernels/attention.h"
#include "kernels/cuda/attention_spans.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/warp.cuh"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / 32;

struct Call {
  AttentionBackwardProblem p;  // its spans are in the list
  SpanList list;
  int64_t first;  // query, or key, of the list
};

// Dimension lane + 32 i of a row.
template <int kDims>
struct Lanes {
  float x[kDims];

  CHAKU_DEVICE explicit Lanes(const float* row, int n) {
    CHAKU_UNROLL
    for (int i = 0; i < kDims; ++i) {
      const int d = lane_index() + 32 * i;
      x[i] = row != nullptr && d < n ? row[d] : 0.0f;
    }
  }
  CHAKU_DEVICE float dot(const Lanes& o) const {
    float sum = 0.0f;
    CHAKU_UNROLL
    for (int i = 0; i < kDims; ++i) sum = fmaf(x[i], o.x[i], sum);
    return warp_sum(sum);
  }
  CHAKU_DEVICE void add(float factor, const Lanes& o) {
    CHAKU_UNROLL
    for (int i = 0; i < kDims; ++i) x[i] = fmaf(factor, o.x[i], x[i]);
  }
};

template <int kDims>
struct Exchange {
  float x[kWarps][kDims * 32];
};

// to[d] = factor times the sum over the warps.
template <int kDims>
CHAKU_DEVICE void store_sum(const Lanes<kDims>& mine, Exchange<kDims>& parts, float factor, float* to, int n) {
  CHAKU_UNROLL
  for (int i = 0; i < kDims; ++i) parts.x[warp_index()][lane_index() + 32 * i] = mine.x[i];
  __syncthreads();
  for (int d = thread_index(); d < n; d += kThreads) {
    float sum = 0.0f;
    CHAKU_UNROLL
    for (int w = 0; w < kWarps; ++w) sum += parts.x[w][d];
    to[d] = factor * sum;
  }
  __syncthreads();
}

// p_ij, and ds_ij with the slope of a cap.
struct Pair {
  float weight, d_score;
};
template <int kDims>
CHAKU_DEVICE Pair pair_of(const AttentionProblem& f, int head, const Query& query, int64_t key, const Lanes<kDims>& q,
                          const Lanes<kDims>& k, const Lanes<kDims>& v, const Lanes<kDims>& d_o, float delta) {
  const Score score = shaped_score(f, head, f.scale * q.dot(k), query.own - key);
  const float weight = expf(score.value - f.lse[query.row * f.n_heads + head]);
  return {weight, weight * (d_o.dot(v) - delta) * score.slope};
}

// grid -> heads, queries; 4 warps' sums in shared memory; sm_75; 6 Dh FLOPs a key.
template <int kDims>
__global__ void __launch_bounds__(kThreads) query_gradient(const Call c) {
  CHAKU_SHARED(parts, Exchange<kDims>);
  const AttentionProblem& f = c.p.forward;
  const int head = static_cast<int>(blockIdx.x), n = f.head_dim, kv_head = head / (f.n_heads / f.n_kv_heads);
  const Query query = query_at(c.list, c.first + blockIdx.y, f.window, false);
  const int64_t o_at = query.row * f.o_stride + int64_t{head} * n, q_at = query.row * f.q_stride + int64_t{head} * n;
  const Lanes<kDims> q(f.q + q_at, n), d_o(c.p.d_o + o_at, n);
  const float delta = d_o.dot(Lanes<kDims>(f.o + o_at, n));
  Lanes<kDims> dq(nullptr, 0);
  for (int64_t key = query.begin + warp_index(); key < query.end; key += kWarps) {
    const int64_t at = key * f.kv_stride + int64_t{kv_head} * n;
    const Lanes<kDims> k(f.k + at, n), v(f.v + at, n);
    dq.add(pair_of(f, head, query, key, q, k, v, d_o, delta).d_score, k);
  }
  store_sum(dq, parts, f.scale, c.p.dq + q_at, n);
}

// grid -> heads of keys, keys (which are the queries' rows); 8 Dh FLOPs a query and head.
template <int kDims>
__global__ void __launch_bounds__(kThreads) key_gradient(const Call c) {
  CHAKU_SHARED(parts, Exchange<kDims>);
  const AttentionProblem& f = c.p.forward;
  const int kv_head = static_cast<int>(blockIdx.x), n = f.head_dim, group = f.n_heads / f.n_kv_heads;
  const Query self = query_at(c.list, c.first + blockIdx.y, 0, false);
  const int64_t key = self.row, at = key * f.kv_stride + int64_t{kv_head} * n;
  const int64_t seen_until = f.window > 0 ? min(self.span.q_end, key + f.window) : self.span.q_end;
  const Lanes<kDims> k(f.k + at, n), v(f.v + at, n);
  Lanes<kDims> dk(nullptr, 0), dv(nullptr, 0);
  for (int64_t i = warp_index(); i < (seen_until - key) * group; i += kWarps) {
    const Query query = query_of(self.span, key + i / group, f.window, false);
    const int head = kv_head * group + static_cast<int>(i % group);
    const int64_t o_at = query.row * f.o_stride + int64_t{head} * n;
    const Lanes<kDims> q(f.q + query.row * f.q_stride + int64_t{head} * n, n), d_o(c.p.d_o + o_at, n);
    const float delta = d_o.dot(Lanes<kDims>(f.o + o_at, n));
    const Pair pair = pair_of(f, head, query, key, q, k, v, d_o, delta);
    dk.add(pair.d_score, q);
    dv.add(pair.weight, d_o);
  }
  store_sum(dk, parts, f.scale, c.p.dk + at, n);
  store_sum(dv, parts, 1.0f, c.p.dv + at, n);
}

template <int kDims>
void launch_list(Call& c, CudaQueue& queue) noexcept {
  constexpr int64_t kAtOnce = 65535;  // a grid's limit
  const int64_t n_rows = c.list.first[c.list.n];
  for (c.first = 0; c.first < n_rows; c.first += kAtOnce) {
    const unsigned n = static_cast<unsigned>(c.first + kAtOnce < n_rows ? kAtOnce : n_rows - c.first);
    const AttentionProblem& f = c.p.forward;
    queue.launch(query_gradient<kDims>, dim3(static_cast<unsigned>(f.n_heads), n), dim3(kThreads), 0, c);
    queue.launch(key_gradient<kDims>, dim3(static_cast<unsigned>(f.n_kv_heads), n), dim3(kThreads), 0, c);
  }
}

// grid -> heads.
__global__ void __launch_bounds__(kThreads) sink_sum(const SinkGradientProblem p) {
  CHAKU_SHARED(partial, float[kWarps]);
  const int head = static_cast<int>(blockIdx.x);
  float sum = 0.0f;
  for (int64_t t = warp_index(); t < p.n_tokens; t += kWarps) {
    const int64_t row = t * p.n_heads + head;
    float dot = 0.0f;
    for (int d = lane_index(); d < p.head_dim; d += 32)
      dot = fmaf(p.d_o[row * p.head_dim + d], p.o[row * p.head_dim + d], dot);
    sum = fmaf(expf(p.sinks[head] - p.lse[row]), warp_sum(dot), sum);
  }
  if (lane_index() == 0) partial[warp_index()] = sum;
  __syncthreads();
  if (thread_index() != 0) return;
  float total = 0.0f;
  CHAKU_UNROLL
  for (int w = 0; w < kWarps; ++w) total += partial[w];
  p.d_sinks[head] -= total;
}

}  // namespace

void attention_backward(const AttentionBackwardProblem& p, Queue& queue) noexcept {
  for_span_lists(p.forward, [&](const SpanList& list) {
    Call c{p, list, 0};
    c.p.forward.spans = nullptr;
    CudaQueue& q = cuda_queue(queue);
    const int dims = p.forward.head_dim;
    if (dims <= 64) return launch_list<2>(c, q);
    if (dims <= 128) return launch_list<4>(c, q);
    if (dims <= 256) return launch_list<8>(c, q);
    if (dims <= 576) return launch_list<18>(c, q);
    q.note("attention: a head has more than 576 dimensions");
  });
}

void sink_gradient(const SinkGradientProblem& p, Queue& queue) noexcept {
  cuda_queue(queue).launch(sink_sum, dim3(static_cast<unsigned>(p.n_heads)), dim3(kThreads), 0, p);
}

}  // namespace chaku::cuda
