// Attention in float32. With few rows (decoding) packing would cost more than it saves: keys and values are read in
// place, once.
#pragma once

#include "kernels/cpu/generic/attention_forward.inl"
#include "kernels/reference/reference.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kFewRows = 8;

// scores[row][kKeys] = q.k for a block of keys: kLanes keys at a time, each with a vector of partial
// sums; a transposition turns those into one vector of scores.
static void score_few(const AttentionProblem& p, const QueryBlock& block, const KeyBlock& at, int64_t keys,
                      float* scores) {
  for (int64_t first = 0; first < keys; first += kLanes)
    for (int64_t r = 0; r < block.rows(); ++r) {
      const QueryBlock::Row row = block.row(r);
      const float* q = p.q + row.token * p.q_stride + row.head * p.head_dim;
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
      store(scores + r * kKeys + first, partial[0]);
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
      float* to = sums + r * padded(p.head_dim) + d;
      for (int v = 0; v < kVectors && v * kLanes < n; ++v)
        store_n(to + v * kLanes, load_n(to + v * kLanes, n - v * kLanes) + total[v], n - v * kLanes);
    }
}

// attend_many for at most kFewRows rows.
static void attend_few(const AttentionProblem& p, const QueryBlock& block, KeyRange range,
                       const ForwardScratch<FloatOperands>& scratch, RunningRows& running) {
  const int64_t width = padded(p.head_dim);
  const KeyBytes bytes = KeyBytes::of(p, block);
  for (int64_t key = range.begin; key < range.end; key += kKeys) {
    const int64_t keys = min(kKeys, range.end - key);
    prefetch_keys(bytes, key + kKeys, range.end);
    const KeyBlock at = fetch_keys(p, block, bytes, key, keys, scratch.decoded);
    score_few(p, block, at, keys, scratch.scores);
    for (int64_t r = 0; r < block.rows(); ++r) {
      const QueryBlock::Row row = block.row(r);
      const float factor = fold_row<FloatOperands, kKeyVectors>(
          scratch.scores + r * kKeys, score_shape(p, block, row, key), block.visible(p, row.token, key, keys),
          running, r, scratch.weights + r * kKeys);
      if (factor != 1.0f) scale_row(scratch.sums + r * width, width, factor);
    }
    add_few(p, block, at, keys, scratch.weights, scratch.sums);
  }
}

void attention(const AttentionProblem& p, ThreadPool& pool) noexcept {
  if (p.head_dim > kMostHeadDim) return reference::attention(p, pool);
  using Scratch = ForwardScratch<FloatOperands>;
  attend_all<FloatOperands>(
      p, pool, 1, [&](const QueryBlock& block, KeyRange range, const Scratch& scratch, RunningRows& running) {
        if (block.rows() <= kFewRows) attend_few(p, block, range, scratch, running);
        else attend_many<FloatOperands>(p, block, range, nullptr, scratch, running);
      });
}

}  // namespace chaku::CHAKU_ISA
