// Channels in vectors, tokens in order: what a span has read stays in registers for the L-1 tokens that need it again.
#pragma once

#include "kernels/cpu/generic/math.h"
#include "kernels/cpu/generic/ops.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

// A vector of channels, its taps, and how many of its lanes are channels.
struct Channels {
  int64_t first, n;
  F w[kMostTaps];
};

CHAKU_INLINE Channels take_channels(const CausalConvolutionProblem& p, int64_t vector) {
  Channels c{vector * kLanes, min(p.channels - vector * kLanes, kLanes), {}};
  for (int32_t i = 0; i < p.taps; ++i) {
    float taps[kLanes] = {};
    for (int64_t lane = 0; lane < c.n; ++lane) taps[lane] = p.w[(c.first + lane) * p.taps + i];
    c.w[i] = load(taps);
  }
  return c;
}

// `state`: the rows before the span, or null.
CHAKU_INLINE F input_row(const CausalConvolutionProblem& p, const AttentionSpan& span, const float* state,
                         const Channels& c, int64_t row) {
  if (row >= span.q_begin) return load_n(p.x + row * p.channels + c.first, c.n);
  const int64_t before = row - span.q_begin + p.taps - 1;
  return state == nullptr ? zero() : load_n(state + before * p.channels + c.first, c.n);
}

static void convolve(const CausalConvolutionProblem& p, int64_t s, const Channels& c) {
  const AttentionSpan& span = p.spans[s];
  const RunningState state = state_at(p.states, s, p.state_offset);
  F window[kMostTaps];  // the last L rows
  for (int32_t i = 0; i < p.taps - 1; ++i)
    window[i + 1] = input_row(p, span, state.in, c, span.q_begin - (p.taps - 1) + i);
  for (int64_t t = span.q_begin; t < span.q_end; ++t) {
    F sum = zero();
    for (int32_t i = 0; i < p.taps - 1; ++i) {
      window[i] = window[i + 1];
      sum = fma(c.w[i], window[i], sum);
    }
    window[p.taps - 1] = load_n(p.x + t * p.channels + c.first, c.n);
    sum = fma(c.w[p.taps - 1], window[p.taps - 1], sum);
    store_n(p.y + t * p.channels + c.first, p.silu ? sum * sigmoid(sum) : sum, c.n);
  }
  if (state.out == nullptr) return;
  for (int32_t i = 0; i < p.taps - 1; ++i) store_n(state.out + i * p.channels + c.first, window[i + 1], c.n);
}

void causal_convolution(const CausalConvolutionProblem& p, Queue& queue) noexcept {
  queue.parallel_for(ceil_div(p.channels, kLanes), 1, [&](int64_t vector, int64_t, int) {
    const Channels c = take_channels(p, vector);
    for (int64_t s = 0; s < p.n_spans; ++s) convolve(p, s, c);
  });
}

// One span, from its last token to its first; sums the taps' gradients into dw.
static void convolve_back(const CausalConvolutionBackwardProblem& p, const AttentionSpan& span, const Channels& c,
                          F* dw) {
  const CausalConvolutionProblem& f = p.forward;
  F later[kMostTaps];  // the sums' gradients at t, t + 1, ...
  for (F& v : later) v = zero();
  for (int64_t t = span.q_end - 1; t >= span.q_begin; --t) {
    F rows[kMostTaps], sum = zero();
    for (int32_t i = 0; i < f.taps; ++i) {
      rows[i] = input_row(f, span, nullptr, c, t - (f.taps - 1) + i);
      sum = fma(c.w[i], rows[i], sum);
    }
    for (int32_t i = f.taps - 1; i > 0; --i) later[i] = later[i - 1];
    later[0] = load_n(p.dy + t * f.channels + c.first, c.n);
    if (f.silu) {
      const F s = sigmoid(sum);
      later[0] = later[0] * s * fma(sum, broadcast(1.0f) - s, broadcast(1.0f));
    }
    F dx = zero();
    for (int32_t i = 0; i < f.taps; ++i) {
      dx = fma(later[i], c.w[f.taps - 1 - i], dx);
      dw[i] = fma(later[0], rows[i], dw[i]);
    }
    store_n(p.dx + t * f.channels + c.first, dx, c.n);
  }
}

void causal_convolution_backward(const CausalConvolutionBackwardProblem& p, Queue& queue) noexcept {
  const CausalConvolutionProblem& f = p.forward;
  queue.parallel_for(ceil_div(f.channels, kLanes), 1, [&](int64_t vector, int64_t, int) {
    const Channels c = take_channels(f, vector);
    F dw[kMostTaps];
    for (F& v : dw) v = zero();
    for (int64_t s = 0; s < f.n_spans; ++s) convolve_back(p, f.spans[s], c, dw);
    if (p.dw == nullptr) return;
    for (int32_t i = 0; i < f.taps; ++i) {
      float sums[kLanes];
      store(sums, dw[i]);
      for (int64_t lane = 0; lane < c.n; ++lane) p.dw[(c.first + lane) * f.taps + i] += sums[lane];
    }
  });
}

}  // namespace chaku::CHAKU_ISA
