// Blocked attention: scores exist for a few queries and 64 keys at a time.
//
// An online softmax. For each block of keys, in order: S = Q KT; m' = max(m, rowmax S); P = e^(S - m');
// l = l e^(m - m') + rowsum P; O = O e^(m - m') + P V; at the end o = O / l and lse = m + ln l. Exponents are kept in
// base 2. Blocks of keys are counted from the first key of the span, whatever queries are computed: what a row sees is
// cut the same way with any others, and keys that it does not see add zeros. The operands of the two products are a
// parameter (attention_operands.inl); all else is float32. Sources: Milakov and Gimelshein 2018 (online softmax); Dao
// et al. 2022 (FlashAttention).
#pragma once

#include <math.h>

#include "kernels/cpu/generic/attention_blocks.inl"
#include "kernels/cpu/generic/attention_operands.inl"

namespace chaku::CHAKU_ISA {

constexpr int64_t kAttentionScratchBytes = int64_t{1} << 20;

// The running softmax of a block of rows: weights are 2^(score - shift) for scores as exponents of 2. A shift follows
// the greatest score when that is kShiftSlack above it, so that what was summed before is seldom scaled. Totals are
// kept by lane.
constexpr float kShiftSlack = 8.0f;

struct RunningRows {
  float shift[kBlockRows];
  float totals[kBlockRows][kLanes];

  void clear(int64_t rows) {
    for (int64_t r = 0; r < rows; ++r) {
      shift[r] = -__builtin_inff();
      store(totals[r], zero());
    }
  }
  float total(int64_t r) const { return sum(load(totals[r])); }
};

// A thread's buffers, cut from its scratch.
template <class Operands>
struct ForwardScratch {
  using Element = typename Operands::Element;
  float* decoded;    // keys, then values, of a narrower format: each [kKeys][padded(dim)]
  float* scores;     // [Operands::kChunkRows][kKeys]
  float* sums;       // [kBlockRows][padded(dim)]
  Element* queries;  // left: [kBlockRows][depth(dim)]
  Element* keys;     // right: depth is the dimension
  Element* values;   // right: depth is the keys
  Element* weights;  // left: [Operands::kChunkRows][kKeys]

  ForwardScratch(std::byte* memory, int64_t dim) {
    decoded = reinterpret_cast<float*>(memory);
    scores = decoded + 2 * kKeys * padded(dim);
    sums = scores + Operands::kChunkRows * kKeys;
    queries = reinterpret_cast<Element*>(sums + kBlockRows * padded(dim));
    keys = queries + kBlockRows * Operands::depth(dim);
    values = keys + kKeys * Operands::depth(dim);
    weights = values + kKeys * round_up(dim, kPanelColumns);
    static_assert((4 * kKeys * kMostHeadDim + 2 * Operands::kChunkRows * kKeys + 2 * kBlockRows * kMostHeadDim) * 4 <=
                  kAttentionScratchBytes);
  }
};

// Turns a row of products into weights, and folds them into the running row r; returns the factor for what was summed
// before.
template <class Operands, int kVectors>
CHAKU_INLINE float fold_row(const float* scores, const ScoreShape& shape, KeyRange visible, RunningRows& running,
                            int64_t r, typename Operands::Element* weights) {
  F s[kVectors];
  const F none = broadcast(-__builtin_inff()), unit = broadcast(shape.unit);
  F most = none;
  const bool masked = visible.begin > 0 || visible.end < kVectors * kLanes;
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    s[v] = shape.shaped(load(scores + v * kLanes), v);
    if (masked) s[v] = mask_keys(s[v], v, visible, none);
    most = maximum(most, s[v]);
  }
  float factor = 1.0f;
  const float before = running.shift[r];
  F total = load(running.totals[r]);
  if (any(less(broadcast(before + kShiftSlack), most * unit))) {
    running.shift[r] = max_of(most) * shape.unit;
    if (before != -__builtin_inff()) factor = exp2f(before - running.shift[r]);
    total = total * broadcast(factor);
  }
  const bool nothing = running.shift[r] == -__builtin_inff();  // visible so far
  const F offset = broadcast(-running.shift[r]);
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    s[v] = nothing ? zero() : exp2(fma(s[v], unit, offset));
    total = total + s[v];
  }
  Operands::store_row(s, weights);
  store(running.totals[r], total);
  return factor;
}

constexpr int64_t kRowsAhead = 16;  // of the queries, prefetched: they lie apart, and no hardware sees through that

CHAKU_INLINE void prefetch_row(const float* row, int64_t n) {
  constexpr int64_t kLine = 16;
  for (int64_t i = 0; i < n; i += kLine) __builtin_prefetch(row + i);
}

CHAKU_INLINE void scale_row(float* x, int64_t n, float factor) {
  for (int64_t i = 0; i < n; i += kLanes) store(x + i, load(x + i) * broadcast(factor));
}

// A block of packed keys [key, key + n) and their values.
template <class Element>
struct KeyPanels {
  const Element* keys;
  const Element* values;
  int64_t key, n;
};

// Rows [first, first + rows) of the block against packed keys.
template <class Operands, int kVectors>
static void attend_chunk(const AttentionProblem& p, const QueryBlock& block, int64_t first, int64_t rows,
                         const KeyPanels<typename Operands::Element>& at, const ForwardScratch<Operands>& scratch,
                         RunningRows& running) {
  const int64_t dim = p.head_dim, pitch = Operands::depth(dim), width = padded(dim);
  constexpr int64_t kColumns = kVectors * kLanes;
  Operands::multiply({rows, dim, kColumns}, {scratch.queries + first * pitch, pitch}, {at.keys, pitch},
                     {scratch.scores, kKeys, false});
  const auto fold = [&](int64_t i, const ScoreShape& shape, KeyRange visible) {
    const float factor = fold_row<Operands, kVectors>(scratch.scores + i * kKeys, shape, visible, running, first + i,
                                                      scratch.weights + i * kKeys);
    if (factor != 1.0f) scale_row(scratch.sums + (first + i) * width, width, factor);
  };
  QueryBlock::Row row = block.row(first);
  const ScoreShape shape = score_shape(p, block, row, at.key);
  if (shape.plain && block.all_visible(p, first, rows, at.key, kColumns)) {  // nearly everywhere
    for (int64_t i = 0; i < rows; ++i) fold(i, {.plain = true, .unit = shape.unit}, {0, kColumns});
  } else {
    for (int64_t i = 0; i < rows; ++i, row = block.after(row))
      fold(i, score_shape(p, block, row, at.key), block.visible(p, row.token, at.key, at.n));
  }
  Operands::multiply({rows, min(kColumns, at.n), dim}, {scratch.weights, kKeys}, {at.values, kKeys},
                     {scratch.sums + first * width, width, true});
}

// The first block of keys that any query of a span sees.
CHAKU_INLINE int64_t first_key(const AttentionProblem& p, const AttentionSpan& span) {
  return QueryBlock{&span, span.q_begin, 1, 0, 0, 0}.whole_blocks(p).begin;
}

// The keys and values of all spans, packed once by all threads, so that no block of queries has to.
template <class Operands>
class PackedKeys {
 public:
  using Element = typename Operands::Element;

  // Whether keys are packed more than once else, and there is room for all of them.
  static bool pays(const AttentionProblem& p) {
    const BlockList blocks = list_blocks(p);
    int64_t n_blocks = 0;
    for (int64_t s = 0; s < p.n_spans; ++s) n_blocks += key_blocks(p, p.spans[s]);
    const int64_t n_bytes = n_blocks * p.n_kv_heads * elements(p.head_dim) * static_cast<int64_t>(sizeof(Element));
    return blocks.count > p.n_spans * p.n_kv_heads && n_bytes <= ThreadPool::Turn::kSharedBytes;
  }

  // Packs them into the memory of a turn at the pool.
  PackedKeys(const AttentionProblem& p, Queue& queue, std::byte* memory)
      : p_(p), packed_(reinterpret_cast<Element*>(memory)) {
    int64_t n_blocks = 0;
    for (int64_t s = 0; s < p.n_spans; ++s) n_blocks += key_blocks(p, p.spans[s]);
    queue.parallel_for(n_blocks * p.n_kv_heads, 1, [&](int64_t unit, int64_t, int thread) {
      const AttentionSpan* span = p.spans;
      int64_t at = unit / p.n_kv_heads;
      while (at >= key_blocks(p, *span)) at -= key_blocks(p, *span++);
      const int64_t key = first_key(p, *span) + at * kKeys;
      Element* to = packed_ + unit * elements(p.head_dim);
      const QueryBlock block = {span, 0, 0, unit % p.n_kv_heads, 0, 0};
      pack(p, block, KeyBytes::of(p, block), key, min(kKeys, span->kv_end - key),
           reinterpret_cast<float*>(queue.scratch(thread)), to, to + kKeys * Operands::depth(p.head_dim));
    });
  }

  KeyPanels<Element> find(const QueryBlock& block, int64_t key) const {
    int64_t at = (key - first_key(p_, *block.span)) / kKeys;
    for (const AttentionSpan* span = p_.spans; span != block.span; ++span) at += key_blocks(p_, *span);
    const Element* keys = packed_ + (at * p_.n_kv_heads + block.kv_head) * elements(p_.head_dim);
    return {keys, keys + kKeys * Operands::depth(p_.head_dim), key, min(kKeys, block.span->kv_end - key)};
  }

  // Keys [key, key + n) and their values, decoded where they must be.
  static void pack(const AttentionProblem& p, const QueryBlock& block, const KeyBytes& bytes, int64_t key, int64_t n,
                   float* decoded, Element* keys, Element* values) {
    const KeyBlock at = fetch_keys(p, block, bytes, key, n, decoded);
    Operands::pack_transposed(at.k, at.stride, n, p.head_dim, keys);
    Operands::pack_straight(at.v, at.stride, n, p.head_dim, values, kKeys);
  }

 private:
  static int64_t key_blocks(const AttentionProblem& p, const AttentionSpan& span) {
    return ceil_div(span.kv_end - first_key(p, span), kKeys);
  }
  static int64_t elements(int64_t dim) { return kKeys * (Operands::depth(dim) + round_up(dim, kPanelColumns)); }

  const AttentionProblem& p_;
  Element* packed_;
};

// Rows of the block against keys [range.begin, range.end): fills running and scratch.sums. Without `packed`, keys are
// packed here.
template <class Operands>
static void attend_many(const AttentionProblem& p, const QueryBlock& block, KeyRange range,
                        const PackedKeys<Operands>* packed, const ForwardScratch<Operands>& scratch,
                        RunningRows& running) {
  const typename Operands::InUse in_use;
  const int64_t dim = p.head_dim, pitch = Operands::depth(dim);
  const KeyBytes bytes = KeyBytes::of(p, block);
  const auto query = [&](QueryBlock::Row row) { return p.q + row.token * p.q_stride + row.head * dim; };
  QueryBlock::Row row = block.row(0), ahead = block.row(min(kRowsAhead, block.rows()));
  for (int64_t r = 0; r < block.rows(); ++r, row = block.after(row), ahead = block.after(ahead)) {
    if (r + kRowsAhead < block.rows()) prefetch_row(query(ahead), dim);
    Operands::pack_row(query(row), dim, scratch.queries + r * pitch);
  }
  for (int64_t key = range.begin; key < range.end; key += kKeys) {
    KeyPanels<typename Operands::Element> at = {scratch.keys, scratch.values, key, min(kKeys, range.end - key)};
    if (packed != nullptr) {
      at = packed->find(block, key);
    } else {
      prefetch_keys(bytes, key + kKeys, range.end);
      PackedKeys<Operands>::pack(p, block, bytes, key, at.n, scratch.decoded, scratch.keys, scratch.values);
    }
    for (int64_t first = 0; first < block.rows(); first += Operands::kChunkRows) {
      const int64_t rows = min(Operands::kChunkRows, block.rows() - first);
      const KeyRange seen = block.visible_to_any(p, first, rows, key, at.n);
      if (seen.begin >= seen.end) continue;
      with_vectors(seen.end, [&](auto count) {
        attend_chunk<Operands, count.kCount>(p, block, first, rows, at, scratch, running);
      });
    }
  }
}

CHAKU_INLINE void finish_row(const AttentionProblem& p, QueryBlock::Row row, float shift, float total,
                             const float* sums) {
  float shrink = 1.0f;
  if (p.sinks != nullptr) {
    const float sink = p.sinks[row.head] * kLog2E;
    if (sink > shift) {
      shrink = exp2f(shift - sink);
      total = total * shrink + 1.0f;
      shift = sink;
    } else {
      total += exp2f(sink - shift);
    }
  }
  float* o = p.o + row.token * p.o_stride + row.head * p.head_dim;
  const float factor = shrink / total;
  for (int64_t i = 0; i < p.head_dim; i += kLanes) store_n(o + i, load(sums + i) * broadcast(factor), p.head_dim - i);
  if (p.lse != nullptr) p.lse[row.token * p.n_heads + row.head] = shift * kLn2 + logf(total);
}

template <class Operands>
CHAKU_INLINE void clear_rows(const AttentionProblem& p, const QueryBlock& block,
                             const ForwardScratch<Operands>& scratch, RunningRows& running) {
  running.clear(block.rows());
  __builtin_memset(scratch.sums, 0, static_cast<size_t>(block.rows() * padded(p.head_dim)) * sizeof(float));
}

template <class Operands>
CHAKU_INLINE void finish_rows(const AttentionProblem& p, const QueryBlock& block,
                              const ForwardScratch<Operands>& scratch, const RunningRows& running) {
  QueryBlock::Row row = block.row(0);
  for (int64_t r = 0; r < block.rows(); ++r, row = block.after(row))
    finish_row(p, row, running.shift[r], running.total(r), scratch.sums + r * padded(p.head_dim));
}

// All blocks of a problem; attend(block, range, scratch, running) is attend_many.
template <class Operands, class Attend>
static void attend_all(const AttentionProblem& p, Queue& queue, Attend attend) {
  const BlockList blocks = list_blocks(p);
  queue.parallel_for(blocks.count, 1, [&](int64_t unit, int64_t, int thread) {
    const QueryBlock block = blocks.find(p, blocks.count - 1 - unit);  // long rows first
    const ForwardScratch<Operands> scratch(queue.scratch(thread), p.head_dim);
    RunningRows running;
    clear_rows(p, block, scratch, running);
    attend(block, block.whole_blocks(p), scratch, running);
    finish_rows(p, block, scratch, running);
  });
}

}  // namespace chaku::CHAKU_ISA
