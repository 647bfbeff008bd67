// Backward of blocked attention: probabilities are recomputed from the scores and the forward's log-sum-exp, for a few
// queries and 64 keys at a time, so that nothing of size T x T exists. With P = e^(S - lse), delta = rowsum(do o):
//   dP = do VT;  dS = scale P (dP - delta);  dVT = doT P;  dKT = qT dS;  dQ = dS K.
// P and dS go from registers to where these products read them; dK and dV are transposed when they are done.
// A unit of work is a span and key head, which takes its keys one group of blocks after another. Where those units are
// too few for the threads there are two passes, each of which owns its outputs: one over groups of keys for dK and dV,
// one over blocks of queries for dQ. Scores are then computed twice. Every sum has the same order in both ways, so that
// the number of threads, which chooses between them, changes no bit.
// Source: Dao et al. 2022 (FlashAttention), appendix B.
#pragma once

#include "kernels/cpu/generic/attention_blocks.inl"
#include "kernels/cpu/generic/attention_operands.inl"

namespace chaku::CHAKU_ISA {

constexpr int64_t kMostGroupBlocks = 4;

// What a block of keys brings to the products, and its gradients.
template <class Operands>
struct KeySide {
  using Element = typename Operands::Element;
  float* dk_transposed;        // [padded(dim)][kKeys]
  float* dv_transposed;        // [padded(dim)][kKeys]
  Element* keys_transposed;    // right: depth is the dimension
  Element* values_transposed;  // right: depth is the dimension
  Element* keys;               // right: depth is the keys

  CHAKU_INLINE int64_t bytes(int64_t dim) {
    return kKeys * (2 * padded(dim) * 4 +
                    (2 * Operands::depth(dim) + round_up(dim, kPanelColumns)) * static_cast<int64_t>(sizeof(Element)));
  }
  KeySide(std::byte* memory, int64_t dim) {
    dk_transposed = reinterpret_cast<float*>(memory);
    dv_transposed = dk_transposed + padded(dim) * kKeys;
    keys_transposed = reinterpret_cast<Element*>(dv_transposed + padded(dim) * kKeys);
    values_transposed = keys_transposed + Operands::depth(dim) * kKeys;
    keys = values_transposed + Operands::depth(dim) * kKeys;
  }
};

// A thread's buffers for the backward pass: those of a block of queries, then the sides of a group of blocks of keys.
template <class Operands>
struct BackwardScratch {
  using Element = typename Operands::Element;
  float* scores;                // S: [kChunkRows][kKeys]
  float* d_weights;             // dP: [kChunkRows][kKeys]
  float* dq;                    // [kBlockRows][padded(dim)]
  Element* queries;             // left: [kBlockRows][depth(dim)]
  Element* d_o;                 // left: [kBlockRows][depth(dim)]
  Element* queries_transposed;  // left: [depth(dim)][kBlockRows]
  Element* d_o_transposed;      // left: [depth(dim)][kBlockRows]
  Element* weights;             // P, right: depth is the rows
  Element* d_scores_of_rows;    // dS, right: depth is the rows
  Element* d_scores;            // dS, left: [kChunkRows][kKeys]
  std::byte* sides;
  int64_t dim;

  CHAKU_INLINE int64_t bytes(int64_t dim) {
    return (2 * Operands::kChunkRows * kKeys + kBlockRows * padded(dim)) * 4 +
           (4 * kBlockRows * Operands::depth(dim) + 2 * kBlockRows * kKeys + Operands::kChunkRows * kKeys) *
               static_cast<int64_t>(sizeof(Element));
  }
  // How many blocks of keys meet a block of queries once it is packed: as many as there is room for.
  CHAKU_INLINE int64_t group_blocks(int64_t dim) {
    return min(kMostGroupBlocks, (ThreadPool::kScratchBytes - bytes(dim)) / KeySide<Operands>::bytes(dim));
  }

  BackwardScratch(std::byte* memory, int64_t head_dim) : sides(memory + bytes(head_dim)), dim(head_dim) {
    const int64_t depth = Operands::depth(dim);
    scores = reinterpret_cast<float*>(memory);
    d_weights = scores + Operands::kChunkRows * kKeys;
    dq = d_weights + Operands::kChunkRows * kKeys;
    queries = reinterpret_cast<Element*>(dq + kBlockRows * padded(dim));
    d_o = queries + kBlockRows * depth;
    queries_transposed = d_o + kBlockRows * depth;
    d_o_transposed = queries_transposed + kBlockRows * depth;
    weights = d_o_transposed + kBlockRows * depth;
    d_scores_of_rows = weights + kBlockRows * kKeys;
    d_scores = d_scores_of_rows + kBlockRows * kKeys;
  }

  KeySide<Operands> side(int64_t block) const { return {sides + block * KeySide<Operands>::bytes(dim), dim}; }
  // [kKeys][padded(dim)], where dQ is summed while there is any.
  float* staging() const { return dq; }
};

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
CHAKU_INLINE void block_deltas(const AttentionBackwardProblem& p, const QueryBlock& block, bool stored, float* deltas) {
  QueryBlock::Row row = block.row(0);
  for (int64_t r = 0; r < block.rows(); ++r, row = block.after(row))
    deltas[r] = stored ? p.dq[row.token * p.forward.q_stride + row.head * p.forward.head_dim] : row_delta(p, row);
}

static void store_deltas(const AttentionBackwardProblem& p, Queue& queue) {
  const AttentionProblem& f = p.forward;
  for (int64_t s = 0; s < f.n_spans; ++s)
    queue.parallel_for(f.spans[s].q_end - f.spans[s].q_begin, 16, [&](int64_t begin, int64_t end, int) {
      for (int64_t t = f.spans[s].q_begin + begin; t < f.spans[s].q_begin + end; ++t)
        for (int64_t h = 0; h < f.n_heads; ++h) p.dq[t * f.q_stride + h * f.head_dim] = row_delta(p, {t, h});
    });
}

template <class Operands>
static void pack_keys(const AttentionProblem& p, const QueryBlock& block, int64_t key, int64_t keys, bool straight,
                      const KeySide<Operands>& side) {
  const int64_t dim = p.head_dim;
  const float *k = block.key_row(p, p.k, key), *v = block.key_row(p, p.v, key);
  Operands::pack_transposed(k, p.kv_stride, keys, dim, side.keys_transposed);
  Operands::pack_transposed(v, p.kv_stride, keys, dim, side.values_transposed);
  if (straight) Operands::pack_straight(k, p.kv_stride, keys, dim, side.keys, kKeys);
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

// P and dS of one row.
struct RowGradients {
  F weights[kKeyVectors];
  F d_scores[kKeyVectors];
};

// From kVectors of S and dP; the others are zero.
template <int kVectors>
CHAKU_INLINE void row_gradients(const float* scores, const float* d_weights, const ScoreShape& shape, KeyRange visible,
                                float lse, float delta, RowGradients& out) {
  const F unit = broadcast(shape.unit), offset = broadcast(-lse * kLog2E);
  const F scale = broadcast(shape.scale), less_delta = broadcast(-delta * shape.scale);
  // beyond what is visible lies what earlier blocks left: it must not meet a zero weight as a NaN
  const bool masked = visible.begin > 0 || visible.end < kVectors * kLanes;
#pragma GCC unroll 8
  for (int v = 0; v < kKeyVectors; ++v) {
    out.weights[v] = out.d_scores[v] = zero();
    if (v >= kVectors) continue;
    const F products = load(scores + v * kLanes), d_weight = load(d_weights + v * kLanes);
    out.weights[v] = exp2(fma(shape.shaped(products, v), unit, offset));
    out.d_scores[v] = out.weights[v] * fma(d_weight, scale, less_delta);
    if (shape.cap > 0.0f) {
      const F ratio = shape.capped(products) * broadcast(1.0f / shape.cap);
      out.d_scores[v] = out.d_scores[v] * fnma(ratio, ratio, broadcast(1.0f));
    }
    if (masked) {
      out.weights[v] = mask_keys(out.weights[v], v, visible, zero());
      out.d_scores[v] = mask_keys(out.d_scores[v], v, visible, zero());
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
                            const float* deltas, const KeySide<Operands>& side,
                            const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim, pitch = Operands::depth(dim);
  const ProductShape size = {at.rows, dim, kVectors * kLanes};
  Operands::multiply(size, {scratch.queries + at.first * pitch, pitch}, {side.keys_transposed, pitch},
                     {scratch.scores, kKeys, false});
  Operands::multiply(size, {scratch.d_o + at.first * pitch, pitch}, {side.values_transposed, pitch},
                     {scratch.d_weights, kKeys, false});
  const auto store_rows = [&](int64_t i, const RowGradients& even, const RowGradients& odd) {
    Operands::store_row(even.d_scores, scratch.d_scores + i * kKeys);
    if (i + 1 < at.rows) Operands::store_row(odd.d_scores, scratch.d_scores + (i + 1) * kKeys);
    Operands::store_pair(even.weights, odd.weights, at.first + i, scratch.weights, kBlockRows);
    Operands::store_pair(even.d_scores, odd.d_scores, at.first + i, scratch.d_scores_of_rows, kBlockRows);
  };
  QueryBlock::Row row = block.row(at.first);
  const auto gradients_of = [&](int64_t i, const ScoreShape& shape, KeyRange visible, RowGradients& out) {
    row_gradients<kVectors>(scratch.scores + i * kKeys, scratch.d_weights + i * kKeys, shape, visible,
                            f.lse[row.token * f.n_heads + row.head], deltas[at.first + i], out);
    row = block.after(row);
  };
  const ScoreShape shape = score_shape(f, block, row, at.key);
  RowGradients even, odd = {};
  if (shape.plain && at.rows % 2 == 0 && block.all_visible(f, at.first, at.rows, at.key, size.columns)) {
    const ScoreShape same = {.plain = true, .scale = shape.scale, .unit = shape.unit};
    for (int64_t i = 0; i < at.rows; i += 2) {
      gradients_of(i, same, {0, size.columns}, even);
      gradients_of(i + 1, same, {0, size.columns}, odd);
      store_rows(i, even, odd);
    }
    return;
  }
  const auto own_gradients_of = [&](int64_t i, RowGradients& out) {
    gradients_of(i, score_shape(f, block, row, at.key), block.visible(f, row.token, at.key, at.keys), out);
  };
  for (int64_t i = 0; i < at.rows; i += 2) {
    own_gradients_of(i, even);
    if (i + 1 < at.rows)
      own_gradients_of(i + 1, odd);
    else
      odd = {};
    store_rows(i, even, odd);
  }
}

// The sums of dQ over a group of blocks of keys: they start at zero, and are added to dq at the end.
template <class Operands>
static void clear_query_sums(const QueryBlock& block, const BackwardScratch<Operands>& scratch) {
  __builtin_memset(scratch.dq, 0, static_cast<size_t>(block.rows() * padded(scratch.dim)) * sizeof(float));
}

template <class Operands>
static void add_query_sums(const AttentionBackwardProblem& p, const QueryBlock& block,
                           const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim, width = padded(dim);
  QueryBlock::Row row = block.row(0);
  for (int64_t r = 0; r < block.rows(); ++r, row = block.after(row)) {
    float* dq = p.dq + row.token * f.q_stride + row.head * dim;
    for (int64_t d = 0; d < dim; d += kLanes)
      store_n(dq + d, load_n(dq + d, dim - d) + load(scratch.dq + r * width + d), dim - d);
  }
}

CHAKU_INLINE void clear_query_gradients(const AttentionBackwardProblem& p, const QueryBlock& block) {
  const AttentionProblem& f = p.forward;
  for (int64_t t = block.q_begin; t < block.q_begin + block.positions; ++t)
    __builtin_memset(p.dq + t * f.q_stride + block.head_begin * f.head_dim, 0,
                     static_cast<size_t>(block.heads * f.head_dim) * sizeof(float));
}

// What a packed block of queries and the packed keys [key, key + keys) add to the gradients. Only chunks of rows that
// see any of the keys take part; they lie behind each other.
template <class Operands>
static void block_gradients(const AttentionBackwardProblem& p, const QueryBlock& block, int64_t key, int64_t keys,
                            const float* deltas, Wanted wanted, const KeySide<Operands>& side,
                            const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t dim = f.head_dim, width = padded(dim), rows = block.rows();
  int64_t begin = rows, end = 0;  // of the rows that take part
  for (int64_t first = 0; first < rows; first += Operands::kChunkRows) {
    const BackwardChunk at = {first, min(Operands::kChunkRows, rows - first), key, keys};
    const KeyRange seen = block.visible_to_any(f, first, at.rows, key, keys);
    if (seen.begin >= seen.end) continue;
    begin = min(begin, first);
    end = first + at.rows;
    with_vectors(seen.end, [&](auto count) {
      chunk_gradients<Operands, count.kCount>(p, block, at, deltas, side, scratch);
      if (wanted != Wanted::kOfKeys)
        Operands::multiply({at.rows, min(count.kCount * kLanes, keys), dim}, {scratch.d_scores, kKeys},
                           {side.keys, kKeys}, {scratch.dq + first * width, width, true});
    });
  }
  if (wanted == Wanted::kOfQueries || begin >= end) return;
  const F none[kKeyVectors] = {};
  const int64_t depth_end = min(begin + Operands::depth(end - begin), kBlockRows);
  for (int64_t r = round_up(end, 2); r < depth_end; r += 2) {
    Operands::store_pair(none, none, r, scratch.weights, kBlockRows);
    Operands::store_pair(none, none, r, scratch.d_scores_of_rows, kBlockRows);
  }
  const ProductShape size = {dim, end - begin, kKeys};
  const int64_t panel = begin * kPanelColumns;
  Operands::multiply(size, {scratch.d_o_transposed + begin, kBlockRows}, {scratch.weights + panel, kBlockRows},
                     {side.dv_transposed, kKeys, true});
  Operands::multiply(size, {scratch.queries_transposed + begin, kBlockRows},
                     {scratch.d_scores_of_rows + panel, kBlockRows}, {side.dk_transposed, kKeys, true});
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
      __builtin_prefetch(f.o + t * f.o_stride + i);
      __builtin_prefetch(p.dq + t * f.q_stride + i);
    }
}

// A group of blocks of keys of one span and key head.
struct KeyGroup {
  const AttentionSpan* span;
  int64_t kv_head, begin, end;
};

template <class Operands>
static void pack_group(const AttentionProblem& p, const KeyGroup& group, Wanted wanted,
                       const BackwardScratch<Operands>& scratch) {
  const QueryBlock any = {group.span, 0, 0, group.kv_head, 0, 0};
  for (int64_t key = group.begin; key < group.end; key += kKeys) {
    const KeySide<Operands> side = scratch.side((key - group.begin) / kKeys);
    pack_keys(p, any, key, min(kKeys, group.end - key), wanted == Wanted::kAll, side);
    const size_t n_bytes = static_cast<size_t>(2 * padded(p.head_dim) * kKeys) * sizeof(float);
    __builtin_memset(side.dk_transposed, 0, n_bytes);  // and dv_transposed
  }
}

template <class Operands>
static void write_group(const AttentionBackwardProblem& p, const KeyGroup& group,
                        const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  for (int64_t key = group.begin; key < group.end; key += kKeys) {
    const KeySide<Operands> side = scratch.side((key - group.begin) / kKeys);
    const int64_t at = key * f.kv_stride + group.kv_head * f.head_dim, keys = min(kKeys, group.end - key);
    write_transposed(side.dk_transposed, keys, f.head_dim, p.dk + at, f.kv_stride, scratch);
    write_transposed(side.dv_transposed, keys, f.head_dim, p.dv + at, f.kv_stride, scratch);
  }
}

// dK and dV of a group of keys; with kAll, what these keys add to dQ too.
template <class Operands>
static void group_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, const KeyGroup& group,
                            Wanted wanted, const BackwardScratch<Operands>& scratch) {
  const AttentionProblem& f = p.forward;
  const int64_t per_kv = f.n_heads / f.n_kv_heads, q_end = group.span->q_end;
  pack_group(f, group, wanted, scratch);
  QueryBlock block = {group.span, 0, 0, group.kv_head, 0, 0};
  const int64_t last = f.window > 0 ? min(q_end, group.end - 1 + f.window) : q_end;
  for (int64_t q = group.begin; q < last; q += blocks.positions)
    for (int64_t first = 0; first < per_kv; first += blocks.heads) {
      block.q_begin = q;
      block.positions = min(blocks.positions, last - q);
      block.head_begin = group.kv_head * per_kv + first;
      block.heads = min(blocks.heads, per_kv - first);
      QueryBlock next = block;
      next.q_begin += block.positions;
      prefetch_queries(p, next, last);
      float deltas[kBlockRows];
      block_deltas(p, block, wanted != Wanted::kAll, deltas);
      pack_queries(p, block, true, scratch);
      if (wanted == Wanted::kAll) clear_query_sums(block, scratch);
      for (int64_t key = group.begin; key < group.end; key += kKeys)
        block_gradients(p, block, key, min(kKeys, group.end - key), deltas, wanted,
                        scratch.side((key - group.begin) / kKeys), scratch);
      if (wanted == Wanted::kAll) add_query_sums(p, block, scratch);
    }
  write_group(p, group, scratch);
}

template <class Operands>
static void key_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, Queue& queue) {
  const AttentionProblem& f = p.forward;
  const int64_t length = kKeys * BackwardScratch<Operands>::group_blocks(f.head_dim);
  const auto in_span = [&](const AttentionSpan& s) { return ceil_div(s.q_end - s.q_begin, length) * f.n_kv_heads; };
  int64_t count = 0;
  for (int64_t s = 0; s < f.n_spans; ++s) count += in_span(f.spans[s]);
  queue.parallel_for(count, 1, [&](int64_t unit, int64_t, int thread) {
    const typename Operands::InUse in_use;
    const AttentionSpan* span = f.spans;
    while (unit >= in_span(*span)) unit -= in_span(*span++);
    const int64_t key = span->q_begin + unit / f.n_kv_heads * length;  // the first keys are seen by most queries
    const BackwardScratch<Operands> scratch(queue.scratch(thread), f.head_dim);
    group_gradients(p, blocks, {span, unit % f.n_kv_heads, key, min(key + length, span->q_end)}, Wanted::kOfKeys,
                    scratch);
  });
}

template <class Operands>
static void query_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, Queue& queue) {
  const AttentionProblem& f = p.forward;
  const int64_t length = kKeys * BackwardScratch<Operands>::group_blocks(f.head_dim);
  queue.parallel_for(blocks.count, 1, [&](int64_t unit, int64_t, int thread) {
    const typename Operands::InUse in_use;
    const QueryBlock block = blocks.find(f, blocks.count - 1 - unit);
    const BackwardScratch<Operands> scratch(queue.scratch(thread), f.head_dim);
    const KeyRange all = block.keys(f);
    float deltas[kBlockRows];
    block_deltas(p, block, true, deltas);
    clear_query_gradients(p, block);
    pack_queries(p, block, false, scratch);
    const KeyBytes bytes = KeyBytes::of(f, block);
    const int64_t origin = block.span->kv_begin;  // groups of keys are those of the other pass
    for (int64_t group = origin + (all.begin - origin) / length * length; group < all.end; group += length) {
      clear_query_sums(block, scratch);
      for (int64_t key = group; key < min(group + length, all.end); key += kKeys) {
        const int64_t keys = min(kKeys, all.end - key);
        pack_keys(f, block, key, keys, true, scratch.side(0));
        prefetch_keys(bytes, key + kKeys, all.end);
        block_gradients(p, block, key, keys, deltas, Wanted::kOfQueries, scratch.side(0), scratch);
      }
      add_query_sums(p, block, scratch);
    }
  });
}

// All gradients, one span and key head at a time.
template <class Operands>
static void pair_gradients(const AttentionBackwardProblem& p, const BlockList& blocks, Queue& queue) {
  const AttentionProblem& f = p.forward;
  const int64_t per_kv = f.n_heads / f.n_kv_heads, length = kKeys * BackwardScratch<Operands>::group_blocks(f.head_dim);
  queue.parallel_for(f.n_spans * f.n_kv_heads, 1, [&](int64_t unit, int64_t, int thread) {
    const typename Operands::InUse in_use;
    const AttentionSpan& span = f.spans[unit / f.n_kv_heads];
    const int64_t kv_head = unit % f.n_kv_heads;
    const BackwardScratch<Operands> scratch(queue.scratch(thread), f.head_dim);
    clear_query_gradients(p, {&span, span.q_begin, span.q_end - span.q_begin, kv_head, kv_head * per_kv, per_kv});
    for (int64_t key = span.q_begin; key < span.q_end; key += length)
      group_gradients(p, blocks, {&span, kv_head, key, min(key + length, span.q_end)}, Wanted::kAll, scratch);
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
static void attention_gradients(const AttentionBackwardProblem& p, Queue& queue) {
  const BlockList blocks = list_blocks(p.forward);
  if (enough_pairs(p.forward, queue.n_threads())) return pair_gradients<Operands>(p, blocks, queue);
  store_deltas(p, queue);
  key_gradients<Operands>(p, blocks, queue);
  query_gradients<Operands>(p, blocks, queue);
}

}  // namespace chaku::CHAKU_ISA
