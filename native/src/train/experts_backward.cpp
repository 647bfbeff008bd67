#include "train/experts_backward.h"

#include "train/linear_backward.h"

namespace chaku {
namespace {

// Backward of ExpertLinearCall without its bias; numbers as in linear_backward.h.
struct ExpertLinearBackwardCall {
  const float* x = nullptr;          // [S,K]
  const float* dy = nullptr;         // [S,N]
  float* dx = nullptr;               // [S,K] or null: not needed. Neither x nor dy
  const int32_t* offsets = nullptr;  // [E+1]
  int64_t n_experts = 0;
  const Linear* linear = nullptr;
  const LowRank* low_rank = nullptr;
  const float* low_rank_out = nullptr;
  float* d_low_rank = nullptr;
  const LinearGradient* gradient = nullptr;
  uint64_t dropout_stream = 0;
  float* dropped = nullptr;
  bool bias = true;
  bool accumulate = false;
};

class ExpertLinearBackward {
 public:
  ExpertLinearBackward(const Decoder& decoder, const ExpertLinearBackwardCall& call) noexcept
      : d_(decoder),
        c_(call),
        k_(call.linear->w.columns),
        n_(call.linear->w.rows / call.n_experts),
        slots_(call.offsets[call.n_experts]) {}

  void run() const noexcept {
    const bool low_rank = c_.low_rank != nullptr;
    const float* input = low_rank ? drop_input(d_, c_.x, slots_ * k_, c_.dropout_stream, c_.dropped) : nullptr;
    for_each_expert([&](int64_t e, int64_t first, int64_t m) {
      products(e, first, m);
      parameters(e, first, m, input);
    });
    if (c_.dx != nullptr && low_rank && drops()) add_dropped();
  }

 private:
  template <class Body>
  void for_each_expert(const Body& body) const noexcept {
    for (int64_t e = 0; e < c_.n_experts; ++e)
      if (c_.offsets[e + 1] > c_.offsets[e]) body(e, c_.offsets[e], c_.offsets[e + 1] - c_.offsets[e]);
  }

  bool drops() const noexcept { return d_.dropout.probability != 0.0f; }

  // d_low_rank and dx, which read dy.
  void products(int64_t e, int64_t first, int64_t m) const noexcept {
    const float* dy = c_.dy + first * n_;
    MatmulBackwardProblem all[2];
    int64_t n = 0;
    LowRank lr;
    float* d_low_rank = nullptr;
    if (c_.low_rank != nullptr) {
      lr = expert_of(*c_.low_rank, e, n_, k_);
      d_low_rank = c_.d_low_rank + first * lr.rank;
      all[n] = back_product(dy, {lr.b, DType::kF32, n_, lr.rank}, m, d_low_rank);
      all[n++].scale = lr.scale;
    }
    if (c_.dx != nullptr) {
      all[n] = back_product(dy, expert_of(*c_.linear, e, c_.n_experts).w, m, c_.dx + first * k_);
      all[n].accumulate = c_.accumulate;
      if (c_.low_rank != nullptr && !drops()) all[n].tail = low_rank_back_tail(lr, d_low_rank, k_);
      ++n;
    }
    if (n > 0) d_.engine->run(&KernelTable::matmul_backward_group, MatmulBackwardGroup{all, n});
  }

  void parameters(int64_t e, int64_t first, int64_t m, const float* input) const noexcept {
    const float* dy = c_.dy + first * n_;
    const LinearGradient& g = *c_.gradient;
    WeightGradientProblem all[3];
    int64_t count = 0;
    if (g.w != nullptr) {
      WeightGradientProblem& p = all[count++] = gradient_product(dy, n_, c_.x + first * k_, k_, m, g.w + e * n_ * k_);
      if (c_.bias && g.bias != nullptr) p.dbias = g.bias + e * n_;
    }
    if (c_.low_rank != nullptr) {
      const LowRank lr = expert_of(*c_.low_rank, e, n_, k_);
      const int64_t r = lr.rank, trained = lr.n_trained();
      all[count++] =
          a_gradient_product(lr, c_.d_low_rank + first * r, input + first * k_, k_, m, g.a + e * trained * k_);
      all[count] = b_gradient_product(lr, dy, n_, c_.low_rank_out + first * r, m, g.b + e * n_ * trained);
      all[count++].scale = lr.scale;
    }
    if (count > 0) d_.engine->run(&KernelTable::weight_gradient_group, WeightGradientGroup{all, count});
  }

  // dx += drop(d_low_rank A), dropped as one array as the forward's input was.
  void add_dropped() const noexcept {
    for_each_expert([&](int64_t e, int64_t first, int64_t m) {
      const LowRank lr = expert_of(*c_.low_rank, e, n_, k_);
      d_.engine->run(
          &KernelTable::matmul_backward,
          back_product(c_.d_low_rank + first * lr.rank, {lr.a, DType::kF32, lr.rank, k_}, m, c_.dropped + first * k_));
    });
    drop_input(d_, c_.dropped, slots_ * k_, c_.dropout_stream, c_.dropped);
    d_.engine->run(&KernelTable::axpby, AxpbyProblem{c_.dropped, c_.dx, slots_ * k_, 1.0f, 1.0f});
  }

  const Decoder& d_;
  const ExpertLinearBackwardCall& c_;
  int64_t k_, n_, slots_;
};

class ExpertBackward {
 public:
  ExpertBackward(const Decoder& decoder, int32_t layer, int64_t m, const ExpertBackwardEnd& end, const Activations& a,
                 const BackwardScratch& scratch, const LayerGradients& gradients) noexcept
      : d_(decoder),
        layer_(layer),
        end_(end),
        spec_(decoder.spec->layers[static_cast<size_t>(layer)]),
        experts_(spec_.experts),
        weights_(decoder.weights->layers[static_cast<size_t>(layer)]),
        a_(a),
        block_(a.blocks[static_cast<size_t>(layer)]),
        e_(block_.experts),
        s_(scratch),
        gradients_(gradients),
        m_(m),
        slots_(m * experts_.n_used) {}

  void run() const noexcept {
    fetch_offsets(d_, experts_, e_, a_.experts);
    down();
    if (end_.below_down) {
      inputs();
      if (end_.below_inputs) router();
    }
    if (experts_.shared_ff_width > 0) shared();
  }

 private:
  const LowRank* low_rank(LayerLinear which) const noexcept { return d_.low_rank(layer_, which); }
  const int32_t* offsets() const noexcept { return a_.experts.host_offsets.get(); }
  bool has_shared_router() const noexcept { return !weights_.linears[kLinearSharedRouter].w.empty(); }
  uint64_t stream(LayerLinear which) const noexcept { return d_.dropout.stream(layer_, kLinearModules[which]); }

  // gated = weight * act(gate) * up; null weight: 1.
  void activate(const float* gate, const float* up, const float* weight, int64_t rows, int64_t width) const noexcept {
    d_.engine->run(&KernelTable::gated_activation,
                   GatedActivationProblem{gate, up, a_.experts.gated, rows * width, spec_.activation});
    if (weight != nullptr)
      d_.engine->run(&KernelTable::scale_rows, ScaleRowsProblem{a_.experts.gated, weight, rows, width});
  }

  // From dz = d_gated: d_weight[rows] = dz . g, then gate and up become their gradients. Null weight: 1.
  void activation_backward(float* gate, float* up, const float* weight, float* d_weight, int64_t rows,
                           int64_t width) const noexcept {
    float* dz = s_.experts.d_gated;
    if (weight != nullptr) {
      activate(gate, up, nullptr, rows, width);
      d_.engine->run(&KernelTable::row_dots, RowDotsProblem{dz, a_.experts.gated, d_weight, rows, width});
      d_.engine->run(&KernelTable::scale_rows, ScaleRowsProblem{dz, weight, rows, width});
    }
    d_.engine->run(&KernelTable::gated_activation_backward,
                   GatedActivationBackwardProblem{gate, up, dz, gate, up, rows * width, spec_.activation});
  }

  void expert_linear(LayerLinear which, const float* x, const float* dy, float* dx, bool accumulate) const noexcept {
    ExpertLinearBackwardCall call;
    call.x = x;
    call.dy = dy;
    call.dx = dx;
    call.offsets = offsets();
    call.n_experts = experts_.n_experts;
    call.linear = &weights_.linears[which];
    call.low_rank = low_rank(which);
    call.low_rank_out = block_.low_rank[which];
    call.d_low_rank = s_.d_low_rank;
    call.gradient = &gradients_.linears[which];
    call.dropout_stream = stream(which);
    call.dropped = a_.dropped;
    call.bias = which != kLinearExpertDown;
    call.accumulate = accumulate;
    ExpertLinearBackward(d_, call).run();
  }

  LinearBackwardCall call_of(LayerLinear which, const float* x, const float* dy, float* dx,
                             bool accumulate) const noexcept {
    LinearBackwardCall call = linear_backward_call(d_, layer_, which, a_, gradients_);
    call.x = x;
    call.dy = dy;
    call.dx = dx;
    call.m = m_;
    call.accumulate = accumulate;
    return call;
  }

  // Leaves dz in d_gated and the gradients of the slots' weights in d_weights.
  void down() const noexcept {
    const int64_t width = experts_.ff_width;
    activate(e_.gate, e_.up, e_.slot_weights, slots_, width);
    if (low_rank(kLinearExpertDown) != nullptr) recompute_low_rank();
    gather_slots(d_, s_.d_stream, m_, e_, slots_, d_.spec->residual_scale, s_.experts.d_rows);
    expert_linear(kLinearExpertDown, a_.experts.gated, s_.experts.d_rows,
                  end_.below_down ? s_.experts.d_gated : nullptr, false);
    if (end_.below_down) activation_backward(e_.gate, e_.up, e_.slot_weights, s_.experts.d_weights, slots_, width);
    if (weights_.linears[kLinearExpertDown].bias != nullptr) bias();
  }

  // The products of `down` are not recomputed with the block, the input of B is.
  void recompute_low_rank() const noexcept {
    const int64_t width = experts_.ff_width, d = d_.spec->width;
    const LowRank& stacked = *low_rank(kLinearExpertDown);
    const float* input = drop_input(d_, a_.experts.gated, slots_ * width, stream(kLinearExpertDown), a_.dropped);
    for (int32_t e = 0; e < experts_.n_experts; ++e) {
      const int64_t first = offsets()[e], m = offsets()[e + 1] - first;
      if (m == 0) continue;
      const LowRank one = expert_of(stacked, e, d, width);
      low_rank_down(d_, one, input + first * width, width, m, block_.low_rank[kLinearExpertDown] + first * one.rank);
    }
  }

  // y += w bias^T, a product of depth 1: dw += dy . bias, dbias += sum of w dy.
  void bias() const noexcept {
    const int64_t d = d_.spec->width;
    float* gradient = gradients_.linears[kLinearExpertDown].bias;
    for (int32_t e = 0; e < experts_.n_experts; ++e) {
      const int64_t first = offsets()[e], m = offsets()[e + 1] - first;
      if (m == 0) continue;
      const float* dy = s_.experts.d_rows + first * d;
      const Linear one = expert_of(weights_.linears[kLinearExpertDown], e, experts_.n_experts);
      if (end_.below_down) {
        MatmulBackwardProblem p = back_product(dy, {one.bias, DType::kF32, d, 1}, m, s_.experts.d_weights + first);
        p.accumulate = true;
        d_.engine->run(&KernelTable::matmul_backward, p);
      }
      if (gradient != nullptr)
        d_.engine->run(&KernelTable::weight_gradient,
                       gradient_product(dy, d, e_.slot_weights + first, 1, m, gradient + e * d));
    }
  }

  // Gate and up; then d_normed from the gradients of the slots' inputs.
  void inputs() const noexcept {
    gather_slots(d_, a_.normed, m_, e_, slots_, 1.0f, a_.experts.rows);
    float* d_rows = end_.below_inputs ? s_.experts.d_rows : nullptr;
    expert_linear(kLinearExpertGate, a_.experts.rows, e_.gate, d_rows, false);
    expert_linear(kLinearExpertUp, a_.experts.rows, e_.up, d_rows, true);
    if (d_rows != nullptr)
      d_.engine->run(&KernelTable::combine_rows, CombineRowsProblem{d_rows, e_.slots, s_.d_normed, m_, d_.spec->width,
                                                                    experts_.n_used, 1.0f, false});
  }

  void router() const noexcept {
    float* by_token = e_.weights;  // no longer needed
    d_.engine->run(&KernelTable::gather,
                   GatherProblem{{s_.experts.d_weights, DType::kF32, slots_, 1}, e_.slots, by_token, slots_, 1.0f});
    RouteBackwardProblem p;
    p.forward = {e_.logits,
                 e_.ids,
                 nullptr,
                 m_,
                 experts_.n_experts,
                 experts_.n_used,
                 experts_.gating,
                 experts_.normalize,
                 experts_.weights_scale};
    p.d_weights = by_token;
    p.counts = e_.counts;
    p.balance_scale = s_.experts.balance_scale;
    p.d_logits = s_.experts.d_logits;
    d_.engine->run(&KernelTable::route_backward, p);
    LinearBackwardCall call = call_of(kLinearRouter, a_.normed, s_.experts.d_logits, s_.d_normed, true);
    linears_backward(d_, {&call, 1}, s_.d_low_rank);
  }

  void shared() const noexcept {
    const int64_t width = experts_.shared_ff_width;
    const float* weight = has_shared_router() ? e_.shared_weight : nullptr;
    activate(e_.shared_gate, e_.shared_up, weight, m_, width);
    if (const LowRank* lr = low_rank(kLinearSharedDown)) {
      const float* input = drop_input(d_, a_.experts.gated, m_ * width, stream(kLinearSharedDown), a_.dropped);
      low_rank_down(d_, *lr, input, width, m_, block_.low_rank[kLinearSharedDown]);
    }
    LinearBackwardCall down = call_of(kLinearSharedDown, a_.experts.gated, s_.d_stream,
                                      end_.below_down ? s_.experts.d_gated : nullptr, false);
    down.scale = d_.spec->residual_scale;
    linears_backward(d_, {&down, 1}, s_.d_low_rank);
    if (!end_.below_down) return;
    float* d_weight = s_.experts.d_weights;
    activation_backward(e_.shared_gate, e_.shared_up, weight, d_weight, m_, width);
    float* d_normed = end_.below_inputs ? s_.d_normed : nullptr;
    LinearBackwardCall calls[3] = {call_of(kLinearSharedGate, a_.normed, e_.shared_gate, d_normed, true),
                                   call_of(kLinearSharedUp, a_.normed, e_.shared_up, d_normed, true)};
    size_t n = 2;
    if (weight != nullptr && end_.below_inputs) {
      d_.engine->run(&KernelTable::sigmoid_backward, SigmoidBackwardProblem{weight, d_weight, m_});
      calls[n++] = call_of(kLinearSharedRouter, a_.normed, d_weight, d_normed, true);
    }
    linears_backward(d_, {calls, n}, s_.d_low_rank);
  }

  const Decoder& d_;
  int32_t layer_;
  const ExpertBackwardEnd& end_;
  const LayerSpec& spec_;
  const ExpertSpec& experts_;
  const LayerWeights& weights_;
  const Activations& a_;
  const BlockActivations& block_;
  const ExpertActivations& e_;
  const BackwardScratch& s_;
  const LayerGradients& gradients_;
  int64_t m_;
  int64_t slots_;
};

}  // namespace

void experts_backward(const Decoder& decoder, int32_t layer, int64_t m, const ExpertBackwardEnd& end,
                      const Activations& a, const BackwardScratch& scratch, const LayerGradients& gradients) noexcept {
  ExpertBackward(decoder, layer, m, end, a, scratch, gradients).run();
}

}  // namespace chaku
