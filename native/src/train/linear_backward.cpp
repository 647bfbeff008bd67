#include "train/linear_backward.h"

namespace chaku {

void add_weight_gradient(const Decoder& decoder, const float* dy, int64_t n, const float* x, int64_t k, int64_t m,
                         float scale, float* dw, float* dbias) noexcept {
  WeightGradientProblem p;
  p.dy = dy;
  p.dy_stride = n;
  p.x = x;
  p.x_stride = k;
  p.dw = dw;
  p.dbias = dbias;
  p.m = m;
  p.n = n;
  p.k = k;
  p.scale = scale;
  decoder.engine->run(&KernelTable::weight_gradient, p);
}

MatmulBackwardProblem back_product(const float* dy, const Matrix& w, int64_t m, float* dx) noexcept {
  MatmulBackwardProblem p;
  p.dy = dy;
  p.dy_stride = w.rows;
  p.w = w;
  p.dx = dx;
  p.dx_stride = w.columns;
  p.m = m;
  return p;
}

LowRankTail low_rank_back_tail(const LowRank& low_rank, const float* d_low_rank, int64_t k) noexcept {
  return {d_low_rank, low_rank.rank, {low_rank.a, DType::kF32, low_rank.rank, k}, 1.0f};
}

void add_dropped_gradient(const Decoder& decoder, const LinearBackwardCall& call) noexcept {
  const LowRank& lr = *call.low_rank;
  const int64_t k = call.linear->w.columns, n = call.m * k;
  decoder.engine->run(&KernelTable::matmul_backward,
                      back_product(call.d_low_rank, {lr.a, DType::kF32, lr.rank, k}, call.m, call.dropped));
  drop_input(decoder, call.dropped, n, call.dropout_stream, call.dropped);
  decoder.engine->run(&KernelTable::axpby, AxpbyProblem{call.dropped, call.dx, n, call.scale, 1.0f});
}

LinearBackwardCall linear_backward_call(const Decoder& decoder, int32_t layer, LayerLinear which, const Activations& a,
                                        float* d_low_rank, const LayerGradients& gradients) noexcept {
  const size_t l = static_cast<size_t>(layer);
  LinearBackwardCall call;
  call.linear = &decoder.weights->layers[l].linears[which];
  call.low_rank = decoder.low_rank(layer, which);
  call.low_rank_out = a.blocks[l].low_rank[which];
  call.d_low_rank = d_low_rank;
  call.gradient = &gradients.linears[which];
  call.dropout_stream = decoder.dropout.stream(layer, kLinearModules[which]);
  call.dropped = a.dropped;
  return call;
}

namespace {

// du.
MatmulBackwardProblem low_rank_product(const LinearBackwardCall& call) noexcept {
  const LowRank& lr = *call.low_rank;
  MatmulBackwardProblem p =
      back_product(call.dy, {lr.b, DType::kF32, call.linear->w.rows, lr.rank}, call.m, call.d_low_rank);
  p.scale = lr.scale;
  return p;
}

// dx, but for what is dropped of its low-rank part.
MatmulBackwardProblem input_product(const Decoder& decoder, const LinearBackwardCall& call) noexcept {
  MatmulBackwardProblem p = back_product(call.dy, call.linear->w, call.m, call.dx);
  p.scale = call.scale;
  p.accumulate = call.accumulate;
  if (call.low_rank != nullptr && decoder.dropout.probability == 0.0f)
    p.tail = low_rank_back_tail(*call.low_rank, call.d_low_rank, call.linear->w.columns);
  return p;
}

// dA and dB.
void add_low_rank_gradients(const Decoder& decoder, const LinearBackwardCall& call) noexcept {
  const LowRank& lr = *call.low_rank;
  const int64_t n = call.linear->w.rows, k = call.linear->w.columns, m = call.m;
  add_weight_gradient(decoder, call.dy, n, call.low_rank_out, lr.rank, m, call.scale * lr.scale, call.gradient->b,
                      nullptr);
  const float* input = drop_input(decoder, call.x, m * k, call.dropout_stream, call.dropped);
  add_weight_gradient(decoder, call.d_low_rank, lr.rank, input, k, m, call.scale, call.gradient->a, nullptr);
}

}  // namespace

void linear_backward(const Decoder& decoder, const LinearBackwardCall& call) noexcept {
  const Engine& engine = *decoder.engine;
  // Whatever reads x comes first where dx takes its place; else the products that read dy go together.
  const bool in_place = call.dx == call.x;
  MatmulBackwardProblem products[2];
  int64_t n = 0;
  if (call.low_rank != nullptr) products[n++] = low_rank_product(call);
  if (call.dx != nullptr) products[n++] = input_product(decoder, call);
  const int64_t n_first = call.dx != nullptr && in_place ? n - 1 : n;
  if (n_first > 0) engine.run(&KernelTable::matmul_backward_group, MatmulBackwardGroup{products, n_first});
  if (call.gradient->w != nullptr)
    add_weight_gradient(decoder, call.dy, call.linear->w.rows, call.x, call.linear->w.columns, call.m, call.scale,
                        call.gradient->w, call.gradient->bias);
  if (call.low_rank != nullptr) add_low_rank_gradients(decoder, call);
  if (n_first < n) engine.run(&KernelTable::matmul_backward, products[n_first]);
  if (call.dx != nullptr && call.low_rank != nullptr && decoder.dropout.probability != 0.0f)
    add_dropped_gradient(decoder, call);
}

}  // namespace chaku
