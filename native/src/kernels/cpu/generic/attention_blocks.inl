// What the forward and the backward pass of attention share: blocks of queries, which keys they see, and their scores.
//
// A block is a run of query positions times some of the heads that share one key head: at most kBlockRows rows, ordered
// by position, then head, so that packed keys and values serve all of them, and a few rows see nearly the same keys.
#pragma once

#include "base/thread_pool.h"
#include "kernels/cpu/generic/decode.inl"
#include "kernels/cpu/generic/math.h"
#include "kernels/cpu/generic/ops.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kKeys = 64;                   // of a block of scores
static_assert(kCacheBlockTokens % kKeys == 0);  // a block of keys lies in one of the cache
constexpr int kKeyVectors = kKeys / kLanes;
constexpr int kStepVectors = 16 / kLanes;           // the keys of a block that a product takes are a multiple of 16
constexpr int64_t kBlockRows = 96, kMostHeads = 8;  // of a block of queries
constexpr int64_t kMostHeadDim = 576;
constexpr float kLog2E = 1.44269504f, kLn2 = 0.693147181f;

CHAKU_INLINE int64_t padded(int64_t dim) { return round_up(dim, 16); }

struct KeyRange {
  int64_t begin, end;
};

// As AttentionSpan::row_of, which must not leave a copy compiled for a wider instruction set.
CHAKU_INLINE int64_t row_of(const AttentionSpan& span, int64_t key) {
  if (span.blocks == nullptr) return key;
  return int64_t{span.blocks[key / kCacheBlockTokens]} * kCacheBlockTokens + key % kCacheBlockTokens;
}

struct QueryBlock {
  const AttentionSpan* span;
  int64_t q_begin, positions;
  int64_t kv_head, head_begin, heads;

  struct Row {
    int64_t token, head;
  };

  int64_t rows() const { return positions * heads; }
  Row row(int64_t r) const { return {q_begin + r / heads, head_begin + r % heads}; }
  Row after(Row row) const {
    if (row.head + 1 < head_begin + heads) return {row.token, row.head + 1};
    return {row.token + 1, head_begin};
  }
  const float* key_row(const AttentionProblem& p, const float* base, int64_t key) const {
    return base + row_of(*span, key) * p.kv_stride + kv_head * p.head_dim;
  }
  // All keys that any row sees.
  KeyRange keys(const AttentionProblem& p) const {
    return {seen(p, q_begin).begin, seen(p, q_begin + positions - 1).end};
  }
  // The same from the beginning of a block of keys, counted from the span's first.
  KeyRange whole_blocks(const AttentionProblem& p) const {
    const KeyRange all = keys(p);
    return {all.begin - (all.begin - span->kv_begin) % kKeys, all.end};
  }
  // The key at a query's own position.
  int64_t own_key(int64_t token) const { return span->kv_end - (span->q_end - token); }
  // The keys that a query sees. Neither end goes back from one query to the next.
  KeyRange seen(const AttentionProblem& p, int64_t token) const {
    const int64_t own = own_key(token), begin = span->kv_begin;
    if (!p.both_ways) return {p.window > 0 ? max(begin, own + 1 - p.window) : begin, own + 1};
    if (p.window == 0) return {begin, span->kv_end};
    return {max(begin, own - p.window / 2), min(span->kv_end, own + p.window / 2 + 1)};
  }
  // The same, counted from `key` and cut to [0, keys).
  KeyRange visible(const AttentionProblem& p, int64_t token, int64_t key, int64_t keys) const {
    const KeyRange range = seen(p, token);
    return {max(range.begin - key, 0), min(range.end - key, keys)};
  }
  // The keys that any of some rows sees, counted and cut likewise; empty when begin >= end.
  KeyRange visible_to_any(const AttentionProblem& p, int64_t first, int64_t rows, int64_t key, int64_t keys) const {
    return {visible(p, row(first).token, key, keys).begin, visible(p, row(first + rows - 1).token, key, keys).end};
  }
  // Whether each of some rows sees all of [key, key + keys).
  bool all_visible(const AttentionProblem& p, int64_t first, int64_t rows, int64_t key, int64_t keys) const {
    return visible(p, row(first).token, key, keys).end == keys &&
           visible(p, row(first + rows - 1).token, key, keys).begin == 0;
  }
};

// The blocks of a problem, numbered: by span, then by positions, then by group of heads.
struct BlockList {
  int64_t count = 0;
  int64_t most_rows = 0;      // of any block
  int64_t positions = 0;      // of a full block
  int64_t heads = 0;          // of a full block
  int64_t groups_per_kv = 0;  // groups of heads that share a key head
  int64_t n_kv_heads = 0;

  int64_t groups() const { return groups_per_kv * n_kv_heads; }
  int64_t in_span(const AttentionSpan& s) const { return ceil_div(s.q_end - s.q_begin, positions) * groups(); }

  QueryBlock find(const AttentionProblem& p, int64_t at) const {
    const AttentionSpan* span = p.spans;
    while (at >= in_span(*span)) at -= in_span(*span++);
    const int64_t group = at % groups(), per_kv = p.n_heads / p.n_kv_heads;
    QueryBlock b;
    b.span = span;
    b.q_begin = span->q_begin + at / groups() * positions;
    b.positions = min(positions, span->q_end - b.q_begin);
    b.kv_head = group / groups_per_kv;
    const int64_t first = group % groups_per_kv * heads;
    b.head_begin = b.kv_head * per_kv + first;
    b.heads = min(heads, per_kv - first);
    return b;
  }
};

CHAKU_INLINE BlockList list_blocks(const AttentionProblem& p, int64_t most_rows = kBlockRows) {
  BlockList list;
  const int64_t per_kv = p.n_heads / p.n_kv_heads;
  list.heads = min(per_kv, kMostHeads);
  list.groups_per_kv = ceil_div(per_kv, list.heads);
  list.positions = most_rows / list.heads;
  list.n_kv_heads = p.n_kv_heads;
  for (int64_t s = 0; s < p.n_spans; ++s) {
    list.count += list.in_span(p.spans[s]);
    list.most_rows = max(list.most_rows, min(list.positions, p.spans[s].q_end - p.spans[s].q_begin) * list.heads);
  }
  return list;
}

// Where the keys and values of a block's head lie, whatever their format.
struct KeyBytes {
  const uint8_t *k, *v;    // of row 0
  int64_t stride, length;  // of a row
  const AttentionSpan* span;

  CHAKU_INLINE KeyBytes of(const AttentionProblem& p, const QueryBlock& block) {
    const bool floats = p.kv_dtype == DType::kF32;
    const DTypeInfo& info = dtype_info(p.kv_dtype);
    const auto bytes = [&](int64_t elements) { return elements / info.block_elements * info.block_bytes; };
    const int64_t head = bytes(block.kv_head * p.head_dim);
    return {static_cast<const uint8_t*>(floats ? p.k : p.k_encoded) + head,
            static_cast<const uint8_t*>(floats ? p.v : p.v_encoded) + head, bytes(p.kv_stride), bytes(p.head_dim),
            block.span};
  }
};

// Asks for the keys and values of [key, end), at most a block of them: they come while the block before is computed.
CHAKU_INLINE void prefetch_keys(const KeyBytes& bytes, int64_t key, int64_t end) {
  constexpr int64_t kLine = 64;
  if (key >= end) return;
  const int64_t first = row_of(*bytes.span, key);
  for (int64_t i = first; i < first + min(kKeys, end - key); ++i) {
    const uint8_t *k = bytes.k + i * bytes.stride, *v = bytes.v + i * bytes.stride;
    for (int64_t at = 0; at < bytes.length; at += kLine) {
      __builtin_prefetch(k + at);
      __builtin_prefetch(v + at);
    }
  }
}

// The keys and values of a block of keys as floats: where they lie, or decoded into the scratch.
struct KeyBlock {
  const float* k;  // [keys][stride]
  const float* v;
  int64_t stride;
};

// `decoded` has room for twice kKeys rows of padded(dim).
CHAKU_INLINE KeyBlock fetch_keys(const AttentionProblem& p, const QueryBlock& block, const KeyBytes& bytes, int64_t key,
                                 int64_t keys, float* decoded) {
  if (p.kv_dtype == DType::kF32) return {block.key_row(p, p.k, key), block.key_row(p, p.v, key), p.kv_stride};
  const DecodeRange decode = find_decoder(p.kv_dtype);
  const int64_t stride = padded(p.head_dim);
  float* decoded_v = decoded + kKeys * stride;
  const int64_t first = row_of(*bytes.span, key);
  for (int64_t i = 0; i < keys; ++i) {
    decode(p.kv_dtype, bytes.k + (first + i) * bytes.stride, 0, p.head_dim, decoded + i * stride);
    decode(p.kv_dtype, bytes.v + (first + i) * bytes.stride, 0, p.head_dim, decoded_v + i * stride);
  }
  return {decoded, decoded_v, stride};
}

CHAKU_INLINE F lane_numbers(int64_t first) {
  float index[kLanes];
  for (int i = 0; i < kLanes; ++i) index[i] = static_cast<float>(first + i);
  return load(index);
}

// What becomes of a row's products q.k: the scale, the soft cap, then the fall with distance. Where there is the scale
// alone, products stay as they are and `unit` holds it.
struct ScoreShape {
  bool plain = false;
  float scale = 0;
  float cap = 0;    // 0: none
  float slope = 0;  // 0: none
  float own = 0;    // the key at the query's position, counted from the block's first
  float unit = 0;   // of what shaped() returns, as an exponent of 2

  F capped(F products) const {
    const F scores = products * broadcast(scale);
    return cap > 0.0f ? soft_capped(scores, cap) : scores;
  }
  // v is the vector's place in the block of keys.
  F with_distance(F scores, int v) const {
    if (slope <= 0.0f) return scores;
    const F ahead = lane_numbers(v * kLanes) - broadcast(own);
    return fma(broadcast(slope), minimum(ahead, zero() - ahead), scores);
  }
  F shaped(F products, int v) const { return plain ? products : with_distance(capped(products), v); }
};

CHAKU_INLINE ScoreShape score_shape(const AttentionProblem& p, const QueryBlock& block, QueryBlock::Row row,
                                    int64_t key) {
  const bool plain = p.soft_cap <= 0.0f && p.slopes == nullptr && p.scale > 0.0f;
  return {plain,
          p.scale,
          p.soft_cap,
          p.slopes != nullptr ? p.slopes[row.head] : 0.0f,
          static_cast<float>(block.own_key(row.token) - key),
          plain ? p.scale * kLog2E : kLog2E};
}

// Lanes outside `visible` become `instead`; v is the vector's place in the block of keys.
CHAKU_INLINE F mask_keys(F values, int v, KeyRange visible, F instead) {
  const int64_t first = v * kLanes;
  if (visible.begin <= first && visible.end >= first + kLanes) return values;
  const F at = lane_numbers(first);
  const F upper = select(less(at, broadcast(static_cast<float>(visible.end))), values, instead);
  return select(less(at, broadcast(static_cast<float>(visible.begin))), instead, upper);
}

// run(count) with the vectors of the least multiple of 16 keys that holds `end` of them, which is at most kKeys.
template <int kVectors>
struct VectorCount {
  static constexpr int kCount = kVectors;
};

template <class Run>
CHAKU_INLINE void with_vectors(int64_t end, Run run) {
  switch (ceil_div(end, 16)) {
    case 1: return run(VectorCount<kStepVectors>());
    case 2: return run(VectorCount<2 * kStepVectors>());
    case 3: return run(VectorCount<3 * kStepVectors>());
    default: return run(VectorCount<kKeyVectors>());
  }
}

// In training, runs of consecutive spans of at least kManyQueries queries, which pay for rounding their operands, and
// of fewer: many(run) or few(run), problems with a part of the spans.
template <class Many, class Few>
CHAKU_INLINE void for_each_run(const AttentionProblem& p, Many many, Few few) {
  constexpr int64_t kManyQueries = 16;
  const auto is_many = [&](int64_t s) { return p.spans[s].q_end - p.spans[s].q_begin >= kManyQueries; };
  for (int64_t begin = 0; begin < p.n_spans;) {
    int64_t end = begin + 1;
    while (end < p.n_spans && is_many(end) == is_many(begin)) ++end;
    AttentionProblem run = p;
    run.spans += begin;
    run.n_spans = end - begin;
    if (is_many(begin))
      many(run);
    else
      few(run);
    begin = end;
  }
}

}  // namespace chaku::CHAKU_ISA
