#include "train/linear_backward.h"

#include <array>

namespace chaku {

WeightGradientProblem gradient_product(const float* dy, int64_t n, const float* x, int64_t k, int64_t m,
                                       float* dw) noexcept {
  WeightGradientProblem p;
  p.dy = dy;
  p.dy_stride = n;
  p.x = x;
  p.x_stride = k;
  p.dw = dw;
  p.m = m;
  p.n = n;
  p.k = k;
  return p;
}

WeightGradientProblem a_gradient_product(const LowRank& low_rank, const float* d_low_rank, const float* input,
                                         int64_t k, int64_t m, float* da) noexcept {
  WeightGradientProblem p = gradient_product(d_low_rank, low_rank.n_trained(), input, k, m, da);
  p.dy_stride = low_rank.rank;
  return p;
}

WeightGradientProblem b_gradient_product(const LowRank& low_rank, const float* dy, int64_t n, const float* low_rank_out,
                                         int64_t m, float* db) noexcept {
  WeightGradientProblem p = gradient_product(dy, n, low_rank_out, low_rank.n_trained(), m, db);
  p.x_stride = low_rank.rank;
  return p;
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
                                        const LayerGradients& gradients) noexcept {
  const size_t l = static_cast<size_t>(layer);
  LinearBackwardCall call;
  call.linear = &decoder.weights->layers[l].linears[which];
  call.low_rank = decoder.low_rank(layer, which);
  call.low_rank_out = a.blocks[l].low_rank[which];
  call.product = a.blocks[l].products[which];
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

// du and, where the gradients do not need x before, dx: products of the same dy. Returns whether dx is left.
bool run_products(const Decoder& decoder, const LinearBackwardCall& call) noexcept {
  const bool in_place = call.dx == call.x;
  MatmulBackwardProblem products[2];
  int64_t n = 0;
  if (call.low_rank != nullptr) products[n++] = low_rank_product(call);
  if (call.dx != nullptr && !in_place) products[n++] = input_product(decoder, call);
  if (n > 0) decoder.engine->run(&KernelTable::matmul_backward_group, MatmulBackwardGroup{products, n});
  return in_place;
}

// The gradient of what magnitudes multiply takes the place of dy.
void through_magnitudes(const Decoder& decoder, LinearBackwardCall& call) noexcept {
  if (!is_magnified(call.low_rank)) return;
  const LowRank& lr = *call.low_rank;
  decoder.engine->run(&KernelTable::magnify_backward,
                      MagnifyBackwardProblem{call.dy, lr.factors, lr.inverse_lengths, call.product,
                                             call.gradient->magnitude, call.m, call.linear->w.rows, call.scale});
  call.dy = call.product;
  call.scale = 1.0f;
}

// Gradients of the parameters of all calls.
class GradientGroup {
 public:
  explicit GradientGroup(const Decoder& decoder) noexcept : d_(decoder) {}

  // dW and dA, which read x.
  void add_inputs(const LinearBackwardCall& call) noexcept {
    const int64_t n = call.linear->w.rows, k = call.linear->w.columns;
    if (call.gradient->w != nullptr) {
      add(gradient_product(call.dy, n, call.x, k, call.m, call.gradient->w), call.scale);
      last().dbias = call.gradient->bias;
    }
    if (call.low_rank == nullptr) return;
    const float* input = drop_input(d_, call.x, call.m * k, call.dropout_stream, call.dropped);
    add(a_gradient_product(*call.low_rank, call.d_low_rank, input, k, call.m, call.gradient->a), call.scale);
  }

  // dB.
  void add_outputs(const LinearBackwardCall& call) noexcept {
    if (call.low_rank == nullptr) return;
    const LowRank& lr = *call.low_rank;
    add(b_gradient_product(lr, call.dy, call.linear->w.rows, call.low_rank_out, call.m, call.gradient->b),
        call.scale * lr.scale);
  }

  void run() const noexcept {
    if (n_ > 0) d_.engine->run(&KernelTable::weight_gradient_group, WeightGradientGroup{problems_.data(), n_});
  }

 private:
  WeightGradientProblem& last() noexcept { return problems_[static_cast<size_t>(n_ - 1)]; }
  void add(const WeightGradientProblem& p, float scale) noexcept {
    problems_[static_cast<size_t>(n_++)] = p;
    last().scale = scale;
  }

  const Decoder& d_;
  std::array<WeightGradientProblem, 3 * kMostLinears> problems_;
  int64_t n_ = 0;
};

}  // namespace

void linears_backward(const Decoder& decoder, std::span<LinearBackwardCall> calls, float* d_low_rank) noexcept {
  const bool drops = decoder.dropout.probability != 0.0f;  // into an array that all calls share
  if (drops && calls.size() > 1) {
    for (LinearBackwardCall& call : calls) linears_backward(decoder, {&call, 1}, d_low_rank);
    return;
  }
  bool left = false;
  for (LinearBackwardCall& call : calls) {
    through_magnitudes(decoder, call);
    if (call.low_rank != nullptr) {
      call.d_low_rank = d_low_rank;
      d_low_rank += call.m * call.low_rank->rank;
    }
    left = run_products(decoder, call);
  }
  GradientGroup gradients(decoder);
  for (const LinearBackwardCall& call : calls) gradients.add_inputs(call);
  for (const LinearBackwardCall& call : calls) gradients.add_outputs(call);
  gradients.run();
  const LinearBackwardCall& last = calls.back();
  if (left) decoder.engine->run(&KernelTable::matmul_backward, input_product(decoder, last));
  if (drops && last.dx != nullptr && last.low_rank != nullptr) add_dropped_gradient(decoder, last);
}

}  // namespace chaku
