// What the forward and the backward pass of attention share: blocks of queries, which keys they see, and their scores.
//
// A block is a run of query positions times some of the heads that share one key head: at most kMostRows rows, ordered
// by head, then position, so that packed keys and values serve all of them.
#pragma once

#include "base/thread_pool.h"
#include "kernels/cpu/generic/decode.inl"
#include "kernels/cpu/generic/math.h"
#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/panels.inl"

namespace chaku::CHAKU_ISA {

constexpr int64_t kKeys = 64;  // of a block of scores
constexpr int kKeyVectors = kKeys / kLanes;
constexpr int64_t kMostRows = 144, kMostHeads = 8, kMostPositions = 60;
constexpr int64_t kMostHeadDim = 512;
constexpr int64_t kAttentionScratchBytes = int64_t{1} << 20;

CHAKU_INLINE int64_t padded(int64_t dim) { return round_up(dim, 16); }

struct KeyRange {
  int64_t begin, end;
};

struct QueryBlock {
  const AttentionSpan* span;
  int64_t q_begin, positions;
  int64_t kv_head, head_begin, heads;

  int64_t rows() const { return positions * heads; }
  int64_t token(int64_t r) const { return q_begin + r % positions; }
  int64_t head(int64_t r) const { return head_begin + r / positions; }
  const float* key_row(const AttentionProblem& p, const float* base, int64_t key) const {
    return base + key * p.kv_stride + kv_head * p.head_dim;
  }
  const uint8_t* encoded_row(const AttentionProblem& p, const void* base, int64_t key) const {
    const DTypeInfo& info = dtype_info(p.kv_dtype);
    const int64_t element = key * p.kv_stride + kv_head * p.head_dim;
    return static_cast<const uint8_t*>(base) + element / info.block_elements * info.block_bytes;
  }
  // All keys that any row sees.
  KeyRange keys(const AttentionProblem& p) const {
    const int64_t last = span->kv_end - (span->q_end - (q_begin + positions - 1)) + 1;
    const int64_t first_end = span->kv_end - (span->q_end - q_begin) + 1;
    return {p.window > 0 ? max(span->kv_begin, first_end - p.window) : span->kv_begin, last};
  }
  // The keys that row r sees, counted from `key` and cut to [0, keys).
  KeyRange visible(const AttentionProblem& p, int64_t r, int64_t key, int64_t keys) const {
    const int64_t end = span->kv_end - (span->q_end - token(r)) + 1;
    const int64_t begin = p.window > 0 ? max(span->kv_begin, end - p.window) : span->kv_begin;
    return {max(begin - key, 0), min(end - key, keys)};
  }
  // The key at row r's own position.
  int64_t own_key(int64_t r) const { return span->kv_end - (span->q_end - token(r)); }
};

// The blocks of a problem, numbered: by span, then by positions, then by group of heads.
struct BlockList {
  int64_t count = 0;
  int64_t most_rows = 0;        // of any block
  int64_t positions = 0;        // of a full block
  int64_t heads = 0;            // of a full block
  int64_t groups_per_kv = 0;    // groups of heads that share a key head
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

CHAKU_INLINE BlockList list_blocks(const AttentionProblem& p) {
  BlockList list;
  const int64_t per_kv = p.n_heads / p.n_kv_heads;
  list.heads = min(per_kv, kMostHeads);
  list.groups_per_kv = ceil_div(per_kv, list.heads);
  list.positions = min(kMostRows / list.heads, kMostPositions) / kTileRows * kTileRows;  // whole tiles
  list.n_kv_heads = p.n_kv_heads;
  for (int64_t s = 0; s < p.n_spans; ++s) {
    list.count += list.in_span(p.spans[s]);
    list.most_rows = max(list.most_rows, min(list.positions, p.spans[s].q_end - p.spans[s].q_begin) * list.heads);
  }
  return list;
}

// A thread's buffers, cut from its scratch.
struct AttentionScratch {
  float* transposed;  // keys as columns: [padded(dim)][kKeys]
  float* straight;    // rows as they lie: [kKeys][padded(dim)]
  float* decoded_k;   // keys of a narrower format: [kKeys][padded(dim)]
  float* decoded_v;
  float* scores;      // [kMostRows][kKeys]
  float* sums;        // [kMostRows][dim]

  AttentionScratch(std::byte* memory, int64_t dim) {
    const int64_t width = round_up(dim, kPanelColumns);
    transposed = reinterpret_cast<float*>(memory);
    straight = transposed + width * kKeys;
    decoded_k = straight + width * kKeys;
    decoded_v = decoded_k + width * kKeys;
    scores = decoded_v + width * kKeys;
    sums = scores + kMostRows * kKeys;
  }
};

static_assert((4 * kMostHeadDim * kKeys + kMostRows * kKeys + kMostRows * kMostHeadDim) * 4 <= kAttentionScratchBytes);

// Asks for the keys and values of [key, end), at most a block of them: they come while the block before is computed.
CHAKU_INLINE void prefetch_keys(const AttentionProblem& p, const QueryBlock& block, int64_t key, int64_t end) {
  constexpr int64_t kLine = 64;  // bytes
  const bool floats = p.kv_dtype == DType::kF32;
  const DTypeInfo& info = dtype_info(p.kv_dtype);
  const int64_t n_bytes = p.head_dim / info.block_elements * info.block_bytes;
  for (int64_t i = key; i < min(key + kKeys, end); ++i) {
    const uint8_t* k = block.encoded_row(p, floats ? p.k : p.k_encoded, i);
    const uint8_t* v = block.encoded_row(p, floats ? p.v : p.v_encoded, i);
    for (int64_t at = 0; at < n_bytes; at += kLine) {
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

CHAKU_INLINE KeyBlock fetch_keys(const AttentionProblem& p, const QueryBlock& block, int64_t key, int64_t keys,
                                 const AttentionScratch& scratch) {
  if (p.kv_dtype == DType::kF32) return {block.key_row(p, p.k, key), block.key_row(p, p.v, key), p.kv_stride};
  const DecodeRange decode = find_decoder(p.kv_dtype);
  const int64_t stride = padded(p.head_dim);
  for (int64_t i = 0; i < keys; ++i) {
    decode(p.kv_dtype, block.encoded_row(p, p.k_encoded, key + i), 0, p.head_dim, scratch.decoded_k + i * stride);
    decode(p.kv_dtype, block.encoded_row(p, p.v_encoded, key + i), 0, p.head_dim, scratch.decoded_v + i * stride);
  }
  return {scratch.decoded_k, scratch.decoded_v, stride};
}

CHAKU_INLINE F lane_numbers(int64_t first) {
  float index[kLanes];
  for (int i = 0; i < kLanes; ++i) index[i] = static_cast<float>(first + i);
  return load(index);
}

// What becomes of a row's scaled scores: the soft cap, then the fall with distance.
struct ScoreShape {
  float cap;    // 0: none
  float slope;  // 0: none
  float own;    // the key at the query's position, counted from the block's first

  F capped(F scores) const { return cap > 0.0f ? soft_capped(scores, cap) : scores; }
  // v is the vector's place in the block of keys.
  F with_distance(F scores, int v) const {
    return slope > 0.0f ? fma(broadcast(slope), lane_numbers(v * kLanes) - broadcast(own), scores) : scores;
  }
};

CHAKU_INLINE ScoreShape score_shape(const AttentionProblem& p, const QueryBlock& block, int64_t r, int64_t key) {
  return {p.soft_cap, p.slopes != nullptr ? p.slopes[block.head(r)] : 0.0f, static_cast<float>(block.own_key(r) - key)};
}

// Scores outside `visible` become -infinity; v is the vector's place in the block of keys.
CHAKU_INLINE F mask_keys(F scores, int v, KeyRange visible) {
  const int64_t first = v * kLanes;
  if (visible.begin <= first && visible.end >= first + kLanes) return scores;
  const F at = lane_numbers(first), none = broadcast(-__builtin_inff());
  const F upper = select(less(at, broadcast(static_cast<float>(visible.end))), scores, none);
  return select(less(at, broadcast(static_cast<float>(visible.begin))), none, upper);
}

// scores[rows][kKeys] = scale * (rows of x) . (packed keys): x is laid out as the queries are.
CHAKU_INLINE void score_block(const AttentionProblem& p, const QueryBlock& block, const float* x, int64_t stride,
                              const float* keys_packed, int64_t keys, float scale, float* scores) {
  const int64_t dim = p.head_dim, panel_stride = padded(dim) * kPanelColumns;
  const float* first = x + block.q_begin * stride + block.head_begin * dim;
  if (block.positions == 1)  // the heads of one position are rows dim apart
    return multiply_block(block.heads, {first, dim}, keys_packed, panel_stride, dim,
                          {scores, kKeys, scale, nullptr, false}, keys);
  for (int64_t h = 0; h < block.heads; ++h)
    multiply_block(block.positions, {first + h * dim, stride}, keys_packed, panel_stride, dim,
                   {scores + h * block.positions * kKeys, kKeys, scale, nullptr, false}, keys);
}

}  // namespace chaku::CHAKU_ISA
