// Formulas of reference/causal_convolution.cpp in float32. Forward: an output a thread; states: a channel of a span a
// thread; backward: a channel a thread, from the last token to the first, since dx may be dy.
#include "kernels/causal_convolution.h"
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/running_states.cuh"

namespace chaku::cuda {
namespace {

CHAKU_DEVICE float sigmoid_of(float x) { return 1.0f / (1.0f + expf(-x)); }

// Channel c of row `row` of a span, which may lie before its first.
CHAKU_DEVICE float input(const CausalConvolutionProblem& p, const AttentionSpan& span, const float* state, int64_t row,
                         int64_t c) {
  if (row >= span.q_begin) return p.x[row * p.channels + c];
  const int64_t before = row - span.q_begin + p.taps - 1;
  return state == nullptr || before < 0 ? 0.0f : state[before * p.channels + c];
}

CHAKU_DEVICE float sum_of(const CausalConvolutionProblem& p, const AttentionSpan& span, const float* state, int64_t t,
                          int64_t c) {
  float sum = 0.0f;
  for (int i = 0; i < p.taps; ++i) sum = fmaf(p.w[c * p.taps + i], input(p, span, state, t - (p.taps - 1) + i, c), sum);
  return sum;
}

struct Forward {
  CausalConvolutionProblem p;
  StateList all;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t c = i % p.channels, query = i / p.channels;
    const int s = span_index(all.list, query);
    const AttentionSpan& span = all.list.spans[s];
    const int64_t t = span.q_begin + (query - all.list.first[s]);
    const float sum = sum_of(p, span, all.states[s].in, t, c);
    p.y[t * p.channels + c] = p.silu ? sum * sigmoid_of(sum) : sum;
  }
};

struct KeepStates {
  CausalConvolutionProblem p;
  StateList all;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t c = i % p.channels;
    const int s = static_cast<int>(i / p.channels);
    if (all.states[s].out == nullptr) return;
    const AttentionSpan& span = all.list.spans[s];
    float last[kMostTaps];  // all are read before the first is written: the states may be the same
    CHAKU_UNROLL
    for (int k = 0; k < kMostTaps; ++k)
      last[k] = k < p.taps - 1 ? input(p, span, all.states[s].in, span.q_end - (p.taps - 1) + k, c) : 0.0f;
    CHAKU_UNROLL
    for (int k = 0; k < kMostTaps; ++k) {
      if (k < p.taps - 1) all.states[s].out[k * p.channels + c] = last[k];
    }
  }
};

struct Backward {
  CausalConvolutionBackwardProblem p;
  SpanList list;
  CHAKU_DEVICE void operator()(int64_t c) const {
    const CausalConvolutionProblem& f = p.forward;
    float dw[kMostTaps] = {};
    for (int s = 0; s < list.n; ++s) {
      const AttentionSpan& span = list.spans[s];
      float later[kMostTaps] = {};  // dp of t, t + 1, ...
      for (int64_t t = span.q_end - 1; t >= span.q_begin; --t) {
        CHAKU_UNROLL
        for (int i = kMostTaps - 1; i > 0; --i) later[i] = later[i - 1];
        const float dy = p.dy[t * f.channels + c], sum = f.silu ? sum_of(f, span, nullptr, t, c) : 0.0f;
        const float g = sigmoid_of(sum);
        later[0] = f.silu ? dy * g * (1.0f + sum * (1.0f - g)) : dy;
        float dx = 0.0f;
        CHAKU_UNROLL
        for (int i = 0; i < kMostTaps; ++i) {
          if (i >= f.taps) continue;
          dx = fmaf(later[i], f.w[c * f.taps + f.taps - 1 - i], dx);
          dw[i] = fmaf(later[0], input(f, span, nullptr, t - (f.taps - 1) + i, c), dw[i]);
        }
        p.dx[t * f.channels + c] = dx;
      }
    }
    if (p.dw == nullptr) return;
    CHAKU_UNROLL
    for (int i = 0; i < kMostTaps; ++i) {
      if (i < f.taps) p.dw[c * f.taps + i] += dw[i];
    }
  }
};

}  // namespace

void causal_convolution(const CausalConvolutionProblem& p, Queue& queue) noexcept {
  for_state_lists(p, [&](const StateList& all) {
    CausalConvolutionProblem q = p;
    q.spans = nullptr;
    q.states = nullptr;
    for_each(queue, all.list.first[all.list.n] * p.channels, Forward{q, all});
    if (p.states != nullptr) for_each(queue, all.list.n * p.channels, KeepStates{q, all});
  });
}

void causal_convolution_backward(const CausalConvolutionBackwardProblem& p, Queue& queue) noexcept {
  for_state_lists(p.forward, [&](const StateList& all) {
    CausalConvolutionBackwardProblem q = p;
    q.forward.spans = nullptr;
    for_each(queue, p.forward.channels, Backward{q, all.list});
  });
}

}  // namespace chaku::cuda
