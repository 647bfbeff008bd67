// Backward of blocked attention: probabilities are recomputed from the scores and the forward's log-sum-exp, one block
// of queries and 64 keys at a time, so that nothing of size T x T exists. With P = e^(S - lse), delta = rowsum(do o):
//   dP = do VT;  dS = scale P (dP - delta);  dV = PT do;  dK = dST Q;  dQ = dS K.
// Where spans and key heads are many, each pair of them is one unit of work that does it all. Else there are two
// passes, each of which owns its outputs: one over blocks of keys for dK and dV, one over blocks of queries for dQ;
// scores are then computed twice, and in return any number of threads can take part. Either way every sum has a fixed
// order.
// Source: Dao et al. 2022 (FlashAttention), appendix B.
#pragma once

#include "kernels/cpu/generic/attention_blocks.inl"
#include "kernels/reference/reference.h"

namespace chaku::CHAKU_ISA {

// A thread's buffers for the backward pass.
struct BackwardScratch {
  float* keys_transposed;    // [padded(dim)][kKeys]
  float* values_transposed;  // [padded(dim)][kKeys]
  float* straight;           // rows as they lie, at most kKeys of them: [kKeys][width]
  float* keys_straight;      // keys as they lie: [kKeys][width]
  float* weights;            // P: [kMostRows][kKeys]
  float* d_scores;           // dP, then dS: [kMostRows][kKeys]
  float* transposed;         // [kKeys][kKeys]
  float* dk;                 // [kKeys][dim]
  float* dv;                 // [kKeys][dim]

  BackwardScratch(std::byte* memory, int64_t dim) {
    const int64_t width = round_up(dim, kPanelColumns);
    keys_transposed = reinterpret_cast<float*>(memory);
    values_transposed = keys_transposed + width * kKeys;
    straight = values_transposed + width * kKeys;
    keys_straight = straight + width * kKeys;
    weights = keys_straight + width * kKeys;
    d_scores = weights + kMostRows * kKeys;
    transposed = d_scores + kMostRows * kKeys;
    dk = transposed + kKeys * kKeys;
    dv = dk + kKeys * dim;
  }
};

static_assert((6 * kMostHeadDim * kKeys + 2 * kMostRows * kKeys + kKeys * kKeys) * 4 <= ThreadPool::kScratchBytes);

static void pack_keys(const AttentionProblem& p, const QueryBlock& block, int64_t key, int64_t keys,
                      BackwardScratch& scratch) {
  const int64_t dim = p.head_dim;
  pack_transposed(block.key_row(p, p.k, key), p.kv_stride, keys, dim, scratch.keys_transposed, padded(dim));
  pack_transposed(block.key_row(p, p.v, key), p.kv_stride, keys, dim, scratch.values_transposed, padded(dim));
}

CHAKU_INLINE float row_delta(const AttentionBackwardProblem& p, int64_t token, int64_t head) {
  const AttentionProblem& f = p.forward;
  const int64_t at = token * f.o_stride + head * f.head_dim;
  F products = zero();
  for (int64_t i = 0; i < f.head_dim; i += kLanes)
    products = fma(load_n(p.d_o + at + i, f.head_dim - i), load_n(f.o + at + i, f.head_dim - i), products);
  return sum(products);
}

// delta of a block's rows. The two passes find it in the first element of each head of dq, which store_deltas() put
// there and the last pass overwrites.
CHAKU_INLINE void block_deltas(const AttentionBackwardProblem& p, const QueryBlock& block, bool stored,
                               float* deltas) {
  for (int64_t r = 0; r < block.rows(); ++r)
    deltas[r] = stored ? p.dq[block.token(r) * p.forward.q_stride + block.head(r) * p.forward.head_dim]
                       : row_delta(p, block.token(r), block.head(r));
}

static void store_deltas(const AttentionBackwardProblem& p, ThreadPool& pool) {
  const AttentionProblem& f = p.forward;
  for (int64_t s = 0; s < f.n_spans; ++s)
    pool.parallel_for(f.spans[s].q_end - f.spans[s].q_begin, 16, [&](int64_t begin, int64_t end, int) {
      for (int64_t t = f.spans[s].q_begin + begin; t < f.spans[s].q_begin + end; ++t)
        for (int64_t h = 0; h < f.n_heads; ++h) p.dq[t * f.q_stride + h * f.head_dim] = row_delta(p, t, h);
    });
}

// P and dS of a block of queries and the packed keys [key, key + keys).
static void score_gradients(const AttentionBackwardProblem& p, const QueryBlock& block, const float* deltas,
                            int64_t key, int64_t keys, BackwardScratch& scratch) {
  const AttentionProblem& f = p.forward;
  score_block(f, block, f.q, f.q_stride, scratch.keys_transposed, keys, f.scale, scratch.weights);
  score_block(f, block, p.d_o, f.o_stride, scratch.values_transposed, keys, 1.0f, scratch.d_scores);
  for (int64_t r = 0; r < block.rows(); ++r) {
    const F delta = broadcast(deltas[r]);
    const F lse = broadcast(f.lse[block.token(r) * f.n_heads + block.head(r)]);
    const KeyRange visible = block.visible(f, r, key, keys);
    float *weights = scratch.weights + r * kKeys, *d_scores = scratch.d_scores + r * kKeys;
    const ScoreShape shape = score_shape(f, block, r, key);
    for (int v = 0; v < kKeyVectors; ++v) {
      // beyond the last key lies what earlier blocks left: it must not meet a zero weight as a NaN
      const int64_t n = max(keys - v * kLanes, 0);
      const F capped = shape.capped(load_n(weights + v * kLanes, n)), d_weight = load_n(d_scores + v * kLanes, n);
      const F weight = exp(mask_keys(shape.with_distance(capped, v), v, visible) - lse);
      F d_score = weight * (d_weight - delta) * broadcast(f.scale);
      if (shape.cap > 0.0f) {
        const F ratio = capped * broadcast(1.0f / shape.cap);
        d_score = d_score * fnma(ratio, ratio, broadcast(1.0f));
      }
      store(weights + v * kLanes, weight);
      store(d_scores + v * kLanes, d_score);
    }
  }
}

// sums[keys][dim] += left[positions][keys]^T rows[positions][dim], for each head of the block.
static void accumulate_transposed(const AttentionProblem& f, const QueryBlock& block, const float* left,
                                  const float* rows, int64_t stride, int64_t keys, BackwardScratch& scratch,
                                  float* sums) {
  const int64_t dim = f.head_dim;
  for (int64_t h = 0; h < block.heads; ++h) {
    transpose_block(left + h * block.positions * kKeys, kKeys, block.positions, kKeys, scratch.transposed, kKeys);
    pack_rows(rows + block.q_begin * stride + (block.head_begin + h) * dim, stride, block.positions, dim,
              scratch.straight, kKeys);
    multiply_block(keys, {scratch.transposed, kKeys}, scratch.straight, kKeys * kPanelColumns, block.positions,
                   {sums, dim, 1.0f, nullptr, true}, dim);
  }
}

CHAKU_INLINE void write_rows(const float* from, int64_t rows, int64_t dim, float* to, int64_t stride) {
  for (int64_t r = 0; r < rows; ++r)
    __builtin_memcpy(to + r * stride, from + r * dim, static_cast<size_t>(dim) * sizeof(float));
}

// dq of a block's queries, or += with add, from dS and keys_straight.
static void query_block_gradient(const AttentionBackwardProblem& p, const QueryBlock& block, int64_t keys, bool add,
                                 const BackwardScratch& scratch) {
  const AttentionProblem& f = p.forward;
  for (int64_t h = 0; h < block.heads; ++h)
    multiply_block(block.positions, {scratch.d_scores + h * block.positions * kKeys, kKeys}, scratch.keys_straight,
                   kKeys * kPanelColumns, keys,
                   {p.dq + block.q_begin * f.q_stride + (block.head_begin + h) * f.head_dim, f.q_stride, 1.0f, nullptr,
                    add},
                   f.head_dim);
}

// Asks for the rows of a block that is computed after the current one.
CHAKU_INLINE void prefetch_queries(const AttentionBackwardProblem& p, const QueryBlock& block, int64_t end) {
  constexpr int64_t kLine = 16;  // floats
  const AttentionProblem& f = p.forward;
  for (int64_t t = block.q_begin; t < min(block.q_begin + block.positions, end); ++t)
    for (int64_t i = block.head_begin * f.head_dim; i < (block.head_begin + block.heads) * f.head_dim; i += kLine) {
      __builtin_prefetch(f.q + t * f.q_stride + i);
      __builtin_prefetch(p.d_o + t * f.o_stride + i);
    }
}

// dK and dV of keys [key, key + keys) of one span and key head; with `queries`, what these keys add to dQ too.
static void key_block_gradient(const AttentionBackwardProblem& p, const BlockList& blocks, const AttentionSpan& span,
                               int64_t kv_head, int64_t key, int64_t keys, bool queries, BackwardScratch& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim, per_kv = f.n_heads / f.n_kv_heads;
  __builtin_memset(scratch.dk, 0, static_cast<size_t>(2 * kKeys * dim) * sizeof(float));
  QueryBlock block{&span, 0, 0, kv_head, 0, 0};
  pack_keys(f, block, key, keys, scratch);
  if (queries) pack_rows(block.key_row(f, f.k, key), f.kv_stride, keys, dim, scratch.keys_straight, kKeys);
  const int64_t last = f.window > 0 ? min(span.q_end, key + keys - 1 + f.window) : span.q_end;
  for (int64_t q = key; q < last; q += blocks.positions)
    for (int64_t first = 0; first < per_kv; first += blocks.heads) {
      block.q_begin = q;
      block.positions = min(blocks.positions, last - q);
      block.head_begin = kv_head * per_kv + first;
      block.heads = min(blocks.heads, per_kv - first);
      QueryBlock next = block;
      next.q_begin += block.positions;
      prefetch_queries(p, next, last);
      float deltas[kMostRows];
      block_deltas(p, block, !queries, deltas);
      score_gradients(p, block, deltas, key, keys, scratch);
      accumulate_transposed(f, block, scratch.weights, p.d_o, f.o_stride, keys, scratch, scratch.dv);
      accumulate_transposed(f, block, scratch.d_scores, f.q, f.q_stride, keys, scratch, scratch.dk);
      if (queries) query_block_gradient(p, block, keys, true, scratch);
    }
  const int64_t at = key * f.kv_stride + kv_head * dim;
  write_rows(scratch.dk, keys, dim, p.dk + at, f.kv_stride);
  write_rows(scratch.dv, keys, dim, p.dv + at, f.kv_stride);
}

static void key_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, ThreadPool& pool) {
  const AttentionProblem& f = p.forward;
  const auto in_span = [&](const AttentionSpan& s) { return ceil_div(s.q_end - s.q_begin, kKeys) * f.n_kv_heads; };
  int64_t count = 0;
  for (int64_t s = 0; s < f.n_spans; ++s) count += in_span(f.spans[s]);
  pool.parallel_for(count, 1, [&](int64_t unit, int64_t, int thread) {
    const AttentionSpan* span = f.spans;
    while (unit >= in_span(*span)) unit -= in_span(*span++);
    const int64_t key = span->q_begin + unit / f.n_kv_heads * kKeys;  // the first keys are seen by most queries
    BackwardScratch scratch(pool.scratch(thread), f.head_dim);
    key_block_gradient(p, blocks, *span, unit % f.n_kv_heads, key, min(kKeys, span->q_end - key), false,
                       scratch);
  });
}

static void query_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, ThreadPool& pool) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim;
  pool.parallel_for(blocks.count, 1, [&](int64_t unit, int64_t, int thread) {
    const QueryBlock block = blocks.find(f, blocks.count - 1 - unit);
    BackwardScratch scratch(pool.scratch(thread), dim);
    const KeyRange all = block.keys(f);
    float deltas[kMostRows];
    block_deltas(p, block, true, deltas);
    for (int64_t key = all.begin; key < all.end; key += kKeys) {
      const int64_t keys = min(kKeys, all.end - key);
      pack_keys(f, block, key, keys, scratch);
      prefetch_keys(f, block, key + kKeys, all.end);
      score_gradients(p, block, deltas, key, keys, scratch);
      pack_rows(block.key_row(f, f.k, key), f.kv_stride, keys, dim, scratch.keys_straight, kKeys);
      query_block_gradient(p, block, keys, key > all.begin, scratch);
    }
  });
}

// All gradients, one span and key head at a time.
static void pair_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, ThreadPool& pool) {
  const AttentionProblem& f = p.forward;
  const int64_t per_kv = f.n_heads / f.n_kv_heads;
  pool.parallel_for(f.n_spans * f.n_kv_heads, 1, [&](int64_t unit, int64_t, int thread) {
    const AttentionSpan& span = f.spans[unit / f.n_kv_heads];
    const int64_t kv_head = unit % f.n_kv_heads;
    BackwardScratch scratch(pool.scratch(thread), f.head_dim);
    for (int64_t t = span.q_begin; t < span.q_end; ++t)
      __builtin_memset(p.dq + t * f.q_stride + kv_head * per_kv * f.head_dim, 0,
                       static_cast<size_t>(per_kv * f.head_dim) * sizeof(float));
    for (int64_t key = span.q_begin; key < span.q_end; key += kKeys)
      key_block_gradient(p, blocks, span, kv_head, key, min(kKeys, span.q_end - key), true, scratch);
  });
}

// Whether pairs of span and key head share the work out evenly: the largest is a sixteenth of it at most.
static bool enough_pairs(const AttentionProblem& p) {
  constexpr double kEnough = 16;
  double largest = 0, all = 0;
  for (int64_t s = 0; s < p.n_spans; ++s) {
    const double length = static_cast<double>(p.spans[s].q_end - p.spans[s].q_begin);
    all += length * length * p.n_kv_heads;
    if (length * length > largest) largest = length * length;
  }
  return all >= kEnough * largest;
}

void attention_backward(const AttentionBackwardProblem& p, ThreadPool& pool) noexcept {
  if (p.forward.head_dim > kMostHeadDim) return reference::attention_backward(p, pool);
  const BlockList blocks = list_blocks(p.forward);
  if (enough_pairs(p.forward)) return pair_gradients(p, blocks, pool);
  store_deltas(p, pool);
  key_gradients(p, blocks, pool);
  query_gradients(p, blocks, pool);
}

}  // namespace chaku::CHAKU_ISA
