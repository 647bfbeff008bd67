// Backward of blocked attention: probabilities are recomputed from the scores and the forward's log-sum-exp, for a few
// queries and 64 keys at a time, so that nothing of size T x T exists. With P = e^(S - lse), delta = rowsum(do o):
//   dP = do VT;  dS = scale P (dP - delta);  dVT = doT P;  dKT = qT dS;  dQ = dS K.
// P and dS go from registers to where these products read them; dK and dV are transposed when they are done.
// A unit of work is a span and key head, which takes its blocks of keys one after another. Where those are too few for
// the threads there are two passes, each of which owns its outputs: one over blocks of keys for dK and dV, one over
// blocks of queries for dQ. Scores are then computed twice. Every sum has the same order in both ways, so that the
// number of threads, which chooses between them, changes no bit.
// Source: Dao et al. 2022 (FlashAttention), appendix B.
#pragma once

#include "kernels/cpu/generic/attention_blocks.inl"
#include "kernels/cpu/generic/attention_operands.inl"

namespace chaku::CHAKU_ISA {

// A thread's buffers for the backward pass.
template <class Operands>
struct BackwardScratch {
  using Element = typename Operands::Element;
  float* scores;                 // S: [kChunkRows][kKeys]
  float* d_weights;              // dP: [kChunkRows][kKeys]
  float* dq;                     // [kChunkRows][padded(dim)]
  float* dk_transposed;          // [padded(dim)][kKeys]
  float* dv_transposed;          // [padded(dim)][kKeys]
  Element* keys_transposed;      // right: depth is the dimension
  Element* values_transposed;    // right: depth is the dimension
  Element* keys;                 // right: depth is the keys
  Element* queries;              // left: [kBlockRows][depth(dim)]
  Element* d_o;                  // left: [kBlockRows][depth(dim)]
  Element* queries_transposed;   // left: [depth(dim)][kBlockRows]
  Element* d_o_transposed;       // left: [depth(dim)][kBlockRows]
  Element* weights;              // P, right: depth is the rows
  Element* d_scores_of_rows;     // dS, right: depth is the rows
  Element* d_scores;             // dS, left: [kChunkRows][kKeys]

  BackwardScratch(std::byte* memory, int64_t dim) {
    const int64_t width = padded(dim), depth = Operands::depth(dim);
    scores = reinterpret_cast<float*>(memory);
    d_weights = scores + kChunkRows * kKeys;
    dq = d_weights + kChunkRows * kKeys;
    dk_transposed = dq + kChunkRows * width;
    dv_transposed = dk_transposed + width * kKeys;
    keys_transposed = reinterpret_cast<Element*>(dv_transposed + width * kKeys);
    values_transposed = keys_transposed + depth * kKeys;
    keys = values_transposed + depth * kKeys;
    queries = keys + round_up(dim, kPanelColumns) * kKeys;
    d_o = queries + kBlockRows * depth;
    queries_transposed = d_o + kBlockRows * depth;
    d_o_transposed = queries_transposed + kBlockRows * depth;
    weights = d_o_transposed + kBlockRows * depth;
    d_scores_of_rows = weights + kBlockRows * kKeys;
    d_scores = d_scores_of_rows + kBlockRows * kKeys;
  }

  // [kKeys][padded(dim)], where queries lie while there are any.
  float* staging() const { return reinterpret_cast<float*>(queries); }
};

static_assert((3 * kChunkRows * kKeys + 2 * kBlockRows * kKeys + kChunkRows * kMostHeadDim +
               (5 * kKeys + 4 * kBlockRows) * kMostHeadDim) * 4 <= ThreadPool::kScratchBytes);

// Which gradients a pass over a block computes.
enum class Wanted { kOfKeys, kOfQueries, kAll };

CHAKU_INLINE float row_delta(const AttentionBackwardProblem& p, QueryBlock::Row row) {
  const AttentionProblem& f = p.forward;
  const int64_t at = row.token * f.o_stride + row.head * f.head_dim;
  F products = zero();
  for (int64_t i = 0; i < f.head_dim; i += kLanes)
    products = fma(load_n(p.d_o + at + i, f.head_dim - i), load_n(f.o + at + i, f.head_dim - i), products);
  return sum(products);
}

// delta of a block's rows. The two passes find it in the first element of each head of dq, which store_deltas() put
// there and the last pass overwrites.
CHAKU_INLINE void block_deltas(const AttentionBackwardProblem& p, const QueryBlock& block, bool stored,
                               float* deltas) {
  QueryBlock::Row row = block.row(0);
  for (int64_t r = 0; r < block.rows(); ++r, row = block.after(row))
    deltas[r] = stored ? p.dq[row.token * p.forward.q_stride + row.head * p.forward.head_dim] : row_delta(p, row);
}

static void store_deltas(const AttentionBackwardProblem& p, ThreadPool& pool) {
  const AttentionProblem& f = p.forward;
  for (int64_t s = 0; s < f.n_spans; ++s)
    pool.parallel_for(f.spans[s].q_end - f.spans[s].q_begin, 16, [&](int64_t begin, int64_t end, int) {
      for (int64_t t = f.spans[s].q_begin + begin; t < f.spans[s].q_begin + end; ++t)
        for (int64_t h = 0; h < f.n_heads; ++h) p.dq[t * f.q_stride + h * f.head_dim] = row_delta(p, {t, h});
    });
}

template <class Operands>
static void pack_keys(const AttentionProblem& p, const QueryBlock& block, int64_t key, int64_t keys, bool straight,
                      const BackwardScratch<Operands>& scratch) {
  const int64_t dim = p.head_dim;
  const float *k = block.key_row(p, p.k, key), *v = block.key_row(p, p.v, key);
  Operands::pack_transposed(k, p.kv_stride, keys, dim, scratch.keys_transposed);
  Operands::pack_transposed(v, p.kv_stride, keys, dim, scratch.values_transposed);
  if (straight) Operands::pack_straight(k, p.kv_stride, keys, dim, scratch.keys, kKeys);
}

template <class Operands>
static void pack_queries(const AttentionBackwardProblem& p, const QueryBlock& block, bool transposed,
                         const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim, pitch = Operands::depth(dim), rows = block.rows();
  QueryBlock::Row row = block.row(0);
  for (int64_t r = 0; r < rows; ++r, row = block.after(row)) {
    Operands::pack_row(f.q + row.token * f.q_stride + row.head * dim, dim, scratch.queries + r * pitch);
    Operands::pack_row(p.d_o + row.token * f.o_stride + row.head * dim, dim, scratch.d_o + r * pitch);
  }
  if (!transposed) return;
  Operands::transpose_rows(scratch.queries, pitch, rows, dim, scratch.queries_transposed, kBlockRows);
  Operands::transpose_rows(scratch.d_o, pitch, rows, dim, scratch.d_o_transposed, kBlockRows);
}

// P and dS of one row, from S and dP.
template <int kVectors>
CHAKU_INLINE void row_gradients(const float* scores, const float* d_weights, const ScoreShape& shape, KeyRange visible,
                                float lse, float delta, F (&weights)[kVectors], F (&d_scores)[kVectors]) {
  const F unit = broadcast(shape.unit), offset = broadcast(-lse * kLog2E);
  // beyond what is visible lies what earlier blocks left: it must not meet a zero weight as a NaN
  const bool masked = visible.begin > 0 || visible.end < kVectors * kLanes;
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    const F products = load(scores + v * kLanes), d_weight = load(d_weights + v * kLanes);
    weights[v] = exp2(fma(shape.shaped(products, v), unit, offset));
    d_scores[v] = weights[v] * (d_weight - broadcast(delta)) * broadcast(shape.scale);
    if (shape.cap > 0.0f) {
      const F ratio = shape.capped(products) * broadcast(1.0f / shape.cap);
      d_scores[v] = d_scores[v] * fnma(ratio, ratio, broadcast(1.0f));
    }
    if (masked) {
      weights[v] = mask_keys(weights[v], v, visible, zero());
      d_scores[v] = mask_keys(d_scores[v], v, visible, zero());
    }
  }
}

// A chunk of a block's rows, and the block of keys that it meets.
struct BackwardChunk {
  int64_t first, rows;
  int64_t key, keys;
};

// P and dS of a chunk against the first kVectors of the packed keys, stored as the products that follow read them.
template <class Operands, int kVectors>
static void chunk_gradients(const AttentionBackwardProblem& p, const QueryBlock& block, BackwardChunk at,
                            const float* deltas, const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim, pitch = Operands::depth(dim);
  const ProductShape size = {at.rows, dim, kVectors * kLanes};
  Operands::multiply(size, {scratch.queries + at.first * pitch, pitch}, {scratch.keys_transposed, pitch},
                     {scratch.scores, kKeys, false});
  Operands::multiply(size, {scratch.d_o + at.first * pitch, pitch}, {scratch.values_transposed, pitch},
                     {scratch.d_weights, kKeys, false});
  QueryBlock::Row row = block.row(at.first);
  F weights[2][kKeyVectors], d_scores[2][kKeyVectors];
  for (int64_t i = 0; i < at.rows; i += 2) {
    for (int64_t j = 0; j < 2; ++j) {
      F w[kVectors], d[kVectors];
      if (i + j < at.rows) {
        row_gradients<kVectors>(scratch.scores + (i + j) * kKeys, scratch.d_weights + (i + j) * kKeys,
                                score_shape(f, block, row, at.key), block.visible(f, row.token, at.key, at.keys),
                                f.lse[row.token * f.n_heads + row.head], deltas[at.first + i + j], w, d);
        Operands::store_row(d, scratch.d_scores + (i + j) * kKeys);
        row = block.after(row);
      }
#pragma GCC unroll 8
      for (int v = 0; v < kKeyVectors; ++v) {
        const bool used = v < kVectors && i + j < at.rows;
        weights[j][v] = used ? w[v % kVectors] : zero();
        d_scores[j][v] = used ? d[v % kVectors] : zero();
      }
    }
    Operands::store_pair(weights[0], weights[1], at.first + i, scratch.weights, kBlockRows);
    Operands::store_pair(d_scores[0], d_scores[1], at.first + i, scratch.d_scores_of_rows, kBlockRows);
  }
}

// dq of a chunk's queries += dS K over `depth` keys.
template <class Operands>
static void add_query_gradients(const AttentionBackwardProblem& p, const QueryBlock& block, BackwardChunk at,
                                int64_t depth, const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim, width = padded(dim);
  Operands::multiply({at.rows, depth, dim}, {scratch.d_scores, kKeys}, {scratch.keys, kKeys},
                     {scratch.dq, width, false});
  QueryBlock::Row row = block.row(at.first);
  for (int64_t i = 0; i < at.rows; ++i, row = block.after(row)) {
    float* dq = p.dq + row.token * f.q_stride + row.head * dim;
    for (int64_t d = 0; d < dim; d += kLanes)
      store_n(dq + d, load_n(dq + d, dim - d) + load(scratch.dq + i * width + d), dim - d);
  }
}

CHAKU_INLINE void clear_query_gradients(const AttentionBackwardProblem& p, const QueryBlock& block) {
  const AttentionProblem& f = p.forward;
  for (int64_t t = block.q_begin; t < block.q_begin + block.positions; ++t)
    __builtin_memset(p.dq + t * f.q_stride + block.head_begin * f.head_dim, 0,
                     static_cast<size_t>(block.heads * f.head_dim) * sizeof(float));
}

// What a block of queries and the packed keys [key, key + keys) add to the gradients.
template <class Operands>
static void block_gradients(const AttentionBackwardProblem& p, const QueryBlock& block, int64_t key, int64_t keys,
                            const float* deltas, Wanted wanted, const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim, rows = block.rows();
  for (int64_t first = 0; first < rows; first += kChunkRows) {
    const BackwardChunk at = {first, min(kChunkRows, rows - first), key, keys};
    const KeyRange seen = block.visible_to_any(f, first, at.rows, key, keys);
    const bool half = seen.end <= kHalfKeys;
    if (half) chunk_gradients<Operands, kKeyVectors / 2>(p, block, at, deltas, scratch);
    else chunk_gradients<Operands, kKeyVectors>(p, block, at, deltas, scratch);
    if (wanted != Wanted::kOfKeys && seen.begin < seen.end)
      add_query_gradients(p, block, at, min(half ? kHalfKeys : kKeys, keys), scratch);
  }
  if (wanted == Wanted::kOfQueries) return;
  const F none[kKeyVectors] = {};
  for (int64_t r = round_up(rows, 2); r < Operands::depth(rows); r += 2) {
    Operands::store_pair(none, none, r, scratch.weights, kBlockRows);
    Operands::store_pair(none, none, r, scratch.d_scores_of_rows, kBlockRows);
  }
  Operands::multiply({dim, rows, kKeys}, {scratch.d_o_transposed, kBlockRows}, {scratch.weights, kBlockRows},
                     {scratch.dv_transposed, kKeys, true});
  Operands::multiply({dim, rows, kKeys}, {scratch.queries_transposed, kBlockRows},
                     {scratch.d_scores_of_rows, kBlockRows}, {scratch.dk_transposed, kKeys, true});
}

// Transposed sums of a block of keys to rows of a gradient.
template <class Operands>
static void write_transposed(const float* from, int64_t keys, int64_t dim, float* to, int64_t stride,
                             const BackwardScratch<Operands>& scratch) {
  transpose_block(from, kKeys, dim, keys, scratch.staging(), padded(dim));
  for (int64_t i = 0; i < keys; ++i)
    __builtin_memcpy(to + i * stride, scratch.staging() + i * padded(dim), static_cast<size_t>(dim) * sizeof(float));
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

// dK and dV of keys [key, key + keys) of one span and key head; with kAll, what these keys add to dQ too.
template <class Operands>
static void key_block_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, const AttentionSpan& span,
                                int64_t kv_head, int64_t key, Wanted wanted,
                                const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim, per_kv = f.n_heads / f.n_kv_heads, keys = min(kKeys, span.q_end - key);
  __builtin_memset(scratch.dk_transposed, 0, static_cast<size_t>(padded(dim) * kKeys) * sizeof(float));
  __builtin_memset(scratch.dv_transposed, 0, static_cast<size_t>(padded(dim) * kKeys) * sizeof(float));
  QueryBlock block{&span, 0, 0, kv_head, 0, 0};
  pack_keys(f, block, key, keys, wanted == Wanted::kAll, scratch);
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
      float deltas[kBlockRows];
      block_deltas(p, block, wanted != Wanted::kAll, deltas);
      pack_queries(p, block, true, scratch);
      block_gradients(p, block, key, keys, deltas, wanted, scratch);
    }
  const int64_t at = key * f.kv_stride + kv_head * dim;
  write_transposed(scratch.dk_transposed, keys, dim, p.dk + at, f.kv_stride, scratch);
  write_transposed(scratch.dv_transposed, keys, dim, p.dv + at, f.kv_stride, scratch);
}

template <class Operands>
static void key_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, ThreadPool& pool) {
  const AttentionProblem& f = p.forward;
  const auto in_span = [&](const AttentionSpan& s) { return ceil_div(s.q_end - s.q_begin, kKeys) * f.n_kv_heads; };
  int64_t count = 0;
  for (int64_t s = 0; s < f.n_spans; ++s) count += in_span(f.spans[s]);
  pool.parallel_for(count, 1, [&](int64_t unit, int64_t, int thread) {
    const typename Operands::InUse in_use;
    const AttentionSpan* span = f.spans;
    while (unit >= in_span(*span)) unit -= in_span(*span++);
    const int64_t key = span->q_begin + unit / f.n_kv_heads * kKeys;  // the first keys are seen by most queries
    const BackwardScratch<Operands> scratch(pool.scratch(thread), f.head_dim);
    key_block_gradients(p, blocks, *span, unit % f.n_kv_heads, key, Wanted::kOfKeys, scratch);
  });
}

template <class Operands>
static void query_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, ThreadPool& pool) {
  const AttentionProblem& f = p.forward;
  pool.parallel_for(blocks.count, 1, [&](int64_t unit, int64_t, int thread) {
    const typename Operands::InUse in_use;
    const QueryBlock block = blocks.find(f, blocks.count - 1 - unit);
    const BackwardScratch<Operands> scratch(pool.scratch(thread), f.head_dim);
    const KeyRange all = block.keys(f);
    float deltas[kBlockRows];
    block_deltas(p, block, true, deltas);
    clear_query_gradients(p, block);
    pack_queries(p, block, false, scratch);
    const int64_t before = (all.begin - block.span->kv_begin) / kKeys * kKeys;  // blocks of keys begin where dK's do
    for (int64_t key = block.span->kv_begin + before; key < all.end; key += kKeys) {
      const int64_t keys = min(kKeys, all.end - key);
      pack_keys(f, block, key, keys, true, scratch);
      prefetch_keys(f, block, key + kKeys, all.end);
      block_gradients(p, block, key, keys, deltas, Wanted::kOfQueries, scratch);
    }
  });
}

// All gradients, one span and key head at a time.
template <class Operands>
static void pair_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, ThreadPool& pool) {
  const AttentionProblem& f = p.forward;
  const int64_t per_kv = f.n_heads / f.n_kv_heads;
  pool.parallel_for(f.n_spans * f.n_kv_heads, 1, [&](int64_t unit, int64_t, int thread) {
    const typename Operands::InUse in_use;
    const AttentionSpan& span = f.spans[unit / f.n_kv_heads];
    const int64_t kv_head = unit % f.n_kv_heads;
    const BackwardScratch<Operands> scratch(pool.scratch(thread), f.head_dim);
    clear_query_gradients(p, {&span, span.q_begin, span.q_end - span.q_begin, kv_head, kv_head * per_kv, per_kv});
    for (int64_t key = span.q_begin; key < span.q_end; key += kKeys)
      key_block_gradients(p, blocks, span, kv_head, key, Wanted::kAll, scratch);
  });
}

// Whether units of a span and key head, five products a score, are done sooner than two passes, seven products and the
// softmax twice, which cost half as much again: the last thread ends at most one unit after its share of the work.
CHAKU_INLINE bool enough_pairs(const AttentionProblem& p, int n_threads) {
  double largest = 0, all = 0;
  for (int64_t s = 0; s < p.n_spans; ++s) {
    const double length = static_cast<double>(p.spans[s].q_end - p.spans[s].q_begin);
    all += length * length * p.n_kv_heads;
    if (length * length > largest) largest = length * length;
  }
  return (n_threads - 1) * largest <= 0.5 * all;
}

template <class Operands>
static void attention_gradients(const AttentionBackwardProblem& p, ThreadPool& pool) {
  const BlockList blocks = list_blocks(p.forward);
  if (enough_pairs(p.forward, pool.n_threads())) return pair_gradients<Operands>(p, blocks, pool);
  store_deltas(p, pool);
  key_gradients<Operands>(p, blocks, pool);
  query_gradients<Operands>(p, blocks, pool);
}

}  // namespace chaku::CHAKU_ISA
