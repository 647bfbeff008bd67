// Backward of attention on the tensor cores (Dao 2023, the backward pass in two): formulas of reference/attention.cpp.
//
// The gradient of the queries and that of keys and values are a kernel each, so that both are sums in one order, and no
// block adds to what another one has. Scores are computed anew in both. Each of eight warps has 16 queries, or 16 keys:
// the gradients stay in registers, in the layout of mma's sums; p and ds, two of which are one operand, are rounded to
// bfloat16 for the products that follow, as are q, k, v and do on their way to shared memory. Rows there are swizzled
// in chunks of 16 bytes. delta = do . o is float32, of what is not rounded.
#include "kernels/attention.h"
#include "kernels/cuda/attention_spans.cuh"
#include "kernels/cuda/attention_tiles.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/warp.cuh"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32, kOwn = 16 * kWarps;  // queries, or keys, of a block
// Keys, or queries, that a block takes at a time.
template <int kDim>
constexpr int kOthers = kDim > 64 ? 32 : 64;

struct Call {
  AttentionBackwardProblem p;  // its spans are in the list
  SpanList list;
  float* delta;  // [queries of the list's rows, H]
  int64_t first_row;
};

// grid -> a query and head a warp; 8 Dh bytes.
__global__ void __launch_bounds__(kThreads) sum_deltas(const Call c, int64_t n_rows) {
  const AttentionProblem& f = c.p.forward;
  const int64_t at = int64_t{blockIdx.x} * kWarps + warp_index();
  if (at >= n_rows * f.n_heads) return;
  const int64_t from = (c.first_row + at / f.n_heads) * f.o_stride + at % f.n_heads * f.head_dim;
  float sum = 0.0f;
  for (int d = lane_index(); d < f.head_dim; d += 32) sum = fmaf(c.p.d_o[from + d], f.o[from + d], sum);
  sum = warp_sum(sum);
  if (lane_index() == 0) c.delta[at] = sum;
}

// One row of queries: what its pairs need beside their products.
struct RowFacts {
  float lse, delta;
};
CHAKU_DEVICE RowFacts facts_of(const Call& c, int64_t query, int head) {
  return {c.p.forward.lse[query * c.p.forward.n_heads + head],
          c.delta[(query - c.first_row) * c.p.forward.n_heads + head]};
}

// p and ds from q.k and do.v, in their place; zeros where the query does not see the key.
CHAKU_DEVICE void differentiate(const AttentionProblem& f, int head, const RowFacts& row, bool seen, int64_t distance,
                                float& product, float& d_weight) {
  if (!seen) {
    product = d_weight = 0.0f;
    return;
  }
  const Score score = shaped_score(f, head, f.scale * product, distance);
  const float weight = fast_exp2((score.value - row.lse) * kLog2E);
  product = weight;
  d_weight = weight * (d_weight - row.delta) * score.slope;
}

// to[d] = factor * sums of this lane's two rows, where they are rows.
template <int kDim>
CHAKU_DEVICE void store_rows(const float (&sums)[kDim / 8][4], float factor, float* to, int64_t row, int64_t end,
                             int64_t stride, int n) {
  CHAKU_UNROLL
  for (int r = 0; r < 2; ++r) {
    if (row + 8 * r >= end) continue;
    CHAKU_UNROLL
    for (int d = 0; d < kDim / 8; ++d) {
      CHAKU_UNROLL
      for (int i = 0; i < 2; ++i) {
        const int at = d * 8 + lane_index() % 4 * 2 + i;
        if (at < n) to[(row + 8 * r) * stride + at] = factor * sums[d][2 * r + i];
      }
    }
  }
}

template <int kDim>
struct QueryShared {
  AttentionTile<kOwn, kDim> q, d_o;
  AttentionTile<kOthers<kDim>, kDim> k, v;
};

// grid -> tiles of queries, heads, spans; 48 or 80 KiB of shared memory; sm_80; 6 Dh FLOPs a query and key.
template <int kDim>
__global__ void __launch_bounds__(kThreads, 1) query_gradient(const Call c) {
  constexpr int kKeys = kOthers<kDim>;
  CHAKU_DYNAMIC_SHARED(bytes);
  QueryShared<kDim>& shared = *reinterpret_cast<QueryShared<kDim>*>(bytes);
  const AttentionProblem& f = c.p.forward;
  const AttentionSpan span = c.list.spans[blockIdx.z];
  const int64_t first = span.q_begin + int64_t{blockIdx.x} * kOwn;
  if (first >= span.q_end) return;
  const int head = static_cast<int>(blockIdx.y), kv_head = head / (f.n_heads / f.n_kv_heads), n = f.head_dim;
  shared.q.template load<kThreads>(f.q + int64_t{head} * n, f.q_stride, first, span.q_end, n);
  shared.d_o.template load<kThreads>(c.p.d_o + int64_t{head} * n, f.o_stride, first, span.q_end, n);
  const int64_t row = first + warp_index() * 16 + lane_index() / 4;
  const int64_t last = min(first + kOwn, span.q_end) - 1;
  const Query queries[2] = {query_of(span, row, f.window, false), query_of(span, row + 8, f.window, false)};
  RowFacts facts[2];
  CHAKU_UNROLL
  for (int r = 0; r < 2; ++r) facts[r] = facts_of(c, min(row + 8 * r, last), head);
  float dq[kDim / 8][4] = {};
  const int64_t begin = span.kv_begin + (query_of(span, first, f.window, false).begin - span.kv_begin) / kKeys * kKeys;
  for (int64_t key = begin; key <= last; key += kKeys) {
    shared.k.template load<kThreads>(f.k + int64_t{kv_head} * n, f.kv_stride, key, span.kv_end, n);
    shared.v.template load<kThreads>(f.v + int64_t{kv_head} * n, f.kv_stride, key, span.kv_end, n);
    __syncthreads();
    float s[kKeys / 8][4] = {}, ds[kKeys / 8][4] = {};
    multiply_rows(s, shared.q, warp_index() * 16, shared.k);
    multiply_rows(ds, shared.d_o, warp_index() * 16, shared.v);
    CHAKU_UNROLL
    for (int j = 0; j < kKeys / 8; ++j) {
      CHAKU_UNROLL
      for (int i = 0; i < 4; ++i) {
        const Query& query = queries[i / 2];
        const int64_t at = key + j * 8 + lane_index() % 4 * 2 + i % 2;
        const bool seen = query.row <= last && at >= query.begin && at < query.end;
        differentiate(f, head, facts[i / 2], seen, query.own - at, s[j][i], ds[j][i]);
      }
    }
    add_rows(dq, ds, shared.k);
    __syncthreads();  // before the next keys come
  }
  store_rows<kDim>(dq, f.scale, c.p.dq + int64_t{head} * n, row, span.q_end, f.q_stride, n);
}

template <int kDim>
struct KeyShared {
  AttentionTile<kOwn, kDim> k, v;
  AttentionTile<kOthers<kDim>, kDim> q, d_o;
  RowFacts facts[kOthers<kDim>];
};

// grid -> tiles of keys, heads of keys, spans; 48 or 80 KiB of shared memory; sm_80; 8 Dh FLOPs a query, head and key.
template <int kDim>
__global__ void __launch_bounds__(kThreads, 1) key_gradient(const Call c) {
  constexpr int kQueries = kOthers<kDim>;
  CHAKU_DYNAMIC_SHARED(bytes);
  KeyShared<kDim>& shared = *reinterpret_cast<KeyShared<kDim>*>(bytes);
  const AttentionProblem& f = c.p.forward;
  const AttentionSpan span = c.list.spans[blockIdx.z];
  const int64_t first = span.kv_begin + int64_t{blockIdx.x} * kOwn;
  if (first >= span.kv_end) return;
  const int kv_head = static_cast<int>(blockIdx.y), n = f.head_dim, group = f.n_heads / f.n_kv_heads;
  shared.k.template load<kThreads>(f.k + int64_t{kv_head} * n, f.kv_stride, first, span.kv_end, n);
  shared.v.template load<kThreads>(f.v + int64_t{kv_head} * n, f.kv_stride, first, span.kv_end, n);
  const int64_t key = first + warp_index() * 16 + lane_index() / 4;
  const int64_t last = min(first + kOwn, span.kv_end) - 1;
  const int64_t end = f.window > 0 ? min(span.q_end, last + f.window) : span.q_end;  // of the queries that see a key
  float dk[kDim / 8][4] = {}, dv[kDim / 8][4] = {};
  for (int head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    for (int64_t query = first; query < end; query += kQueries) {
      __syncthreads();  // all have done with the queries before
      shared.q.template load<kThreads>(f.q + int64_t{head} * n, f.q_stride, query, end, n);
      shared.d_o.template load<kThreads>(c.p.d_o + int64_t{head} * n, f.o_stride, query, end, n);
      if (thread_index() < kQueries)
        shared.facts[thread_index()] = facts_of(c, min(query + thread_index(), end - 1), head);
      __syncthreads();
      float s[kQueries / 8][4] = {}, ds[kQueries / 8][4] = {};
      multiply_rows(s, shared.k, warp_index() * 16, shared.q);
      multiply_rows(ds, shared.v, warp_index() * 16, shared.d_o);
      CHAKU_UNROLL
      for (int j = 0; j < kQueries / 8; ++j) {
        CHAKU_UNROLL
        for (int i = 0; i < 4; ++i) {
          const int of_tile = j * 8 + lane_index() % 4 * 2 + i % 2;
          const int64_t distance = query + of_tile - (key + i / 2 * 8);
          const bool seen = query + of_tile < end && distance >= 0 && (f.window <= 0 || distance < f.window);
          differentiate(f, head, shared.facts[of_tile], seen, distance, s[j][i], ds[j][i]);
        }
      }
      add_rows(dv, s, shared.d_o);
      add_rows(dk, ds, shared.q);
    }
  }
  const int64_t at = int64_t{kv_head} * n;
  store_rows<kDim>(dk, f.scale, c.p.dk + at, key, span.kv_end, f.kv_stride, n);
  store_rows<kDim>(dv, 1.0f, c.p.dv + at, key, span.kv_end, f.kv_stride, n);
}

template <int kDim>
void launch_list(const Call& c, CudaQueue& queue) noexcept {
  const AttentionProblem& f = c.p.forward;
  int64_t most = 0;
  for (int s = 0; s < c.list.n; ++s) {
    const int64_t n = c.list.spans[s].q_end - c.list.spans[s].q_begin;
    most = n > most ? n : most;
  }
  const unsigned tiles = static_cast<unsigned>(ceil_div(most, kOwn)), n_spans = static_cast<unsigned>(c.list.n);
  queue.launch(query_gradient<kDim>, dim3(tiles, static_cast<unsigned>(f.n_heads), n_spans), dim3(kThreads),
               sizeof(QueryShared<kDim>), c);
  queue.launch(key_gradient<kDim>, dim3(tiles, static_cast<unsigned>(f.n_kv_heads), n_spans), dim3(kThreads),
               sizeof(KeyShared<kDim>), c);
}

}  // namespace

// Heads of more dimensions than registers hold keep the arithmetic of float32.
void tensor_attention_backward(const AttentionBackwardProblem& p, Queue& queue) noexcept {
  if (p.forward.head_dim > 128) return attention_backward(p, queue);
  CudaQueue& q = cuda_queue(queue);
  for_span_lists(p.forward, [&](const SpanList& list) {
    Call c{p, list, reinterpret_cast<float*>(q.device_scratch()), 0};
    c.p.forward.spans = nullptr;
    int64_t end = 0;
    for (int s = 0; s < list.n; ++s) {
      c.first_row = s == 0 || list.spans[s].q_begin < c.first_row ? list.spans[s].q_begin : c.first_row;
      end = list.spans[s].q_end > end ? list.spans[s].q_end : end;
    }
    const int64_t n_rows = end - c.first_row, n_deltas = n_rows * p.forward.n_heads;
    if (n_deltas * int64_t{sizeof(float)} > q.scratch_bytes())
      return q.note("attention_backward: the rows of a launch exceed the scratch memory");
    q.launch(sum_deltas, dim3(static_cast<unsigned>(ceil_div(n_deltas, kWarps))), dim3(kThreads), 0, c, n_rows);
    p.forward.head_dim <= 64 ? launch_list<64>(c, q) : launch_list<128>(c, q);
  });
}

}  // namespace chaku::cuda
