// Blocked attention: scores exist for one block of queries and 64 keys at a time.
//
// Forward: an online softmax. For each block of keys, in order: S = scale Q KT; m' = max(m, rowmax S); P = e^(S - m');
// l = l e^(m - m') + rowsum P; O = O e^(m - m') + P V; at the end o = O / l and lse = m + ln l. When spans and heads
// are few and keys many (decoding), keys are cut into chunks whose (m, l, O) are merged in their order by whichever
// thread finishes last, so that the result does not depend on which.
// Sources: Milakov and Gimelshein 2018 (online softmax); Dao et al. 2022 (FlashAttention).
#pragma once

#include <math.h>

#include "kernels/cpu/generic/attention_blocks.inl"
#include "kernels/reference/reference.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kFewRows = 8;
constexpr int64_t kMostKeyChunks = 8, kKeysPerChunk = 256, kEnoughAttentionUnits = 16;
constexpr int64_t kSharedBytes = int64_t{1} << 20;  // the upper half of the first thread's scratch: partial results

// The running softmax of a block of rows.
struct RunningRows {
  float max[kMostRows];
  float total[kMostRows];
};

// Turns a row of scaled scores into e^(score - max') and folds it into the running maximum and total; returns the factor for
// what was summed before.
CHAKU_INLINE float fold_row(float* scores, const ScoreShape& shape, KeyRange visible, float* row_max,
                            float* row_total) {
  F s[kKeyVectors];
  F most = broadcast(*row_max);
  for (int v = 0; v < kKeyVectors; ++v) {
    s[v] = mask_keys(shape.with_distance(shape.capped(load(scores + v * kLanes)), v), v, visible);
    most = maximum(most, s[v]);
  }
  const float now = max_of(most);
  if (now == -__builtin_inff()) {  // nothing visible so far
    for (int v = 0; v < kKeyVectors; ++v) store(scores + v * kLanes, zero());
    return 1.0f;
  }
  F run = zero();
  for (int v = 0; v < kKeyVectors; ++v) {
    const F weight = exp(s[v] - broadcast(now));
    store(scores + v * kLanes, weight);
    run = run + weight;
  }
  const float factor = *row_max == now ? 1.0f : expf(*row_max - now);
  *row_max = now;
  *row_total = *row_total * factor + sum(run);
  return factor;
}

CHAKU_INLINE void scale_row(float* x, int64_t n, float factor) {
  for (int64_t i = 0; i < n; i += kLanes) store_n(x + i, load_n(x + i, n - i) * broadcast(factor), n - i);
}

// With few rows (decoding) packing would cost more than it saves: keys and values are read in place, once.

// scores[row][kKeys] = scale * q.k for a block of keys: kLanes keys at a time, each with a vector of partial
// sums; a transposition turns those into one vector of scores.
static void score_few(const AttentionProblem& p, const QueryBlock& block, const KeyBlock& at, int64_t keys,
                      float* scores) {
  for (int64_t first = 0; first < keys; first += kLanes)
    for (int64_t r = 0; r < block.rows(); ++r) {
      const float* q = p.q + block.token(r) * p.q_stride + block.head(r) * p.head_dim;
      F partial[kLanes];
      for (int i = 0; i < kLanes; ++i) partial[i] = zero();
      for (int64_t d = 0; d < p.head_dim; d += kLanes) {
        const int64_t n = p.head_dim - d;
        const F query = load_n(q + d, n);
        for (int i = 0; i < kLanes; ++i) {
          const float* k = at.k + min(first + i, keys - 1) * at.stride + d;
          partial[i] = fma(query, n >= kLanes ? load(k) : load_n(k, n), partial[i]);
        }
      }
      transpose(partial);
      for (int width = kLanes / 2; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) partial[i] = partial[i] + partial[i + width];
      store(scores + r * kKeys + first, partial[0] * broadcast(p.scale));
    }
}

// sums[row][dim] += weights[row][keys] v[keys][dim].
static void add_few(const AttentionProblem& p, const QueryBlock& block, const KeyBlock& at, int64_t keys,
                    const float* weights, float* sums) {
  constexpr int kVectors = 4;  // sums in flight
  for (int64_t r = 0; r < block.rows(); ++r)
    for (int64_t d = 0; d < p.head_dim; d += kVectors * kLanes) {
      const int64_t n = p.head_dim - d;
      F total[kVectors];
      for (int v = 0; v < kVectors; ++v) total[v] = zero();
      for (int64_t j = 0; j < keys; ++j) {
        const float* value = at.v + j * at.stride + d;
        const F weight = broadcast(weights[r * kKeys + j]);
        if (n >= kVectors * kLanes)
          for (int v = 0; v < kVectors; ++v) total[v] = fma(weight, load(value + v * kLanes), total[v]);
        else
          for (int v = 0; v < kVectors; ++v)
            total[v] = fma(weight, load_n(value + v * kLanes, max(n - v * kLanes, 0)), total[v]);
      }
      float* to = sums + r * p.head_dim + d;
      for (int v = 0; v < kVectors && v * kLanes < n; ++v)
        store_n(to + v * kLanes, load_n(to + v * kLanes, n - v * kLanes) + total[v], n - v * kLanes);
    }
}

// Rows of the block against keys [begin, end): fills running and sums[rows][head_dim].
static void attend(const AttentionProblem& p, const QueryBlock& block, int64_t begin, int64_t end,
                   AttentionScratch& scratch, RunningRows& running, float* sums) {
  const int64_t dim = p.head_dim;
  const bool few = block.rows() <= kFewRows;
  for (int64_t r = 0; r < block.rows(); ++r) {
    running.max[r] = -__builtin_inff();
    running.total[r] = 0.0f;
  }
  __builtin_memset(sums, 0, static_cast<size_t>(block.rows() * dim) * sizeof(float));
  for (int64_t key = begin; key < end; key += kKeys) {
    const int64_t keys = min(kKeys, end - key);
    prefetch_keys(p, block, key + kKeys, end);
    const KeyBlock at = fetch_keys(p, block, key, keys, scratch);
    if (few) {
      score_few(p, block, at, keys, scratch.scores);
    } else {
      pack_transposed(at.k, at.stride, keys, dim, scratch.transposed, padded(dim));
      score_block(p, block, p.q, p.q_stride, scratch.transposed, keys, p.scale, scratch.scores);
    }
    for (int64_t r = 0; r < block.rows(); ++r) {
      const KeyRange visible = block.visible(p, r, key, keys);
      const float factor = fold_row(scratch.scores + r * kKeys, score_shape(p, block, r, key), visible,
                                    &running.max[r], &running.total[r]);
      if (factor != 1.0f) scale_row(sums + r * dim, dim, factor);
    }
    if (few) {
      add_few(p, block, at, keys, scratch.scores, sums);
    } else {
      pack_rows(at.v, at.stride, keys, dim, scratch.straight, kKeys);
      multiply_block(block.rows(), {scratch.scores, kKeys}, scratch.straight, kKeys * kPanelColumns, keys,
                     {sums, dim, 1.0f, nullptr, true}, dim);
    }
  }
}

CHAKU_INLINE void finish_row(const AttentionProblem& p, const QueryBlock& block, int64_t r, float max_value,
                             float total, const float* sums) {
  float shrink = 1.0f;
  if (p.sinks != nullptr) {
    const float sink = p.sinks[block.head(r)];
    if (sink > max_value) {
      shrink = expf(max_value - sink);
      total = total * shrink + 1.0f;
      max_value = sink;
    } else {
      total += expf(sink - max_value);
    }
  }
  float* o = p.o + block.token(r) * p.o_stride + block.head(r) * p.head_dim;
  const float factor = shrink / total;
  for (int64_t i = 0; i < p.head_dim; i += kLanes)
    store_n(o + i, load_n(sums + i, p.head_dim - i) * broadcast(factor), p.head_dim - i);
  if (p.lse != nullptr) p.lse[block.token(r) * p.n_heads + block.head(r)] = max_value + logf(total);
}

// One chunk's rows in shared memory: max, total, sums[head_dim].
CHAKU_INLINE int64_t partial_floats(const AttentionProblem& p) { return 2 + p.head_dim; }

static void keep_partial(const AttentionProblem& p, const QueryBlock& block, const RunningRows& running,
                         const float* sums, float* out) {
  for (int64_t r = 0; r < block.rows(); ++r, out += partial_floats(p)) {
    out[0] = running.max[r];
    out[1] = running.total[r];
    __builtin_memcpy(out + 2, sums + r * p.head_dim, static_cast<size_t>(p.head_dim) * sizeof(float));
  }
}

// Merges the chunks of a block in their order. partials[chunk] lie chunk_stride floats apart.
static void merge_partials(const AttentionProblem& p, const QueryBlock& block, const float* partials, int64_t n_chunks,
                           int64_t chunk_stride, float* sums) {
  for (int64_t r = 0; r < block.rows(); ++r) {
    const float* row = partials + r * partial_floats(p);
    float most = -__builtin_inff(), total = 0.0f;
    for (int64_t c = 0; c < n_chunks; ++c) most = row[c * chunk_stride] > most ? row[c * chunk_stride] : most;
    __builtin_memset(sums, 0, static_cast<size_t>(p.head_dim) * sizeof(float));
    for (int64_t c = 0; c < n_chunks; ++c) {
      const float* part = row + c * chunk_stride;
      if (part[1] == 0.0f) continue;  // nothing visible in this chunk
      const float factor = expf(part[0] - most);
      total = __builtin_fmaf(part[1], factor, total);
      for (int64_t i = 0; i < p.head_dim; i += kLanes) {
        const int64_t n = p.head_dim - i;
        store_n(sums + i, fma(load_n(part + 2 + i, n), broadcast(factor), load_n(sums + i, n)), n);
      }
    }
    finish_row(p, block, r, most, total, sums);
  }
}

// How many chunks the keys of each block are cut into: by shape alone.
static int64_t key_chunks(const AttentionProblem& p, const BlockList& blocks) {
  int64_t longest = 0;
  for (int64_t s = 0; s < p.n_spans; ++s) longest = max(longest, p.spans[s].kv_end - p.spans[s].kv_begin);
  if (blocks.count >= kEnoughAttentionUnits || longest < 2 * kKeysPerChunk) return 1;
  const int64_t chunks = min(kMostKeyChunks, longest / kKeysPerChunk);
  const int64_t floats = blocks.count * chunks * blocks.most_rows * partial_floats(p);
  return floats * static_cast<int64_t>(sizeof(float)) <= kSharedBytes ? chunks : 1;
}

void attention(const AttentionProblem& p, ThreadPool& pool) noexcept {
  if (p.head_dim > kMostHeadDim) return reference::attention(p, pool);
  const BlockList blocks = list_blocks(p);
  const int64_t n_chunks = key_chunks(p, blocks), block_stride = blocks.most_rows * partial_floats(p);
  float* shared = reinterpret_cast<float*>(pool.scratch(0) + kAttentionScratchBytes);
  int unfinished[kEnoughAttentionUnits];  // chunks of each block, where there are several
  for (int64_t i = 0; n_chunks > 1 && i < blocks.count; ++i) unfinished[i] = static_cast<int>(n_chunks);
  pool.parallel_for(blocks.count * n_chunks, 1, [&](int64_t unit, int64_t, int thread) {
    const int64_t at = blocks.count - 1 - unit / n_chunks, chunk = unit % n_chunks;  // long rows first
    const QueryBlock block = blocks.find(p, at);
    AttentionScratch scratch(pool.scratch(thread), p.head_dim);
    RunningRows running;
    const KeyRange all = block.keys(p);
    const int64_t per_chunk = round_up(ceil_div(all.end - all.begin, n_chunks), kKeys);
    const int64_t begin = min(all.begin + chunk * per_chunk, all.end), end = min(begin + per_chunk, all.end);
    attend(p, block, begin, end, scratch, running, scratch.sums);
    if (n_chunks == 1) {
      for (int64_t r = 0; r < block.rows(); ++r)
        finish_row(p, block, r, running.max[r], running.total[r], scratch.sums + r * p.head_dim);
      return;
    }
    float* partials = shared + at * n_chunks * block_stride;
    keep_partial(p, block, running, scratch.sums, partials + chunk * block_stride);
    if (__atomic_sub_fetch(&unfinished[at], 1, __ATOMIC_ACQ_REL) == 0)
      merge_partials(p, block, partials, n_chunks, block_stride, scratch.sums);
  });
}

}  // namespace chaku::CHAKU_ISA
