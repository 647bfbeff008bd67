// Attention in float32 for any head, format of the cache and span: what decodes over a paged cache, and what serves
// where tensor cores do not.
//
// A block takes 512 keys of one query and of up to four heads that share them; each of its four warps every fourth key,
// its lanes the dimensions. Maximum, sum and output are carried along (online softmax, Milakov and Gimelshein 2018),
// and merged over the warps, then over the blocks of a query (Dao et al. 2023, flash decoding). Where a query's keys
// are cut depends on their places alone.
#include "kernels/attention.h"
#include "kernels/cuda/attention_spans.cuh"
#include "kernels/cuda/cache.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/warp.cuh"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / 32;
constexpr int64_t kSplitKeys = 512;

struct Call {
  AttentionProblem p;  // its spans are in the list
  SpanList list;
  int64_t first;    // query of the list
  int n_splits;     // of a query with the most keys
  float* partials;  // [queries of the launch, H, n_splits, 2 + Dh]: maximum, sum, output; null where n_splits is 1
};

// What a warp carries along: dimension lane + 32 i of each head.
template <int kDims, int kHeads>
struct State {
  float q[kHeads][kDims], o[kHeads][kDims], maximum[kHeads], sum[kHeads];

  CHAKU_DEVICE void begin(const AttentionProblem& p, int64_t row, const int (&heads)[kHeads]) {
    CHAKU_UNROLL
    for (int h = 0; h < kHeads; ++h) {
      maximum[h] = -kInfinity;
      sum[h] = 0.0f;
      CHAKU_UNROLL
      for (int i = 0; i < kDims; ++i) {
        const int d = lane_index() + 32 * i;
        o[h][i] = 0.0f;
        q[h][i] = d < p.head_dim ? p.q[row * p.q_stride + heads[h] * p.head_dim + d] : 0.0f;
      }
    }
  }

  CHAKU_DEVICE void add(const AttentionProblem& p, const int (&heads)[kHeads], int64_t distance,
                        const float (&k)[kDims], const float (&v)[kDims]) {
    CHAKU_UNROLL
    for (int h = 0; h < kHeads; ++h) {
      float dot = 0.0f;
      CHAKU_UNROLL
      for (int i = 0; i < kDims; ++i) dot = fmaf(q[h][i], k[i], dot);
      const float score = shaped_score(p, heads[h], p.scale * warp_sum(dot), distance).value;
      const float highest = fmaxf(maximum[h], score);
      const float factor = expf(maximum[h] - highest), weight = expf(score - highest);
      maximum[h] = highest;
      sum[h] = fmaf(sum[h], factor, weight);
      CHAKU_UNROLL
      for (int i = 0; i < kDims; ++i) o[h][i] = fmaf(o[h][i], factor, weight * v[i]);
    }
  }
};

// Of the warps of a block, to be merged.
template <int kDims, int kHeads>
struct Exchange {
  float o[kWarps][kHeads][kDims * 32], maximum[kWarps][kHeads], sum[kWarps][kHeads];
};

// How much a part counts whose maximum is not the highest; nothing where it saw no key.
CHAKU_DEVICE float share(float maximum, float highest) {
  return maximum == -kInfinity ? 0.0f : expf(maximum - highest);
}

// The output and its log-sum-exp from what was carried along over all keys, sink included.
struct Finish {
  float factor;  // of the output
  float lse;
};
CHAKU_DEVICE Finish finish(const AttentionProblem& p, int head, float maximum, float sum) {
  if (p.sinks != nullptr) {
    const float highest = fmaxf(maximum, p.sinks[head]);
    sum = sum * share(maximum, highest) + expf(p.sinks[head] - highest);
    return {share(maximum, highest) / sum, highest + logf(sum)};
  }
  return {1.0f / sum, maximum + logf(sum)};
}

template <int kHeads>
CHAKU_DEVICE void heads_of_block(const AttentionProblem& p, int& kv_head, int& first, int& n, int (&heads)[kHeads]) {
  const int group = p.n_heads / p.n_kv_heads, chunks = (group + kHeads - 1) / kHeads;
  kv_head = static_cast<int>(blockIdx.y) / chunks;
  first = static_cast<int>(blockIdx.y) % chunks * kHeads;
  n = min(kHeads, group - first);
  first += kv_head * group;
  CHAKU_UNROLL
  for (int h = 0; h < kHeads; ++h) heads[h] = first + min(h, n - 1);  // the last one again where there is none
}

// grid -> splits of the keys, heads that share them, queries; sm_75; 4 Dh FLOPs a key and head.
template <DType kType, int kDims, int kHeads>
__global__ void __launch_bounds__(kThreads, 4) attend(const Call c) {
  using Parts = Exchange<kDims, kHeads>;
  CHAKU_SHARED(parts, Parts);
  const AttentionProblem& p = c.p;
  int kv_head, first_head, n_heads, heads[kHeads];
  heads_of_block<kHeads>(p, kv_head, first_head, n_heads, heads);
  const Query query = query_at(c.list, c.first + blockIdx.z, p.window, p.both_ways);
  const int64_t split = query.span.kv_begin + int64_t{blockIdx.x} * kSplitKeys;
  const int64_t begin = max(query.begin, split), end = min(query.end, split + kSplitKeys);
  if (begin >= end && c.partials != nullptr) return;  // of such splits nobody reads the part
  State<kDims, kHeads> state;
  state.begin(p, query.row, heads);
  const void* k_base = kType == DType::kF32 ? static_cast<const void*>(p.k) : p.k_encoded;
  const void* v_base = kType == DType::kF32 ? static_cast<const void*>(p.v) : p.v_encoded;
  for (int64_t key = begin + warp_index(); key < end; key += kWarps) {
    const int64_t at = row_of(query.span, key) * p.kv_stride + int64_t{kv_head} * p.head_dim;
    float k[kDims], v[kDims];
    CHAKU_UNROLL
    for (int i = 0; i < kDims; ++i) {
      const int d = lane_index() + 32 * i;
      k[i] = d < p.head_dim ? cached<kType>(k_base, at + d) : 0.0f;
      v[i] = d < p.head_dim ? cached<kType>(v_base, at + d) : 0.0f;
    }
    state.add(p, heads, query.own - key, k, v);
  }
  CHAKU_UNROLL
  for (int h = 0; h < kHeads; ++h) {
    if (lane_index() == 0) {
      parts.maximum[warp_index()][h] = state.maximum[h];
      parts.sum[warp_index()][h] = state.sum[h];
    }
    CHAKU_UNROLL
    for (int i = 0; i < kDims; ++i) parts.o[warp_index()][h][lane_index() + 32 * i] = state.o[h][i];
  }
  __syncthreads();
  for (int h = 0; h < n_heads; ++h) {
    float highest = -kInfinity, sum = 0.0f;
    CHAKU_UNROLL
    for (int w = 0; w < kWarps; ++w) highest = fmaxf(highest, parts.maximum[w][h]);
    float shares[kWarps];
    CHAKU_UNROLL
    for (int w = 0; w < kWarps; ++w) {
      shares[w] = share(parts.maximum[w][h], highest);
      sum = fmaf(shares[w], parts.sum[w][h], sum);
    }
    const Finish done = finish(p, first_head + h, highest, sum);
    float* partial = nullptr;
    if (c.partials != nullptr)
      partial = c.partials + ((int64_t{blockIdx.z} * p.n_heads + first_head + h) * c.n_splits + blockIdx.x) *
                                 (2 + int64_t{p.head_dim});
    for (int d = thread_index(); d < p.head_dim; d += kThreads) {
      float o = 0.0f;
      CHAKU_UNROLL
      for (int w = 0; w < kWarps; ++w) o = fmaf(shares[w], parts.o[w][h][d], o);
      if (partial != nullptr)
        partial[2 + d] = o;
      else
        p.o[query.row * p.o_stride + (first_head + h) * p.head_dim + d] = o * done.factor;
    }
    if (thread_index() != 0) continue;
    if (partial != nullptr)
      partial[0] = highest, partial[1] = sum;
    else if (p.lse != nullptr)
      p.lse[query.row * p.n_heads + first_head + h] = done.lse;
  }
}

// grid -> heads, queries; merges the parts of a query in the order of its keys.
__global__ void __launch_bounds__(kThreads) merge(const Call c) {
  const AttentionProblem& p = c.p;
  const int head = static_cast<int>(blockIdx.x);
  const Query query = query_at(c.list, c.first + blockIdx.y, p.window, p.both_ways);
  const int64_t first = (query.begin - query.span.kv_begin) / kSplitKeys;
  const int64_t last = (query.end - 1 - query.span.kv_begin) / kSplitKeys;
  const int64_t length = 2 + p.head_dim;
  const float* parts = c.partials + (int64_t{blockIdx.y} * p.n_heads + head) * c.n_splits * length;
  float highest = -kInfinity, sum = 0.0f;
  for (int64_t s = first; s <= last; ++s) highest = fmaxf(highest, parts[s * length]);
  for (int64_t s = first; s <= last; ++s) sum = fmaf(share(parts[s * length], highest), parts[s * length + 1], sum);
  const Finish done = finish(p, head, highest, sum);
  for (int d = thread_index(); d < p.head_dim; d += kThreads) {
    float o = 0.0f;
    for (int64_t s = first; s <= last; ++s) o = fmaf(share(parts[s * length], highest), parts[s * length + 2 + d], o);
    p.o[query.row * p.o_stride + head * p.head_dim + d] = o * done.factor;
  }
  if (thread_index() == 0 && p.lse != nullptr) p.lse[query.row * p.n_heads + head] = done.lse;
}

template <DType kType, int kDims, int kHeads>
void launch_list(Call& c, CudaQueue& queue) noexcept {
  const AttentionProblem& p = c.p;
  int64_t most_keys = 0;
  for (int s = 0; s < c.list.n; ++s) {
    const int64_t keys = c.list.spans[s].kv_end - c.list.spans[s].kv_begin;
    most_keys = keys > most_keys ? keys : most_keys;
  }
  c.n_splits = static_cast<int>(ceil_div(most_keys, kSplitKeys));
  const int64_t n_queries = c.list.first[c.list.n];
  int64_t at_once = 65535;  // a grid's limit
  if (c.n_splits > 1) {
    const int64_t query_bytes = int64_t{p.n_heads} * c.n_splits * (2 + p.head_dim) * int64_t{sizeof(float)};
    const int64_t fits = queue.scratch_bytes() / query_bytes;
    if (fits == 0) return queue.note("the keys of a query exceed the scratch memory");
    at_once = fits < at_once ? fits : at_once;
    c.partials = reinterpret_cast<float*>(queue.device_scratch());
  }
  const unsigned head_chunks = static_cast<unsigned>(p.n_kv_heads * ceil_div(p.n_heads / p.n_kv_heads, kHeads));
  for (c.first = 0; c.first < n_queries; c.first += at_once) {
    const unsigned n = static_cast<unsigned>(c.first + at_once < n_queries ? at_once : n_queries - c.first);
    const dim3 grid(static_cast<unsigned>(c.n_splits), head_chunks, n);
    queue.launch(attend<kType, kDims, kHeads>, grid, dim3(kThreads), 0, c);
    if (c.n_splits > 1) queue.launch(merge, dim3(static_cast<unsigned>(p.n_heads), n), dim3(kThreads), 0, c);
  }
}

// Heads that a block takes at once become fewer as their dimensions become more: registers hold both.
template <DType kType>
void launch_head(Call& c, CudaQueue& queue) noexcept {
  const int dims = c.p.head_dim;
  if (dims <= 64) return launch_list<kType, 2, 4>(c, queue);
  if (dims <= 128) return launch_list<kType, 4, 4>(c, queue);
  if (dims <= 256) return launch_list<kType, 8, 2>(c, queue);
  if (dims <= 576) return launch_list<kType, 18, 1>(c, queue);
  queue.note("attention: a head has more than 576 dimensions");
}

}  // namespace

void attention(const AttentionProblem& p, Queue& queue) noexcept {
  for_span_lists(p, [&](const SpanList& list) {
    Call c{p, list, 0, 1, nullptr};
    c.p.spans = nullptr;
    CudaQueue& q = cuda_queue(queue);
    for_cache_format(p.kv_dtype, q, [&]<DType kFormat>() { launch_head<kFormat>(c, q); });
  });
}

}  // namespace chaku::cuda
