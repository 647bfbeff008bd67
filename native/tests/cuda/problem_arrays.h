// The arrays behind the pointers of each problem, and how long they are: visit(problem, v) calls v(pointer, n) for all.
#pragma once

#include <algorithm>

#include "kernels/table.h"

namespace chaku::test {

// Of n rows of d, `stride` apart.
constexpr int64_t rows_length(int64_t n, int64_t stride, int64_t d) { return n > 0 ? (n - 1) * stride + d : 0; }

// Of a matrix whose rows these ids name.
inline int64_t rows_of_ids(const int32_t* ids, int64_t n) {
  int64_t rows = 0;
  for (int64_t i = 0; i < n; ++i) rows = std::max<int64_t>(rows, ids[i] + int64_t{1});
  return rows;
}

template <class V>
void visit(Matrix& w, V& v) {
  v(w.data, w.rows * w.stride_bytes());
}
template <class V>
void visit_tail(LowRankTail& tail, int64_t m, int64_t rank, V& v) {
  if (tail.empty()) return;
  v(tail.x, rows_length(m, tail.x_stride, rank));
  visit(tail.w, v);
}

template <class V>
void visit(MatmulProblem& p, V& v) {
  v(p.x, rows_length(p.m, p.x_stride, p.w.columns));
  v(p.bias, p.w.rows);
  v(p.y, rows_length(p.m, p.y_stride, p.w.rows));
  visit(p.w, v);
  visit_tail(p.tail, p.m, p.tail.w.columns, v);
}
template <class V>
void visit(MatmulBackwardProblem& p, V& v) {
  v(p.dy, rows_length(p.m, p.dy_stride, p.w.rows));
  v(p.dx, rows_length(p.m, p.dx_stride, p.w.columns));
  visit(p.w, v);
  visit_tail(p.tail, p.m, p.tail.w.rows, v);
}
template <class V>
void visit(WeightGradientProblem& p, V& v) {
  v(p.dy, rows_length(p.m, p.dy_stride, p.n));
  v(p.x, rows_length(p.m, p.x_stride, p.k));
  v(p.dw, p.n * p.k);
  v(p.dbias, p.n);
}
template <class V>
void visit(GatherProblem& p, V& v) {
  visit(p.w, v);
  v(p.ids, p.m);
  v(p.y, p.m * p.w.columns);
}
// Rows of dw as far as the ids go; these are the host's until they are visited.
template <class V>
void visit(ScatterGradientProblem& p, V& v) {
  v(p.dy, p.m * p.d);
  v(p.dw, rows_of_ids(p.ids, p.m) * p.d);
  v(p.ids, p.m);
}

// Keys and values as far as the spans go, and the blocks of these; the spans are a copy that may be written.
template <class V>
void visit(AttentionProblem& p, V& v) {
  int64_t n_queries = 0, n_keys = 0;
  for (int64_t s = 0; s < p.n_spans; ++s) {
    AttentionSpan& span = const_cast<AttentionSpan*>(p.spans)[s];
    n_queries = std::max(n_queries, span.q_end);
    const int64_t n_blocks = (span.kv_end + kCacheBlockTokens - 1) / kCacheBlockTokens;
    if (span.blocks == nullptr) n_keys = std::max(n_keys, span.kv_end);
    for (int64_t b = 0; span.blocks != nullptr && b < n_blocks; ++b)
      n_keys = std::max(n_keys, (span.blocks[b] + int64_t{1}) * kCacheBlockTokens);
    v(span.blocks, n_blocks);
  }
  const int64_t width = int64_t{p.n_heads} * p.head_dim, kv_width = int64_t{p.n_kv_heads} * p.head_dim;
  const int64_t encoded_bytes = row_bytes(p.kv_dtype, rows_length(n_keys, p.kv_stride, kv_width));
  v(p.q, rows_length(n_queries, p.q_stride, width));
  v(p.k, rows_length(n_keys, p.kv_stride, kv_width));
  v(p.v, rows_length(n_keys, p.kv_stride, kv_width));
  v(p.k_encoded, encoded_bytes);
  v(p.v_encoded, encoded_bytes);
  v(p.o, rows_length(n_queries, p.o_stride, width));
  v(p.lse, n_queries * p.n_heads);
  v(p.sinks, p.n_heads);
  v(p.slopes, p.n_heads);
}
template <class V>
void visit(AttentionBackwardProblem& p, V& v) {
  const AttentionProblem f = p.forward;
  visit(p.forward, v);
  int64_t n = 0;
  for (int64_t s = 0; s < f.n_spans; ++s) n = std::max(n, f.spans[s].q_end);
  const int64_t width = int64_t{f.n_heads} * f.head_dim, kv_width = int64_t{f.n_kv_heads} * f.head_dim;
  v(p.d_o, rows_length(n, f.o_stride, width));
  v(p.dq, rows_length(n, f.q_stride, width));
  v(p.dk, rows_length(n, f.kv_stride, kv_width));
  v(p.dv, rows_length(n, f.kv_stride, kv_width));
}
template <class V>
void visit(SinkGradientProblem& p, V& v) {
  const int64_t n = p.n_tokens * p.n_heads;
  v(p.sinks, p.n_heads);
  v(p.lse, n);
  v(p.o, n * p.head_dim);
  v(p.d_o, n * p.head_dim);
  v(p.d_sinks, p.n_heads);
}

// Spans and states are copies that may be written; a state is `length` floats behind the offset.
template <class Problem, class V>
int64_t visit_states(Problem& p, int64_t length, V& v) {
  int64_t n_rows = 0;
  for (int64_t s = 0; s < p.n_spans; ++s) {
    n_rows = std::max(n_rows, p.spans[s].q_end);
    if (p.states == nullptr) continue;
    RunningState& state = const_cast<RunningState*>(p.states)[s];
    v(state.in, p.state_offset + length);
    v(state.out, p.state_offset + length);
  }
  return n_rows;
}
template <class V>
void visit(CausalConvolutionProblem& p, V& v) {
  const int64_t n = visit_states(p, (p.taps - 1) * p.channels, v) * p.channels;
  v(p.x, n);
  v(p.w, p.channels * p.taps);
  v(p.y, n);
}
template <class V>
void visit(CausalConvolutionBackwardProblem& p, V& v) {
  visit(p.forward, v);
  int64_t n_rows = 0;
  for (int64_t s = 0; s < p.forward.n_spans; ++s) n_rows = std::max(n_rows, p.forward.spans[s].q_end);
  v(p.dy, n_rows * p.forward.channels);
  v(p.dx, n_rows * p.forward.channels);
  v(p.dw, p.forward.channels * p.forward.taps);
}
template <class V>
void visit(DeltaRuleProblem& p, V& v) {
  const int64_t n = visit_states(p, int64_t{p.n_value_heads} * p.key_dim * p.value_dim, v);
  v(p.q, rows_length(n, p.stride, int64_t{p.n_key_heads} * p.key_dim));
  v(p.k, rows_length(n, p.stride, int64_t{p.n_key_heads} * p.key_dim));
  v(p.v, rows_length(n, p.stride, int64_t{p.n_value_heads} * p.value_dim));
  v(p.beta, n * p.n_value_heads);
  v(p.alpha, n * p.n_value_heads);
  v(p.rate, p.n_value_heads);
  v(p.o, n * p.n_value_heads * p.value_dim);
}
template <class V>
void visit(DeltaRuleBackwardProblem& p, V& v) {
  visit(p.forward, v);
  const DeltaRuleProblem& f = p.forward;
  int64_t n = 0;
  for (int64_t s = 0; s < f.n_spans; ++s) n = std::max(n, f.spans[s].q_end);
  v(p.d_o, n * f.n_value_heads * f.value_dim);
  v(p.dq, rows_length(n, f.stride, int64_t{f.n_key_heads} * f.key_dim));
  v(p.dk, rows_length(n, f.stride, int64_t{f.n_key_heads} * f.key_dim));
  v(p.dv, rows_length(n, f.stride, int64_t{f.n_value_heads} * f.value_dim));
  v(p.dbeta, n * f.n_value_heads);
  v(p.dalpha, n * f.n_value_heads);
  v(p.drate, f.n_value_heads);
}

template <class V>
void visit(RouteProblem& p, V& v) {
  v(p.logits, p.m * p.n_experts);
  v(p.ids, p.m * p.n_used);
  v(p.weights, p.m * p.n_used);
  v(p.bias, p.n_experts);
}
template <class V>
void visit(RouteBackwardProblem& p, V& v) {
  visit(p.forward, v);
  v(p.d_weights, p.forward.m * p.forward.n_used);
  v(p.counts, p.forward.n_experts);
  v(p.d_logits, p.forward.m * p.forward.n_experts);
}
template <class V>
void visit(BalanceLossProblem& p, V& v) {
  v(p.logits, p.m * p.n_experts);
  v(p.counts, p.n_experts);
  v(p.result, 1);
}
template <class V>
void visit(SortSlotsProblem& p, V& v) {
  const int64_t n = p.m * p.n_used;
  v(p.ids, n);
  v(p.weights, n);
  v(p.slots, n);
  v(p.tokens, n);
  v(p.slot_weights, n);
  v(p.counts, p.n_experts);
  v(p.offsets, p.n_experts + 1);
}

template <class V>
void visit(RmsNormProblem& p, V& v) {
  v(p.x, rows_length(p.m, p.x_stride, p.d));
  v(p.weight, p.weight_rows * p.d);
  v(p.y, rows_length(p.m, p.y_stride, p.d));
  v(p.inverse_rms, p.m);
}
template <class V>
void visit(RmsNormBackwardProblem& p, V& v) {
  v(p.x, rows_length(p.m, p.x_stride, p.d));
  v(p.weight, p.weight_rows * p.d);
  v(p.inverse_rms, p.m);
  v(p.dy, rows_length(p.m, p.dy_stride, p.d));
  v(p.dx, rows_length(p.m, p.dx_stride, p.d));
  v(p.dweight, p.weight_rows * p.d);
}
template <class V>
void visit(LayerNormProblem& p, V& v) {
  v(p.x, rows_length(p.m, p.x_stride, p.d));
  v(p.weight, p.weight_rows * p.d);
  v(p.bias, p.weight_rows * p.d);
  v(p.y, rows_length(p.m, p.y_stride, p.d));
  v(p.inverse_deviation, p.m);
}
template <class V>
void visit(LayerNormBackwardProblem& p, V& v) {
  v(p.x, rows_length(p.m, p.x_stride, p.d));
  v(p.weight, p.weight_rows * p.d);
  v(p.inverse_deviation, p.m);
  v(p.dy, rows_length(p.m, p.dy_stride, p.d));
  v(p.dx, rows_length(p.m, p.dx_stride, p.d));
  v(p.dweight, p.weight_rows * p.d);
  v(p.dbias, p.weight_rows * p.d);
}
template <class V>
void visit(RopeProblem& p, V& v) {
  v(p.x, rows_length(p.m, p.x_stride, p.n_heads * p.head_dim));
  v(p.cosines, p.m * (p.n_dims / 2));
  v(p.sines, p.m * (p.n_dims / 2));
}
template <class V>
void visit(RopeTableProblem& p, V& v) {
  v(p.positions, p.m);
  v(p.frequencies, p.pairs);
  v(p.cosines, p.m * p.pairs);
  v(p.sines, p.m * p.pairs);
}
template <class V>
void visit(PositionFactorsProblem& p, V& v) {
  v(p.positions, p.m);
  v(p.factors, p.m);
}

template <class V>
void visit(GatedActivationProblem& p, V& v) {
  v(p.gate, p.n);
  v(p.up, p.n);
  v(p.y, p.n);
}
template <class V>
void visit(GatedActivationBackwardProblem& p, V& v) {
  v(p.gate, p.n);
  v(p.up, p.n);
  v(p.dy, p.n);
  v(p.dgate, p.n);
  v(p.dup, p.n);
}
template <class V>
void visit(AxpbyProblem& p, V& v) {
  v(p.x, p.n);
  v(p.y, p.n);
}
template <class V>
void visit(ScaleRowsProblem& p, V& v) {
  v(p.x, p.m * p.n);
  v(p.factors, p.m);
}
template <class V>
void visit(SoftCapProblem& p, V& v) {
  v(p.x, p.n);
}
template <class V>
void visit(DropoutProblem& p, V& v) {
  v(p.x, p.n);
  v(p.y, p.n);
}
template <class V>
void visit(SquaredNormProblem& p, V& v) {
  v(p.x, p.n);
  v(p.result, 1);
}
template <class V>
void visit(SigmoidProblem& p, V& v) {
  v(p.x, p.n);
}
template <class V>
void visit(SigmoidBackwardProblem& p, V& v) {
  v(p.y, p.n);
  v(p.dy, p.n);
}
template <class V>
void visit(CrossEntropyProblem& p, V& v) {
  v(p.logits, p.m * p.v);
  v(p.targets, p.m);
  v(p.weights, p.m);
  v(p.losses, p.m);
  v(p.correct, p.m);
}
template <class V>
void visit(AdamWProblem& p, V& v) {
  v(p.parameter, p.n);
  v(p.gradient, p.n);
  v(p.moment1, p.n);
  v(p.moment2, p.n);
}
template <class V>
void visit(LionProblem& p, V& v) {
  v(p.parameter, p.n);
  v(p.gradient, p.n);
  v(p.moment, p.n);
}
template <class Problem, class V>
void visit_moments(Problem& p, V& v) {
  v(p.x, p.n);
  v(p.codes, p.n);
  v(p.scales, (p.n + kMomentBlock - 1) / kMomentBlock);
}
template <class V>
void visit(EncodeMomentsProblem& p, V& v) {
  visit_moments(p, v);
}
template <class V>
void visit(DecodeMomentsProblem& p, V& v) {
  visit_moments(p, v);
}
template <class V>
void visit(ClampProblem& p, V& v) {
  v(p.x, p.n);
}

template <class V>
void visit(CopyRowsProblem& p, V& v) {
  v(p.x, rows_length(p.m, p.x_stride, p.d));
  v(p.y, rows_length(p.m, p.y_stride, p.d));
}
template <class V>
void visit(FillProblem& p, V& v) {
  v(p.y, p.n);
}
template <class V>
void visit(DecodeRowsProblem& p, V& v) {
  visit(p.w, v);
  v(p.y, p.w.rows * p.w.columns);
}
template <class V>
void visit(EncodeRowsProblem& p, V& v) {
  v(p.x, p.m * p.width);
  v(p.y, (p.ids != nullptr ? rows_of_ids(p.ids, p.m) : p.m) * row_bytes(p.dtype, p.width));
  v(p.ids, p.m);
  v(p.importance, p.width);
}
template <class V>
void visit(MergeRowsProblem& p, V& v) {
  visit(p.w, v);
  v(p.a, p.rank * p.w.columns);
  v(p.b, p.w.rows * p.rank);
  v(p.y, p.w.rows * row_bytes(p.dtype, p.w.columns));
}
template <class V>
void visit(MagnifyProblem& p, V& v) {
  v(p.p, p.m * p.n);
  v(p.factors, p.n);
  v(p.bias, p.n);
  v(p.y, p.m * p.n);
}
template <class V>
void visit(MagnifyBackwardProblem& p, V& v) {
  v(p.dy, p.m * p.n);
  v(p.factors, p.n);
  v(p.inverse_lengths, p.n);
  v(p.p, p.m * p.n);
  v(p.dm, p.n);
}
template <class V>
void visit(RowSquaresProblem& p, V& v) {
  visit(p.w, v);
  v(p.squares, p.w.rows);
}
template <class V>
void visit(RowLengthsProblem& p, V& v) {
  v(p.squares, p.n);
  v(p.b, p.n * p.rank);
  v(p.u, p.rank * p.n);
  v(p.h, p.n * p.rank);
  v(p.magnitudes, p.n);
  v(p.inverse_lengths, p.n);
  v(p.factors, p.n);
}
template <class V>
void visit(AddLowRankProblem& p, V& v) {
  v(p.x, p.m * p.k);
  v(p.c, p.m * p.rank);
  v(p.d, p.rank * p.k);
  v(p.y, p.m * p.k);
}
template <class V>
void visit(RoundAlongProblem& p, V& v) {
  v(p.x, p.m * p.k);
  v(p.base, p.m * row_bytes(p.dtype, p.k));
  v(p.importance, p.k);
  v(p.v, p.k * p.rank);
  v(p.u, p.k * p.rank);
  v(p.y, p.m * row_bytes(p.dtype, p.k));
}
template <class V>
void visit(CompareChangeProblem& p, V& v) {
  v(p.base, p.m * p.k);
  v(p.wanted, p.m * p.k);
  v(p.written, p.m * row_bytes(p.dtype, p.k));
  v(p.weights, p.k);
  v(p.sums, p.m);
  v(p.weighted, p.m);
}
template <class V>
void visit(MeanRowsProblem& p, V& v) {
  int64_t rows = 0;
  for (int64_t i = 0; i < p.n; ++i) rows = std::max<int64_t>(rows, p.ends[i]);
  v(p.x, rows * p.d);
  v(p.begins, p.n);
  v(p.ends, p.n);
  v(p.y, p.n * p.d);
}
template <class V>
void visit(ScatterRowsProblem& p, V& v) {
  v(p.x, p.m * p.d);
  v(p.y, rows_of_ids(p.ids, p.m) * p.d);
  v(p.ids, p.m);
}
template <class V>
void visit(CombineRowsProblem& p, V& v) {
  v(p.x, rows_of_ids(p.rows, p.m * p.n_used) * p.d);
  v(p.y, p.m * p.d);
  v(p.rows, p.m * p.n_used);
}
template <class V>
void visit(ColumnSquaresProblem& p, V& v) {
  v(p.x, p.m * p.k);
  v(p.sums, p.k);
}
template <class V>
void visit(UniformProblem& p, V& v) {
  v(p.y, p.n);
}
template <class V>
void visit(RowDotsProblem& p, V& v) {
  v(p.a, p.m * p.d);
  v(p.b, p.m * p.d);
  v(p.result, p.m);
}

}  // namespace chaku::test
