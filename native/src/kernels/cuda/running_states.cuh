// Spans of running memories among the arguments of a kernel, and the states of each.
#pragma once

#include "kernels/cuda/attention_spans.cuh"
#include "kernels/running_state.h"

namespace chaku::cuda {

struct StateList {
  SpanList list;
  RunningState states[kSpansPerLaunch] = {};  // offsets added; null where none is kept
};

// The span of query `i` of a list.
CHAKU_DEVICE int span_index(const SpanList& list, int64_t i) {
  int s = 0;
  while (s + 1 < list.n && i >= list.first[s + 1]) ++s;
  return s;
}

// Calls with_list(list) for the spans of a problem that has spans and states, so many at a time.
template <class Problem, class WithList>
void for_state_lists(const Problem& p, const WithList& with_list) noexcept {
  AttentionProblem spans;
  spans.spans = p.spans;
  spans.n_spans = p.n_spans;
  int64_t first = 0;
  for_span_lists(spans, [&](const SpanList& list) {
    StateList all{list, {}};
    for (int s = 0; s < list.n; ++s) all.states[s] = state_at(p.states, first + s, p.state_offset);
    first += list.n;
    with_list(all);
  });
}

}  // namespace chaku::cuda
