// Attention of prompts and trainings on the tensor cores: tiles of 128 queries and 64 keys, or 32 (Dao et al. 2022,
// 2023).
//
// Each of eight warps has 16 queries of one head: their scores, weights and outputs stay in registers, in the layout of
// mma's sums, two of which are one operand of the next product. Keys and values are rounded to bfloat16 on their way to
// shared memory, whatever format and page they come from; rows there are swizzled in chunks of 16 bytes. Scores are
// kept in base 2. Weights are rounded to bfloat16 for the product with the values, not for their sum.
#include "kernels/attention.h"
#include "kernels/cuda/attention_spans.cuh"
#include "kernels/cuda/attention_tiles.cuh"
#include "kernels/cuda/cache.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"

namespace chaku::cuda {
namespace {

constexpr int kThreads = 256, kQueries = 128;
// Keys of a tile: registers and shared memory hold fewer beside larger heads.
template <int kDim>
constexpr int kKeys = kDim > 128 ? 32 : 64;

struct Call {
  AttentionProblem p;  // its spans are in the list
  SpanList list;
};

template <int kDim>
struct Shared {
  AttentionTile<kQueries, kDim> q;
  AttentionTile<kKeys<kDim>, kDim> k, v;
};

// Eight numbers from element `at` of a row, n of them there, rounded.
template <DType kType>
CHAKU_DEVICE uint4 rounded_chunk(const void* base, int64_t at, int n) {
  float x[8];
  CHAKU_UNROLL
  for (int j = 0; j < 8; ++j) x[j] = j < n ? cached<kType>(base, at + j) : 0.0f;
  return uint4{pack_bf16(x[0], x[1]), pack_bf16(x[2], x[3]), pack_bf16(x[4], x[5]), pack_bf16(x[6], x[7])};
}

template <DType kType, int kDim>
CHAKU_DEVICE void load_keys(Shared<kDim>& shared, const AttentionProblem& p, const AttentionSpan& span, int64_t first,
                            int64_t end, int kv_head) {
  const void* k = kType == DType::kF32 ? static_cast<const void*>(p.k) : p.k_encoded;
  const void* v = kType == DType::kF32 ? static_cast<const void*>(p.v) : p.v_encoded;
  for (int e = thread_index(); e < kKeys<kDim> * (kDim / 8); e += kThreads) {
    const int row = e / (kDim / 8), chunk = e % (kDim / 8);
    const int n = first + row < end ? p.head_dim - chunk * 8 : 0;
    const int64_t at = n > 0 ? row_of(span, first + row) * p.kv_stride + int64_t{kv_head} * p.head_dim + chunk * 8 : 0;
    *shared.k.at(row, chunk) = rounded_chunk<kType>(k, at, n);
    *shared.v.at(row, chunk) = rounded_chunk<kType>(v, at, n);
  }
}

// Over the four lanes that share a row of sums.
CHAKU_DEVICE float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, 1));
  return fmaxf(x, __shfl_xor_sync(kAllLanes, x, 2));
}
CHAKU_DEVICE float quad_sum(float x) {
  x += __shfl_xor_sync(kAllLanes, x, 1);
  return x + __shfl_xor_sync(kAllLanes, x, 2);
}

// What a warp carries along of its 16 queries; a lane has rows lane / 4 and 8 more.
template <int kDim>
struct State {
  float o[kDim / 8][4], maximum[2], sum[2];

  CHAKU_DEVICE void begin() {
    CHAKU_UNROLL
    for (int d = 0; d < kDim / 8; ++d) {
      CHAKU_UNROLL
      for (int i = 0; i < 4; ++i) o[d][i] = 0.0f;
    }
    CHAKU_UNROLL
    for (int r = 0; r < 2; ++r) {
      maximum[r] = -kInfinity;
      sum[r] = 0.0f;
    }
  }

  // s becomes the weights of 64 keys, relative to the new maximum.
  CHAKU_DEVICE void weigh(float (&s)[kKeys<kDim> / 8][4]) {
    float highest[2] = {maximum[0], maximum[1]}, subtracted[2];
    CHAKU_UNROLL
    for (int n = 0; n < kKeys<kDim> / 8; ++n) {
      CHAKU_UNROLL
      for (int i = 0; i < 4; ++i) highest[i / 2] = fmaxf(highest[i / 2], s[n][i]);
    }
    CHAKU_UNROLL
    for (int r = 0; r < 2; ++r) {
      highest[r] = quad_max(highest[r]);
      subtracted[r] = highest[r] == -kInfinity ? 0.0f : highest[r];  // nothing seen yet: all weights are 0
      const float factor = fast_exp2(maximum[r] - subtracted[r]);
      maximum[r] = highest[r];
      sum[r] *= factor;
      CHAKU_UNROLL
      for (int d = 0; d < kDim / 8; ++d) {
        o[d][2 * r] *= factor;
        o[d][2 * r + 1] *= factor;
      }
    }
    CHAKU_UNROLL
    for (int n = 0; n < kKeys<kDim> / 8; ++n) {
      CHAKU_UNROLL
      for (int i = 0; i < 4; ++i) {
        s[n][i] = fast_exp2(s[n][i] - subtracted[i / 2]);
        sum[i / 2] += s[n][i];
      }
    }
  }
};

template <int kDim>
CHAKU_DEVICE void store(const State<kDim>& state, const AttentionProblem& p, const Query (&queries)[2], int head) {
  CHAKU_UNROLL
  for (int r = 0; r < 2; ++r) {
    float sum = quad_sum(state.sum[r]), highest = state.maximum[r], factor = 1.0f;
    if (queries[r].row >= queries[r].span.q_end) continue;
    if (p.sinks != nullptr) {
      const float sink = p.sinks[head] * kLog2E;
      highest = fmaxf(highest, sink);
      factor = fast_exp2(state.maximum[r] - highest);
      sum = sum * factor + fast_exp2(sink - highest);
    }
    if (p.lse != nullptr && lane_index() % 4 == 0)
      p.lse[queries[r].row * p.n_heads + head] = (highest + log2f(sum)) / kLog2E;
    factor /= sum;
    float* o = p.o + queries[r].row * p.o_stride + int64_t{head} * p.head_dim;
    CHAKU_UNROLL
    for (int d = 0; d < kDim / 8; ++d) {
      CHAKU_UNROLL
      for (int i = 0; i < 2; ++i) {
        const int at = d * 8 + lane_index() % 4 * 2 + i;
        if (at < p.head_dim) o[at] = state.o[d][2 * r + i] * factor;
      }
    }
  }
}

// grid -> tiles of queries, heads, spans; 32, 64 or 96 KiB of shared memory; sm_80; 4 Dh FLOPs a query and key.
template <DType kType, int kDim>
__global__ void __launch_bounds__(kThreads, 1) attend(const Call c) {
  CHAKU_DYNAMIC_SHARED(bytes);
  Shared<kDim>& shared = *reinterpret_cast<Shared<kDim>*>(bytes);
  const AttentionProblem& p = c.p;
  const AttentionSpan span = c.list.spans[blockIdx.z];
  const int64_t first = int64_t{blockIdx.x} * kQueries;
  if (span.q_begin + first >= span.q_end) return;
  const int head = static_cast<int>(blockIdx.y), kv_head = head / (p.n_heads / p.n_kv_heads);
  shared.q.template load<kThreads>(p.q + int64_t{head} * p.head_dim, p.q_stride, span.q_begin + first, span.q_end,
                                   p.head_dim);
  const int64_t row = span.q_begin + first + warp_index() * 16 + lane_index() / 4;
  const Query queries[2] = {query_of(span, row, p.window, p.both_ways), query_of(span, row + 8, p.window, p.both_ways)};
  // Keys [begin, end) are all that any query of the block sees.
  const int64_t last = min(span.q_begin + first + kQueries, span.q_end) - 1;
  const int64_t begin = query_of(span, span.q_begin + first, p.window, p.both_ways).begin / kKeys<kDim> * kKeys<kDim>;
  const int64_t end = query_of(span, last, p.window, p.both_ways).end;
  State<kDim> state;
  state.begin();
  for (int64_t key = begin; key < end; key += kKeys<kDim>) {
    load_keys<kType, kDim>(shared, p, span, key, end, kv_head);
    __syncthreads();
    float s[kKeys<kDim> / 8][4] = {};
    multiply_rows(s, shared.q, warp_index() * 16, shared.k);
    CHAKU_UNROLL
    for (int n = 0; n < kKeys<kDim> / 8; ++n) {
      CHAKU_UNROLL
      for (int i = 0; i < 4; ++i) {
        const Query& query = queries[i / 2];
        const int64_t at = key + n * 8 + lane_index() % 4 * 2 + i % 2;
        const bool seen = at >= query.begin && at < query.end;
        s[n][i] = seen ? shaped_score(p, head, p.scale * s[n][i], query.own - at).value * kLog2E : -kInfinity;
      }
    }
    state.weigh(s);
    add_rows(state.o, s, shared.v);
    __syncthreads();  // before the next keys come
  }
  store<kDim>(state, p, queries, head);
}

template <DType kType, int kDim>
void launch_list(const Call& c, CudaQueue& queue) noexcept {
  int64_t most = 0;
  for (int s = 0; s < c.list.n; ++s) {
    const int64_t n = c.list.spans[s].q_end - c.list.spans[s].q_begin;
    most = n > most ? n : most;
  }
  const dim3 grid(static_cast<unsigned>(ceil_div(most, kQueries)), static_cast<unsigned>(c.p.n_heads),
                  static_cast<unsigned>(c.list.n));
  queue.launch(attend<kType, kDim>, grid, dim3(kThreads), sizeof(Shared<kDim>), c);
}

template <DType kType>
void launch_head(const Call& c, CudaQueue& queue) noexcept {
  if (c.p.head_dim <= 64) return launch_list<kType, 64>(c, queue);
  if (c.p.head_dim <= 128) return launch_list<kType, 128>(c, queue);
  launch_list<kType, 256>(c, queue);
}

}  // namespace

// Generated tokens, and heads of more dimensions than registers hold, keep the arithmetic of float32.
void tensor_attention(const AttentionProblem& p, Queue& queue) noexcept {
  if (p.role == Role::kGenerated || p.head_dim > 256) return attention(p, queue);
  for_span_lists(p, [&](const SpanList& list) {
    Call c{p, list};
    c.p.spans = nullptr;
    CudaQueue& q = cuda_queue(queue);
    for_cache_format(p.kv_dtype, q, [&]<DType kFormat>() { launch_head<kFormat>(c, q); });
  });
}

}  // namespace chaku::cuda
