// Attention in float32.
//
// For generated tokens packing would cost more than it saves: keys and values are read in place, once. Spans and heads
// are then few and keys many, so that keys are cut into chunks whose (m, l, O) are merged in their order by whichever
// thread finishes last: the result does not depend on which. Chunks are cut by the place of a key in its span alone,
// and grow with it: with any number of keys there are enough of them, and not too many, and the row of a token is the
// same whatever other rows are computed, now or later.
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
          scratch.scores + r * kKeys, score_shape(p, block, row, key), block.visible(p, row.token, key, keys), running,
          r, scratch.weights + r * kKeys);
      if (factor != 1.0f) scale_row(scratch.sums + r * width, width, factor);
    }
    add_few(p, block, at, keys, scratch.weights, scratch.sums);
  }
}

constexpr int64_t kSharedBytes = int64_t{1} << 20;  // the upper half of the first thread's scratch: partial results

// One chunk's rows in shared memory: shift, total, sums[head_dim].
CHAKU_INLINE int64_t partial_floats(const AttentionProblem& p) { return 2 + p.head_dim; }

static void keep_partial(const AttentionProblem& p, const QueryBlock& block, const RunningRows& running,
                         const float* sums, float* out) {
  for (int64_t r = 0; r < block.rows(); ++r, out += partial_floats(p)) {
    out[0] = running.shift[r];
    out[1] = running.total(r);
    __builtin_memcpy(out + 2, sums + r * padded(p.head_dim), static_cast<size_t>(p.head_dim) * sizeof(float));
  }
}

// Merges the chunks of a block in their order. partials[chunk] lie chunk_stride floats apart; `sums` has room for one
// row.
static void merge_partials(const AttentionProblem& p, const QueryBlock& block, const float* partials, int64_t n_chunks,
                           int64_t chunk_stride, float* sums) {
  for (int64_t r = 0; r < block.rows(); ++r) {
    const float* first = partials + r * partial_floats(p);
    float most = -__builtin_inff(), total = 0.0f;
    for (int64_t c = 0; c < n_chunks; ++c) most = first[c * chunk_stride] > most ? first[c * chunk_stride] : most;
    __builtin_memset(sums, 0, static_cast<size_t>(padded(p.head_dim)) * sizeof(float));
    for (int64_t c = 0; c < n_chunks; ++c) {
      const float* part = first + c * chunk_stride;
      if (part[1] == 0.0f) continue;  // nothing visible in this chunk
      const float factor = exp2f(part[0] - most);
      total = __builtin_fmaf(part[1], factor, total);
      for (int64_t i = 0; i < p.head_dim; i += kLanes)
        store(sums + i, fma(load_n(part + 2 + i, p.head_dim - i), broadcast(factor), load(sums + i)));
    }
    finish_row(p, block.row(r), most, total, sums);
  }
}

constexpr int64_t kLeastChunk = 256, kChunksOfOctave = 4;
constexpr int64_t kMostChunks = 60;  // of 16 Mi keys

// Where the chunk ends that begins at a key, both counted from the span's first: there are kChunksOfOctave of them
// between a power of two and the next.
CHAKU_INLINE int64_t chunk_end(int64_t begin) {
  if (begin < kChunksOfOctave * kLeastChunk) return begin + kLeastChunk;
  return begin + (int64_t{1} << (63 - __builtin_clzll(static_cast<uint64_t>(begin)))) / kChunksOfOctave;
}

// The keys of a block of queries, cut into chunks.
struct KeyChunks {
  int64_t origin;  // the span's first key
  KeyRange range;  // counted from there
  int64_t first;   // begin of the chunk in which the range begins

  KeyChunks(const AttentionProblem& p, const QueryBlock& block) : origin(block.span->kv_begin), first(0) {
    const KeyRange keys = block.whole_blocks(p);
    range = {keys.begin - origin, keys.end - origin};
    while (chunk_end(first) <= range.begin) first = chunk_end(first);
  }
  int64_t count() const {
    int64_t n = 1;
    for (int64_t end = chunk_end(first); end < range.end; end = chunk_end(end)) ++n;
    return n;
  }
  KeyRange chunk(int64_t number) const {
    int64_t begin = first;
    for (; number > 0; --number) begin = chunk_end(begin);
    return {origin + max(begin, range.begin), origin + min(chunk_end(begin), range.end)};
  }
};

constexpr int64_t kMostGroup = 64;  // blocks of queries whose chunks are computed in one parallel section

static_assert(kMostChunks * kFewRows * (2 + 512) * 4 <= kSharedBytes);  // wider heads have room for 8 Mi keys

// Blocks [first, first + count) of a problem, of at most most_chunks chunks each.
static void attend_group(const AttentionProblem& p, const BlockList& blocks, int64_t first, int64_t count,
                         int64_t most_chunks, Queue& queue) {
  const int64_t chunk_stride = blocks.most_rows * partial_floats(p);
  float* shared = reinterpret_cast<float*>(queue.scratch(0) + kAttentionScratchBytes);
  int64_t unfinished[kMostGroup];  // chunks of each block
  for (int64_t i = 0; i < count; ++i) unfinished[i] = KeyChunks(p, blocks.find(p, first + i)).count();
  queue.parallel_for(count * most_chunks, 1, [&](int64_t unit, int64_t, int thread) {
    const int64_t at = unit / most_chunks, number = unit % most_chunks;
    const QueryBlock block = blocks.find(p, first + at);
    const KeyChunks chunks(p, block);
    const int64_t n_chunks = chunks.count();
    if (number >= n_chunks) return;
    const ForwardScratch<FloatOperands> scratch(queue.scratch(thread), p.head_dim);
    RunningRows running;
    clear_rows(p, block, scratch, running);
    attend_few(p, block, chunks.chunk(number), scratch, running);
    if (n_chunks == 1) return finish_rows(p, block, scratch, running);
    float* partials = shared + at * most_chunks * chunk_stride;
    keep_partial(p, block, running, scratch.sums, partials + number * chunk_stride);
    if (__atomic_sub_fetch(&unfinished[at], 1, __ATOMIC_ACQ_REL) == 0)
      merge_partials(p, block, partials, n_chunks, chunk_stride, scratch.sums);
  });
}

static void attend_generated(const AttentionProblem& p, Queue& queue) {
  const BlockList blocks = list_blocks(p, kFewRows);
  int64_t most_chunks = 1;
  for (int64_t i = 0; i < blocks.count; ++i) most_chunks = max(most_chunks, KeyChunks(p, blocks.find(p, i)).count());
  const int64_t block_bytes = most_chunks * blocks.most_rows * partial_floats(p) * static_cast<int64_t>(sizeof(float));
  const int64_t group = min(kMostGroup, kSharedBytes / block_bytes);
  if (group == 0) return reference::attention(p, queue);
  for (int64_t first = 0; first < blocks.count; first += group)
    attend_group(p, blocks, first, min(group, blocks.count - first), most_chunks, queue);
}

void attention(const AttentionProblem& p, Queue& queue) noexcept {
  if (p.head_dim > kMostHeadDim) return reference::attention(p, queue);
  if (p.role == Role::kGenerated) return attend_generated(p, queue);
  using Scratch = ForwardScratch<FloatOperands>;
  attend_all<FloatOperands>(p, queue,
                            [&](const QueryBlock& block, KeyRange range, const Scratch& scratch, RunningRows& running) {
                              attend_many<FloatOperands>(p, block, range, nullptr, scratch, running);
                            });
}

}  // namespace chaku::CHAKU_ISA
