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

void multiply_back(const Decoder& decoder, const float* dy, const Matrix& w, int64_t m, float scale, bool accumulate,
                   float* dx) noexcept {
  MatmulBackwardProblem p;
  p.dy = dy;
  p.dy_stride = w.rows;
  p.w = w;
  p.dx = dx;
  p.dx_stride = w.columns;
  p.m = m;
  p.scale = scale;
  p.accumulate = accumulate;
  decoder.engine->run(&KernelTable::matmul_backward, p);
}

void add_low_rank_input_gradient(const Decoder& decoder, const LowRank& low_rank, const float* d_low_rank, int64_t m,
                                 int64_t k, uint64_t dropout_stream, float* dropped, float* dx) noexcept {
  const Matrix a{low_rank.a, DType::kF32, low_rank.rank, k};
  if (decoder.dropout.probability == 0.0f) {
    multiply_back(decoder, d_low_rank, a, m, 1.0f, true, dx);
    return;
  }
  multiply_back(decoder, d_low_rank, a, m, 1.0f, false, dropped);
  drop_input(decoder, dropped, m * k, dropout_stream, dropped);
  decoder.engine->run(&KernelTable::axpby, AxpbyProblem{dropped, dx, m * k, 1.0f, 1.0f});
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

void linear_backward(const Decoder& decoder, const LinearBackwardCall& call) noexcept {
  const Matrix& w = call.linear->w;
  const int64_t n = w.rows, k = w.columns, m = call.m;
  // Whatever reads x comes first: dx may take its place.
  if (call.gradient->w != nullptr)
    add_weight_gradient(decoder, call.dy, n, call.x, k, m, call.scale, call.gradient->w, call.gradient->bias);
  if (call.low_rank != nullptr) {
    const LowRank& lr = *call.low_rank;
    const float scale = call.scale * lr.scale;
    multiply_back(decoder, call.dy, {lr.b, DType::kF32, n, lr.rank}, m, scale, false, call.d_low_rank);
    add_weight_gradient(decoder, call.dy, n, call.low_rank_out, lr.rank, m, scale, call.gradient->b, nullptr);
    const float* input = drop_input(decoder, call.x, m * k, call.dropout_stream, call.dropped);
    add_weight_gradient(decoder, call.d_low_rank, lr.rank, input, k, m, 1.0f, call.gradient->a, nullptr);
  }
  if (call.dx == nullptr) return;
  multiply_back(decoder, call.dy, w, m, call.scale, call.accumulate, call.dx);
  if (call.low_rank != nullptr)
    add_low_rank_input_gradient(decoder, *call.low_rank, call.d_low_rank, m, k, call.dropout_stream, call.dropped,
                                call.dx);
}

}  // namespace chaku
