// Columns of S in vectors. A block of columns depends on no other, and its dk rows stay in the first-level cache while
// all tokens pass: two sweeps over the block per token, one for S^T k, one that updates S and sums S^T q.
//
// The backward pass wants the S before every token, from the last token to the first. It keeps some of them and
// computes the others again: a span is cut into parts, the S before each part is kept, and from the last part to the
// first the same is done within the part, down to single tokens (Griewank and Walther 2000, revolve, with fixed cuts).
// Sums over columns, one per row of S, are made for kLanes rows at a time by a transposition.
#pragma once

#include <math.h>

#include "kernels/cpu/generic/math.h"
#include "kernels/cpu/generic/ops.h"
#include "kernels/queue.h"
#include "kernels/reference/reference.h"

namespace chaku::CHAKU_ISA {

constexpr int kStateVectors = 2;  // of a block of columns in the forward pass

CHAKU_INLINE int64_t key_head_of(const DeltaRuleProblem& p, int64_t head) {
  return p.tiled ? head % p.n_key_heads : head / (p.n_value_heads / p.n_key_heads);
}

// What a token says to one value head.
struct DeltaStep {
  const float* q;
  const float* k;
  float q_factor, k_factor;  // unit length, and 1/sqrt(dk) for q
  float keep, write;         // g, b
};

CHAKU_INLINE float length_factor(const float* x, int64_t n, float epsilon) {
  F squares = zero();
  for (int64_t i = 0; i < n; i += kLanes) {
    const F v = load_n(x + i, n - i);
    squares = fma(v, v, squares);
  }
  const float length = sqrtf(sum(squares));
  return 1.0f / (length > epsilon ? length : epsilon);
}

CHAKU_INLINE float softplus(float x) { return x > 30.0f ? x : log1pf(expf(x)); }
CHAKU_INLINE float logistic(float x) { return 1.0f / (1.0f + expf(-x)); }

CHAKU_INLINE DeltaStep delta_step(const DeltaRuleProblem& p, int64_t t, int64_t head, int64_t key_head) {
  DeltaStep s;
  const int64_t at = t * p.stride + key_head * p.key_dim, gate = t * p.n_value_heads + head;
  s.q = p.q + at;
  s.k = p.k + at;
  s.q_factor = length_factor(s.q, p.key_dim, p.epsilon) / sqrtf(static_cast<float>(p.key_dim));
  s.k_factor = length_factor(s.k, p.key_dim, p.epsilon);
  s.keep = expf(p.rate[head] * softplus(p.alpha[gate]));
  s.write = logistic(p.beta[gate]);
  return s;
}

// A value head, and columns [column, column + n) of it.
struct ColumnBlock {
  int64_t head, key_head, column, n;
};

// state[dk][V] after a token; o of its columns.
template <int V>
CHAKU_INLINE void delta_advance(const DeltaRuleProblem& p, const ColumnBlock& b, int64_t t, F* state, F* o) {
  const DeltaStep s = delta_step(p, t, b.head, b.key_head);
  const float* v = p.v + t * p.stride + b.head * p.value_dim + b.column;
  F recalled[V], write[V];
  for (int j = 0; j < V; ++j) recalled[j] = o[j] = zero();
  for (int64_t i = 0; i < p.key_dim; ++i)
    for (int j = 0; j < V; ++j) recalled[j] = fma(state[i * V + j], broadcast(s.k[i]), recalled[j]);
  for (int j = 0; j < V; ++j) {
    const F error = fnma(recalled[j], broadcast(s.keep * s.k_factor), load_n(v + j * kLanes, max(b.n - j * kLanes, 0)));
    write[j] = error * broadcast(s.write * s.k_factor);
  }
  for (int64_t i = 0; i < p.key_dim; ++i)
    for (int j = 0; j < V; ++j) {
      const F now = fma(broadcast(s.k[i]), write[j], state[i * V + j] * broadcast(s.keep));
      state[i * V + j] = now;
      o[j] = fma(now, broadcast(s.q[i]), o[j]);
    }
  for (int j = 0; j < V; ++j) o[j] = o[j] * broadcast(s.q_factor);
}

static void delta_columns(const DeltaRuleProblem& p, int64_t s, const ColumnBlock& b, F* state) {
  const AttentionSpan& span = p.spans[s];
  const RunningState kept = state_at(p.states, s, p.state_offset);
  constexpr int V = kStateVectors;
  const int64_t at = b.head * p.key_dim * p.value_dim + b.column;
  for (int64_t i = 0; i < p.key_dim; ++i)
    for (int j = 0; j < V; ++j)
      state[i * V + j] =
          kept.in == nullptr ? zero() : load_n(kept.in + at + i * p.value_dim + j * kLanes, max(b.n - j * kLanes, 0));
  for (int64_t t = span.q_begin; t < span.q_end; ++t) {
    F o[V];
    delta_advance<V>(p, b, t, state, o);
    float* to = p.o + (t * p.n_value_heads + b.head) * p.value_dim + b.column;
    for (int j = 0; j < V && j * kLanes < b.n; ++j) store_n(to + j * kLanes, o[j], b.n - j * kLanes);
  }
  if (kept.out == nullptr) return;
  for (int64_t i = 0; i < p.key_dim; ++i)
    for (int j = 0; j < V && j * kLanes < b.n; ++j)
      store_n(kept.out + at + i * p.value_dim + j * kLanes, state[i * V + j], b.n - j * kLanes);
}

void delta_rule(const DeltaRuleProblem& p, Queue& queue) noexcept {
  if (p.key_dim > kMostVectorKeyDim) return reference::delta_rule(p, queue);
  constexpr int64_t kWidth = kStateVectors * kLanes;
  const int64_t per_head = ceil_div(p.value_dim, kWidth), per_span = per_head * p.n_value_heads;
  queue.parallel_for(p.n_spans * per_span, 1, [&](int64_t unit, int64_t, int thread) {
    const int64_t head = unit % per_span / per_head, column = unit % per_head * kWidth;
    const ColumnBlock block{head, key_head_of(p, head), column, min(kWidth, p.value_dim - column)};
    delta_columns(p, unit / per_span, block, reinterpret_cast<F*>(queue.scratch(thread)));
  });
}

// One block of kLanes columns on its way back through a span.
struct DeltaBack {
  const DeltaRuleBackwardProblem& p;
  ColumnBlock block;
  int64_t fan;  // parts of a range, and states kept on each level
  F* later;     // [dk] G
  F* states;    // levels of [fan][dk]
};

// to[i] += sums of lanes of values[i], for kLanes rows.
CHAKU_INLINE void add_row_sums(F (&values)[kLanes], float* to, int64_t n) {
  transpose(values);
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) values[i] = values[i] + values[i + width];
  store_n(to, load_n(to, n) + values[0], n);
}

// Folds token t into the gradients of its unit key and query and of g and b; before[dk] is S before it.
static void delta_step_back(const DeltaBack& back, int64_t t, const F* before) {
  const DeltaRuleProblem& f = back.p.forward;
  const ColumnBlock& b = back.block;
  const DeltaStep s = delta_step(f, t, b.head, b.key_head);
  const int64_t at = t * f.stride + b.key_head * f.key_dim, gate = t * f.n_value_heads + b.head;
  const F keep = broadcast(s.keep), d_o = load_n(back.p.d_o + gate * f.value_dim + b.column, b.n);
  F recalled = zero();
  for (int64_t i = 0; i < f.key_dim; ++i) recalled = fma(before[i], broadcast(s.k[i]), recalled);
  const F v = load_n(f.v + t * f.stride + b.head * f.value_dim + b.column, b.n);
  const F error = fnma(recalled, broadcast(s.keep * s.k_factor), v);
  const F u = error * broadcast(s.write), scaled_u = u * broadcast(s.k_factor);
  const F scaled_d_o = d_o * broadcast(s.q_factor);
  F du = zero();
  for (int64_t first = 0; first < f.key_dim; first += kLanes) {
    F sums[kLanes];
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const int64_t i = first + lane;
      sums[lane] = zero();
      if (i >= f.key_dim) continue;
      back.later[i] = fma(broadcast(s.q[i]), scaled_d_o, back.later[i]);
      du = fma(back.later[i], broadcast(s.k[i]), du);
      sums[lane] = fma(broadcast(s.k[i]), scaled_u, before[i] * keep) * d_o;
    }
    add_row_sums(sums, back.p.dq + at + first, f.key_dim - first);
  }
  du = du * broadcast(s.k_factor);
  const F dv = du * broadcast(s.write), dr = zero() - dv, scaled_dr = dr * broadcast(s.k_factor), kept_dr = dr * keep;
  F d_keep = zero();
  for (int64_t first = 0; first < f.key_dim; first += kLanes) {
    F sums[kLanes];
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const int64_t i = first + lane;
      sums[lane] = zero();
      if (i >= f.key_dim) continue;
      sums[lane] = fma(back.later[i], u, before[i] * kept_dr);
      const F g = fma(broadcast(s.k[i]), scaled_dr, back.later[i]);
      d_keep = fma(g, before[i], d_keep);
      back.later[i] = g * keep;
    }
    add_row_sums(sums, back.p.dk + at + first, f.key_dim - first);
  }
  store_n(back.p.dv + t * f.stride + b.head * f.value_dim + b.column, dv, b.n);
  back.p.dbeta[gate] += sum(du * error);
  back.p.dalpha[gate] += sum(d_keep);
}

// Tokens [begin, end), from the last to the first. states[dk] is S before `begin`, and the kept ones follow.
static void delta_range_back(const DeltaBack& back, int64_t begin, int64_t end, F* states) {
  const int64_t dk = back.p.forward.key_dim;
  if (end - begin == 1) return delta_step_back(back, begin, states);
  int64_t part = 1;
  while (part * back.fan < end - begin) part *= back.fan;
  const int64_t parts = ceil_div(end - begin, part);
  for (int64_t i = 1; i < parts; ++i) {
    F* to = states + i * dk;
    __builtin_memcpy(to, to - dk, static_cast<size_t>(dk) * sizeof(F));
    F unused[1];
    for (int64_t t = begin + (i - 1) * part; t < begin + i * part; ++t)
      delta_advance<1>(back.p.forward, back.block, t, to, unused);
  }
  for (int64_t i = parts - 1; i >= 0; --i) {
    // the last kept state serves as the first of the level below, and is not needed again
    F* first = states + i * dk;
    delta_range_back(back, begin + i * part, min(begin + (i + 1) * part, end), first);
  }
}

// How many parts a range of n tokens is cut into, so that the states of all levels fit.
static int64_t delta_fan(int64_t n, int64_t key_dim) {
  const int64_t slots = ThreadPool::kScratchBytes / static_cast<int64_t>(sizeof(F)) / key_dim - 1;
  for (int64_t levels = 1;; ++levels) {
    const int64_t fan = slots / levels;
    int64_t reach = 1;
    for (int64_t i = 0; i < levels && reach < n; ++i) reach *= fan;
    if (reach >= n || fan <= 2) return max(fan, 2);
  }
}

// dy, the gradient of scale x / |x|, becomes that of x.
static void through_length(const float* x, int64_t n, float epsilon, float scale, float* dy) {
  const float inverse = length_factor(x, n, epsilon);
  F along = zero();
  for (int64_t i = 0; i < n; i += kLanes) along = fma(load_n(x + i, n - i), load_n(dy + i, n - i), along);
  const float back = inverse < 1.0f / epsilon ? sum(along) * inverse * inverse : 0.0f;
  for (int64_t i = 0; i < n; i += kLanes) {
    const F d = fnma(load_n(x + i, n - i), broadcast(back), load_n(dy + i, n - i));
    store_n(dy + i, d * broadcast(scale * inverse), n - i);
  }
}

// What gathered in dalpha and dbeta is the gradient of g and b.
static void through_gates(const DeltaRuleBackwardProblem& p, int64_t t, int64_t head, int64_t key_head) {
  const DeltaRuleProblem& f = p.forward;
  const int64_t gate = t * f.n_value_heads + head;
  const DeltaStep s = delta_step(f, t, head, key_head);
  const float d_log_keep = p.dalpha[gate] * s.keep;
  p.dbeta[gate] *= s.write * (1.0f - s.write);
  p.dalpha[gate] = d_log_keep * f.rate[head] * logistic(f.alpha[gate]);
  if (p.drate != nullptr) p.drate[head] += d_log_keep * softplus(f.alpha[gate]);
}

static void delta_head_back(const DeltaRuleBackwardProblem& p, const AttentionSpan& span, int64_t head,
                            int64_t key_head, F* scratch) {
  const DeltaRuleProblem& f = p.forward;
  for (int64_t t = span.q_begin; t < span.q_end; ++t)
    p.dbeta[t * f.n_value_heads + head] = p.dalpha[t * f.n_value_heads + head] = 0.0f;
  for (int64_t column = 0; column < f.value_dim; column += kLanes) {
    const ColumnBlock block{head, key_head, column, min(kLanes, f.value_dim - column)};
    const DeltaBack back{p, block, delta_fan(span.q_end - span.q_begin, f.key_dim), scratch, scratch + f.key_dim};
    __builtin_memset(scratch, 0, static_cast<size_t>(2 * f.key_dim) * sizeof(F));  // G, and S before the first
    if (span.q_end > span.q_begin) delta_range_back(back, span.q_begin, span.q_end, back.states);
  }
  for (int64_t t = span.q_begin; t < span.q_end; ++t) through_gates(p, t, head, key_head);
}

// Value heads that share a key head add to the same gradients: one thread has them all.
void delta_rule_backward(const DeltaRuleBackwardProblem& p, Queue& queue) noexcept {
  const DeltaRuleProblem& f = p.forward;
  if (f.key_dim > kMostVectorKeyDim) return reference::delta_rule_backward(p, queue);
  const float q_scale = 1.0f / sqrtf(static_cast<float>(f.key_dim));
  queue.parallel_for(f.n_key_heads, 1, [&](int64_t key_head, int64_t, int thread) {
    for (int64_t s = 0; s < f.n_spans; ++s) {
      const AttentionSpan& span = f.spans[s];
      for (int64_t t = span.q_begin; t < span.q_end; ++t) {
        const size_t n_bytes = static_cast<size_t>(f.key_dim) * sizeof(float);
        __builtin_memset(p.dq + t * f.stride + key_head * f.key_dim, 0, n_bytes);
        __builtin_memset(p.dk + t * f.stride + key_head * f.key_dim, 0, n_bytes);
      }
      for (int64_t head = 0; head < f.n_value_heads; ++head)
        if (key_head_of(f, head) == key_head)
          delta_head_back(p, span, head, key_head, reinterpret_cast<F*>(queue.scratch(thread)));
      for (int64_t t = span.q_begin; t < span.q_end; ++t) {
        const int64_t at = t * f.stride + key_head * f.key_dim;
        through_length(f.q + at, f.key_dim, f.epsilon, q_scale, p.dq + at);
        through_length(f.k + at, f.key_dim, f.epsilon, 1.0f, p.dk + at);
      }
    }
  });
}

}  // namespace chaku::CHAKU_ISA
