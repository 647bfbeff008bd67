// A column of S, with the value, output and correction of its index, depends on no other column: everything is done
// column by column, and the backward pass runs the column anew up to each token rather than keep its states.
//
// Backward, with G the gradient of S, from the last token to the first:
//   G += q do^T;  dq = S do;  du = G^T k;  dk = G u;  db = du.(v - S'^T k);  dv = b du;  dr = -b du;
//   dk += S' dr;  G' = G + k dr^T;  dg = sum G' S_before;  G = g G'
// and then through the unit length: dx = (dy - y (y.dy)) / |x|.
#include "kernels/delta_rule.h"

#include <algorithm>
#include <cmath>

#include "kernels/reference/reference.h"

namespace chaku::reference {
namespace {

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double softplus(double x) { return x > 30 ? x : std::log1p(std::exp(x)); }

int64_t key_head_of(const DeltaRuleProblem& p, int64_t head) {
  return p.tiled ? head % p.n_key_heads : head / (p.n_value_heads / p.n_key_heads);
}

// What a token says to one value head.
struct Step {
  const float* q;
  const float* k;
  double q_factor, k_factor;  // unit length, and 1/sqrt(dk) for q
  double keep, write;         // g, b
};

double factor(const float* x, int64_t n, double epsilon) {
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * x[i];
  return 1.0 / std::max(std::sqrt(squares), epsilon);
}

Step step_of(const DeltaRuleProblem& p, int64_t t, int64_t head) {
  Step s;
  const int64_t at = t * p.stride + key_head_of(p, head) * p.key_dim, gate = t * p.n_value_heads + head;
  s.q = p.q + at;
  s.k = p.k + at;
  s.q_factor = factor(s.q, p.key_dim, p.epsilon) / std::sqrt(static_cast<double>(p.key_dim));
  s.k_factor = factor(s.k, p.key_dim, p.epsilon);
  s.keep = std::exp(p.rate[head] * softplus(p.alpha[gate]));
  s.write = sigmoid(p.beta[gate]);
  return s;
}

double value(const DeltaRuleProblem& p, int64_t t, int64_t head, int64_t column) {
  return p.v[t * p.stride + head * p.value_dim + column];
}

// S'^T k of a column before the token.
double recalled(const DeltaRuleProblem& p, const Step& s, const double* column) {
  double sum = 0;
  for (int64_t i = 0; i < p.key_dim; ++i) sum += s.keep * column[i] * s.k[i] * s.k_factor;
  return sum;
}

// The column after token t; returns o.
double advance(const DeltaRuleProblem& p, const Step& s, double v, double* column) {
  const double u = s.write * (v - recalled(p, s, column));
  double o = 0;
  for (int64_t i = 0; i < p.key_dim; ++i) {
    column[i] = s.keep * column[i] + s.k[i] * s.k_factor * u;
    o += column[i] * s.q[i] * s.q_factor;
  }
  return o;
}

void run_column(const DeltaRuleProblem& p, int64_t s, int64_t head, int64_t c) {
  const AttentionSpan& span = p.spans[s];
  const RunningState state = state_at(p.states, s, p.state_offset);
  double column[kMostKeyDim] = {};
  const int64_t at = head * p.key_dim * p.value_dim + c;
  if (state.in != nullptr)
    for (int64_t i = 0; i < p.key_dim; ++i) column[i] = state.in[at + i * p.value_dim];
  for (int64_t t = span.q_begin; t < span.q_end; ++t) {
    p.o[(t * p.n_value_heads + head) * p.value_dim + c] =
        static_cast<float>(advance(p, step_of(p, t, head), value(p, t, head, c), column));
    if (state.out == nullptr) continue;
    // A state that is kept is rounded after each token: a text gives the same bits however it is cut.
    for (int64_t i = 0; i < p.key_dim; ++i) column[i] = static_cast<float>(column[i]);
  }
  if (state.out != nullptr)
    for (int64_t i = 0; i < p.key_dim; ++i) state.out[at + i * p.value_dim] = static_cast<float>(column[i]);
}

// Folds column c at token t into the gradients of the token's unit key and query and of g and b, which gather in dk,
// dq, dalpha and dbeta; `later` is G and moves to the token before.
void step_back(const DeltaRuleBackwardProblem& p, const AttentionSpan& span, int64_t t, int64_t head, int64_t c,
               double* later) {
  const DeltaRuleProblem& f = p.forward;
  double before[kMostKeyDim] = {};
  for (int64_t i = span.q_begin; i < t; ++i) advance(f, step_of(f, i, head), value(f, i, head, c), before);
  const Step s = step_of(f, t, head);
  const double error = value(f, t, head, c) - recalled(f, s, before), u = s.write * error;
  const int64_t gate = t * f.n_value_heads + head, at = t * f.stride + key_head_of(f, head) * f.key_dim;
  const double d_o = p.d_o[gate * f.value_dim + c];
  double du = 0, keep = 0;
  for (int64_t i = 0; i < f.key_dim; ++i) {
    const double k = s.k[i] * s.k_factor;
    later[i] += s.q[i] * s.q_factor * d_o;
    p.dq[at + i] += static_cast<float>((s.keep * before[i] + k * u) * d_o);
    du += later[i] * k;
  }
  const double dr = -s.write * du;
  for (int64_t i = 0; i < f.key_dim; ++i) {
    p.dk[at + i] += static_cast<float>(later[i] * u + s.keep * before[i] * dr);
    later[i] += s.k[i] * s.k_factor * dr;
    keep += later[i] * before[i];
    later[i] *= s.keep;
  }
  p.dv[t * f.stride + head * f.value_dim + c] = static_cast<float>(s.write * du);
  p.dbeta[gate] += static_cast<float>(du * error);
  p.dalpha[gate] += static_cast<float>(keep);
}

// dy, the gradient of y = scale x / |x|, becomes that of x: scale (dy - y' (y'.dy)) / |x| with y' = x / |x|.
void through_length(const float* x, int64_t n, double epsilon, double scale, float* dy) {
  const double inverse = factor(x, n, epsilon);
  double along = 0;
  if (inverse < 1.0 / epsilon)
    for (int64_t i = 0; i < n; ++i) along += x[i] * inverse * dy[i];
  for (int64_t i = 0; i < n; ++i) dy[i] = static_cast<float>(scale * inverse * (dy[i] - x[i] * inverse * along));
}

// What gathered in dalpha and dbeta is the gradient of g and b.
void through_gates(const DeltaRuleBackwardProblem& p, int64_t t, int64_t head) {
  const DeltaRuleProblem& f = p.forward;
  const int64_t gate = t * f.n_value_heads + head;
  const Step s = step_of(f, t, head);
  const double d_log_keep = p.dalpha[gate] * s.keep;
  p.dbeta[gate] = static_cast<float>(p.dbeta[gate] * s.write * (1.0 - s.write));
  p.dalpha[gate] = static_cast<float>(d_log_keep * f.rate[head] * sigmoid(f.alpha[gate]));
  if (p.drate != nullptr) p.drate[head] += static_cast<float>(d_log_keep * softplus(f.alpha[gate]));
}

// Value heads that share a key head add to the same gradients.
void key_head_backward(const DeltaRuleBackwardProblem& p, const AttentionSpan& span, int64_t key_head) {
  const DeltaRuleProblem& f = p.forward;
  const int64_t first = span.q_begin * f.stride + key_head * f.key_dim;
  for (int64_t t = 0; t < span.q_end - span.q_begin; ++t) {
    std::fill_n(p.dq + first + t * f.stride, f.key_dim, 0.0f);
    std::fill_n(p.dk + first + t * f.stride, f.key_dim, 0.0f);
  }
  for (int64_t head = 0; head < f.n_value_heads; ++head) {
    if (key_head_of(f, head) != key_head) continue;
    for (int64_t t = span.q_begin; t < span.q_end; ++t)
      p.dbeta[t * f.n_value_heads + head] = p.dalpha[t * f.n_value_heads + head] = 0.0f;
    for (int64_t c = 0; c < f.value_dim; ++c) {
      double later[kMostKeyDim] = {};
      for (int64_t t = span.q_end - 1; t >= span.q_begin; --t) step_back(p, span, t, head, c, later);
    }
    for (int64_t t = span.q_begin; t < span.q_end; ++t) through_gates(p, t, head);
  }
  for (int64_t t = 0; t < span.q_end - span.q_begin; ++t) {
    const int64_t at = first + t * f.stride;
    through_length(f.q + at, f.key_dim, f.epsilon, 1.0 / std::sqrt(static_cast<double>(f.key_dim)), p.dq + at);
    through_length(f.k + at, f.key_dim, f.epsilon, 1.0, p.dk + at);
  }
}

}  // namespace

void delta_rule(const DeltaRuleProblem& p, Queue& queue) noexcept {
  for (int64_t s = 0; s < p.n_spans; ++s)
    queue.parallel_for(int64_t{p.n_value_heads} * p.value_dim, 4, [&](int64_t begin, int64_t end, int) {
      for (int64_t at = begin; at < end; ++at) run_column(p, s, at / p.value_dim, at % p.value_dim);
    });
}

void delta_rule_backward(const DeltaRuleBackwardProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.forward.n_key_heads, 1, [&](int64_t key_head, int64_t, int) {
    for (int64_t s = 0; s < p.forward.n_spans; ++s) key_head_backward(p, p.forward.spans[s], key_head);
  });
}

}  // namespace chaku::reference
