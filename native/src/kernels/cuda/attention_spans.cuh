// Spans among the arguments of a kernel, and what a query of them sees.
#pragma once

#include "kernels/attention.h"
#include "kernels/cuda/device.cuh"

namespace chaku::cuda {

constexpr int kSpansPerLaunch = 32;

// Some of a problem's spans, and their queries counted through.
struct SpanList {
  AttentionSpan spans[kSpansPerLaunch] = {};
  int64_t first[kSpansPerLaunch + 1] = {};  // queries before each span
  int n = 0;
};

struct Query {
  AttentionSpan span;
  int64_t row;         // of q and o
  int64_t own;         // the key at its position
  int64_t begin, end;  // keys that it sees
};

// Keys that the query of row `row` sees.
CHAKU_DEVICE Query query_of(const AttentionSpan& span, int64_t row, int64_t window, bool both_ways) {
  Query q{span, row, span.kv_end - (span.q_end - row), span.kv_begin, 0};
  q.end = both_ways ? span.kv_end : q.own + 1;
  if (window > 0) {
    q.begin = max(q.begin, both_ways ? q.own - window / 2 : q.own + 1 - window);
    if (both_ways) q.end = min(q.end, q.own + window / 2 + 1);
  }
  return q;
}

// Query `i` of a list.
CHAKU_DEVICE Query query_at(const SpanList& list, int64_t i, int64_t window, bool both_ways) {
  int s = 0;
  while (s + 1 < list.n && i >= list.first[s + 1]) ++s;
  return query_of(list.spans[s], list.spans[s].q_begin + (i - list.first[s]), window, both_ways);
}

// The row of k and v where a key lies.
CHAKU_DEVICE int64_t row_of(const AttentionSpan& span, int64_t key) {
  if (span.blocks == nullptr) return key;
  return int64_t{span.blocks[key / kCacheBlockTokens]} * kCacheBlockTokens + key % kCacheBlockTokens;
}

struct Score {
  float value;
  float slope;  // by scale * q.k
};

// Of scale * q.k between a query and a key so far away.
CHAKU_DEVICE Score shaped_score(const AttentionProblem& p, int head, float product, int64_t distance) {
  Score s{product, 1.0f};
  if (p.soft_cap > 0.0f) {
    const float ratio = tanhf(product / p.soft_cap);
    s = {p.soft_cap * ratio, 1.0f - ratio * ratio};
  }
  if (p.slopes != nullptr) s.value -= p.slopes[head] * static_cast<float>(distance < 0 ? -distance : distance);
  return s;
}

// Calls with_list(list) for the spans of a problem, so many at a time.
template <class WithList>
void for_span_lists(const AttentionProblem& p, const WithList& with_list) noexcept {
  for (int64_t s = 0; s < p.n_spans; s += kSpansPerLaunch) {
    SpanList list;
    list.first[0] = 0;
    for (; list.n < kSpansPerLaunch && s + list.n < p.n_spans; ++list.n) {
      const AttentionSpan& span = p.spans[s + list.n];
      list.spans[list.n] = span;
      list.first[list.n + 1] = list.first[list.n] + (span.q_end - span.q_begin);
    }
    with_list(list);
  }
}

}  // namespace chaku::cuda
