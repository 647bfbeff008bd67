// Backward, with p the sum before the activation: dp = dy act'(p);  dx_t = sum_i w_i dp_{t+(L-1)-i};
// dw_i = sum_t dp_t x_{t-(L-1)+i}.
#include "kernels/causal_convolution.h"

#include <algorithm>
#include <cmath>

#include "kernels/reference/reference.h"

namespace chaku::reference {
namespace {

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// Channel c of row `row` of a span, which may lie before its first.
double input(const CausalConvolutionProblem& p, int64_t s, int64_t row, int64_t c) {
  const AttentionSpan& span = p.spans[s];
  if (row >= span.q_begin) return p.x[row * p.channels + c];
  const int64_t before = row - span.q_begin + p.taps - 1;
  const float* state = state_at(p.states, s, p.state_offset).in;
  return state == nullptr || before < 0 ? 0.0 : state[before * p.channels + c];
}

double sum_of(const CausalConvolutionProblem& p, int64_t s, int64_t t, int64_t c) {
  double sum = 0;
  for (int32_t i = 0; i < p.taps; ++i)
    sum += static_cast<double>(p.w[c * p.taps + i]) * input(p, s, t - (p.taps - 1) + i, c);
  return sum;
}

double d_sum(const CausalConvolutionBackwardProblem& p, int64_t at, int64_t t, int64_t c) {
  const double dy = p.dy[t * p.forward.channels + c];
  if (!p.forward.silu) return dy;
  const double sum = sum_of(p.forward, at, t, c), s = sigmoid(sum);
  return dy * s * (1.0 + sum * (1.0 - s));
}

}  // namespace

void causal_convolution(const CausalConvolutionProblem& p, Queue& queue) noexcept {
  for (int64_t at = 0; at < p.n_spans; ++at) {
    const AttentionSpan& span = p.spans[at];
    queue.parallel_for(p.channels, 16, [&](int64_t begin, int64_t end, int) {
      for (int64_t c = begin; c < end; ++c) {
        for (int64_t t = span.q_begin; t < span.q_end; ++t) {
          const double sum = sum_of(p, at, t, c);
          p.y[t * p.channels + c] = static_cast<float>(p.silu ? sum * sigmoid(sum) : sum);
        }
        float* state = state_at(p.states, at, p.state_offset).out;
        if (state == nullptr) continue;
        double last[kMostTaps];
        for (int32_t i = 0; i < p.taps - 1; ++i) last[i] = input(p, at, span.q_end - (p.taps - 1) + i, c);
        for (int32_t i = 0; i < p.taps - 1; ++i) state[i * p.channels + c] = static_cast<float>(last[i]);
      }
    });
  }
}

void causal_convolution_backward(const CausalConvolutionBackwardProblem& p, Queue& queue) noexcept {
  const CausalConvolutionProblem& f = p.forward;
  queue.parallel_for(f.channels, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t c = begin; c < end; ++c)
      for (int64_t at = 0; at < f.n_spans; ++at) {
        const AttentionSpan& span = f.spans[at];
        double later[kMostTaps] = {};  // dp of t, t + 1, ...
        for (int64_t t = span.q_end - 1; t >= span.q_begin; --t) {
          std::move_backward(later, later + kMostTaps - 1, later + kMostTaps);
          later[0] = d_sum(p, at, t, c);
          double dx = 0;
          for (int32_t i = 0; i < f.taps; ++i) {
            dx += later[i] * f.w[c * f.taps + f.taps - 1 - i];
            if (p.dw != nullptr)
              p.dw[c * f.taps + i] += static_cast<float>(later[0] * input(f, at, t - (f.taps - 1) + i, c));
          }
          p.dx[t * f.channels + c] = static_cast<float>(dx);
        }
      }
  });
}

}  // namespace chaku::reference
