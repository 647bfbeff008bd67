#include "model/experts.h"

#include <algorithm>
#include <array>

namespace chaku {

Linear expert_of(const Linear& stacked, int64_t expert, int64_t n_experts) noexcept {
  Linear one = stacked;
  one.w.rows /= n_experts;
  one.w.data = static_cast<const std::byte*>(stacked.w.data) + expert * one.w.rows * stacked.w.stride_bytes();
  if (stacked.bias != nullptr) one.bias = stacked.bias + expert * one.w.rows;
  return one;
}

LowRank expert_of(const LowRank& stacked, int64_t expert, int64_t n, int64_t k) noexcept {
  LowRank one = stacked;
  one.a += expert * one.rank * k;
  one.b += expert * n * one.rank;
  return one;
}

namespace {

// Collects the products of a MatmulGroup and runs them together.
class ProductGroup {
 public:
  explicit ProductGroup(const Decoder& decoder) noexcept : decoder_(decoder) {}
  ~ProductGroup() { run(); }
  ProductGroup(const ProductGroup&) = delete;
  ProductGroup& operator=(const ProductGroup&) = delete;

  void add(const MatmulProblem& problem) noexcept {
    if (n_ == kMost) run();
    problems_[n_] = problem;
    decoder_.set_arithmetic(problems_[n_++]);
  }

 private:
  static constexpr int64_t kMost = 32;

  void run() noexcept {
    if (n_ > 0) decoder_.engine->run(&KernelTable::matmul_group, MatmulGroup{problems_, n_});
    n_ = 0;
  }

  const Decoder& decoder_;
  MatmulProblem problems_[kMost];
  int64_t n_ = 0;
};

// The base's product of one expert that has m slots from `first` on.
MatmulProblem base_product(const ExpertLinearCall& call, const Linear& one, int64_t first, int64_t m) noexcept {
  MatmulProblem p;
  p.x = call.x + first * one.w.columns;
  p.x_stride = one.w.columns;
  p.w = one.w;
  p.bias = call.bias ? one.bias : nullptr;
  p.y = call.y + first * one.w.rows;
  p.y_stride = one.w.rows;
  p.m = m;
  return p;
}

// The slots of one expert, and those of them whose tokens wear the same.
struct Slots {
  int64_t begin, end;
};

// run(slots, low rank of the expert or null) for all that wear the same.
template <class Run>
void for_worn_slots(const Decoder& decoder, const ExpertLinearCall& call, int64_t e, Slots all, const Run& run) {
  const int64_t k = call.linear->w.columns, n = call.linear->w.rows / call.n_experts;
  const auto run_part = [&](Slots slots, const LowRank* stacked) {
    if (slots.begin == slots.end) return;
    const LowRank one = stacked == nullptr ? LowRank{} : expert_of(*stacked, e, n, k);
    run(slots, stacked == nullptr ? nullptr : &one);
  };
  if (decoder.worn.empty()) return run_part(all, call.low_rank);
  decoder.for_worn(call.layer, call.which, call.n_tokens, [&](int64_t begin, int64_t end, const LowRank* stacked) {
    const int32_t *first = call.tokens + all.begin, *last = call.tokens + all.end;  // an expert's slots are by token
    run_part({std::lower_bound(first, last, begin) - call.tokens, std::lower_bound(first, last, end) - call.tokens},
             stacked);
  });
}

float* low_rank_room(const Decoder& decoder, const ExpertLinearCall& call, int64_t slot, const LowRank& low_rank) {
  return call.low_rank_out + slot * (decoder.worn.empty() ? low_rank.rank : decoder.worn_rank);
}

// Products of an expert, each slot's with what its token wears. inputs: of A, per call.
void add_products(const Decoder& decoder, std::span<const ExpertLinearCall> calls, std::span<const float* const> inputs,
                  int64_t e, ProductGroup& group) noexcept {
  const Slots all{calls.front().offsets[e], calls.front().offsets[e + 1]};
  if (all.begin == all.end) return;
  const bool whole = decoder.role == Role::kGenerated && !decoder.worn.empty();  // what is worn is added behind
  for (size_t i = 0; i < calls.size(); ++i)
    for_worn_slots(decoder, calls[i], e, all, [&](Slots slots, const LowRank* low_rank) {
      if (low_rank == nullptr) return;
      const int64_t k = calls[i].linear->w.columns;
      group.add(down_product(*low_rank, inputs[i] + slots.begin * k, k, slots.end - slots.begin,
                             low_rank_room(decoder, calls[i], slots.begin, *low_rank)));
    });
  for (const ExpertLinearCall& call : calls) {
    const Linear one = expert_of(*call.linear, e, call.n_experts);
    if (whole) {
      group.add(base_product(call, one, all.begin, all.end - all.begin));
      continue;
    }
    for_worn_slots(decoder, call, e, all, [&](Slots slots, const LowRank* low_rank) {
      MatmulProblem p = base_product(call, one, slots.begin, slots.end - slots.begin);
      if (low_rank != nullptr)
        p.tail = low_rank_tail(*low_rank, low_rank_room(decoder, call, slots.begin, *low_rank), one.w.rows);
      group.add(p);
    });
  }
}

// What adapters add to products that are made.
void add_worn(const Decoder& decoder, std::span<const ExpertLinearCall> calls, int64_t e,
              ProductGroup& group) noexcept {
  const Slots all{calls.front().offsets[e], calls.front().offsets[e + 1]};
  for (const ExpertLinearCall& call : calls) {
    const Linear one = expert_of(*call.linear, e, call.n_experts);
    for_worn_slots(decoder, call, e, all, [&](Slots slots, const LowRank* low_rank) {
      if (low_rank == nullptr) return;
      const MatmulProblem base = base_product(call, one, slots.begin, slots.end - slots.begin);
      group.add(up_product(*low_rank, low_rank_room(decoder, call, slots.begin, *low_rank), base, 0,
                           slots.end - slots.begin));
    });
  }
}

void add_inputs(const Decoder& decoder, const ExpertLinearCall& call) noexcept {
  for (int64_t e = 0; e < call.n_experts; ++e) {
    const int64_t first = call.offsets[e], m = call.offsets[e + 1] - first;
    if (m > 0) decoder.inputs->add(*call.linear, call.x + first * call.linear->w.columns, m, e);
  }
}

}  // namespace

void apply_expert_linears(const Decoder& decoder, std::span<const ExpertLinearCall> calls) noexcept {
  const bool drops = decoder.dropout.probability != 0.0f;  // into an array that all calls share
  if (drops && calls.size() > 1) {
    for (const ExpertLinearCall& call : calls) apply_expert_linears(decoder, {&call, 1});
    return;
  }
  std::array<const float*, kMostExpertLinears> inputs{};
  for (size_t i = 0; i < calls.size(); ++i) {
    const ExpertLinearCall& call = calls[i];
    if (decoder.inputs != nullptr) add_inputs(decoder, call);
    inputs[i] = call.x;
    if (call.low_rank != nullptr)
      inputs[i] = drop_input(decoder, call.x, call.offsets[call.n_experts] * call.linear->w.columns,
                             call.dropout_stream, call.dropped);
  }
  const int64_t n_experts = calls.front().n_experts;
  {
    ProductGroup group(decoder);
    for (int64_t e = 0; e < n_experts; ++e) add_products(decoder, calls, inputs, e, group);
  }
  if (decoder.role != Role::kGenerated || decoder.worn.empty()) return;
  ProductGroup group(decoder);
  for (int64_t e = 0; e < n_experts; ++e) add_worn(decoder, calls, e, group);
}

void fetch_offsets(const Decoder& decoder, const ExpertSpec& spec, const ExpertActivations& e,
                   const ExpertScratch& scratch) noexcept {
  const int64_t n_bytes = (int64_t{spec.n_experts} + 1) * static_cast<int64_t>(sizeof(int32_t));
  decoder.engine->device().download(scratch.host_offsets.get(), e.offsets, n_bytes);
}

void gather_slots(const Decoder& decoder, const float* x, int64_t m, const ExpertActivations& e, int64_t n_slots,
                  float scale, float* rows) noexcept {
  const Matrix tokens{x, DType::kF32, m, decoder.spec->width};
  decoder.engine->run(&KernelTable::gather, GatherProblem{tokens, e.tokens, rows, n_slots, scale});
}

namespace {

// The state that the steps of one half block share.
class ExpertPass {
 public:
  ExpertPass(const Decoder& decoder, int32_t layer, int64_t m, const Activations& a,
             const BlockActivations& block) noexcept
      : d_(decoder),
        layer_(layer),
        spec_(decoder.spec->layers[static_cast<size_t>(layer)]),
        experts_(spec_.experts),
        weights_(decoder.weights->layers[static_cast<size_t>(layer)]),
        a_(a),
        block_(block),
        e_(block.experts),
        m_(m),
        slots_(m * experts_.n_used) {}

  void inputs() const noexcept {
    const LinearCall router = call_of(kLinearRouter, a_.normed, e_.logits);
    apply_linears(d_, {&router, 1});
    d_.engine->run(&KernelTable::route,
                   RouteProblem{e_.logits, e_.ids, e_.weights, m_, experts_.n_experts, experts_.n_used, experts_.gating,
                                experts_.normalize, experts_.weights_scale, weights_.norms[kSelection],
                                experts_.n_groups, experts_.n_groups_used});
    d_.engine->run(&KernelTable::sort_slots,
                   SortSlotsProblem{e_.ids, e_.weights, e_.slots, e_.tokens, e_.slot_weights, e_.counts, e_.offsets, m_,
                                    experts_.n_experts, experts_.n_used});
    fetch_offsets(d_, experts_, e_, a_.experts);
    if (!d_.worn.empty())
      d_.engine->device().download(a_.experts.host_tokens.get(), e_.tokens,
                                   slots_ * static_cast<int64_t>(sizeof(int32_t)));
    if (a_.experts.balance != nullptr)
      d_.engine->run(&KernelTable::balance_loss,
                     BalanceLossProblem{e_.logits, e_.counts, m_, experts_.n_experts, a_.experts.balance + layer_});
    gather_slots(d_, a_.normed, m_, e_, slots_, 1.0f, a_.experts.rows);
    const ExpertLinearCall calls[] = {expert_linear(kLinearExpertGate, a_.experts.rows, e_.gate),
                                      expert_linear(kLinearExpertUp, a_.experts.rows, e_.up)};
    apply_expert_linears(d_, calls);
    if (experts_.shared_ff_width == 0) return;
    const LinearCall shared[] = {call_of(kLinearSharedGate, a_.normed, e_.shared_gate),
                                 call_of(kLinearSharedUp, a_.normed, e_.shared_up),
                                 call_of(kLinearSharedRouter, a_.normed, e_.shared_weight)};
    apply_linears(d_, {shared, has_shared_router() ? 3u : 2u});
    if (!has_shared_router()) return;
    d_.engine->run(&KernelTable::sigmoid, SigmoidProblem{e_.shared_weight, m_});
  }

  void outputs(float* out) const noexcept {
    const int64_t d = d_.spec->width;
    const float* gated = activate(e_.gate, e_.up, e_.slot_weights, slots_, experts_.ff_width);
    const ExpertLinearCall call = expert_linear(kLinearExpertDown, gated, a_.experts.rows);
    apply_expert_linears(d_, {&call, 1});
    if (call.linear->bias != nullptr) add_weighted_bias(*call.linear, a_.experts.rows);
    d_.engine->run(&KernelTable::combine_rows, CombineRowsProblem{a_.experts.rows, e_.slots, out, m_, d,
                                                                  experts_.n_used, d_.spec->residual_scale, true});
    if (experts_.shared_ff_width == 0) return;
    const float* weight = has_shared_router() ? e_.shared_weight : nullptr;
    const float* shared = activate(e_.shared_gate, e_.shared_up, weight, m_, experts_.shared_ff_width);
    LinearCall down = call_of(kLinearSharedDown, shared, out);
    down.scale = d_.spec->residual_scale;
    down.accumulate = true;
    apply_linears(d_, {&down, 1});
  }

 private:
  bool has_shared_router() const noexcept { return !weights_.linears[kLinearSharedRouter].w.empty(); }

  // weight * act(gate) * up; null weights: 1.
  const float* activate(float* gate, const float* up, const float* weights, int64_t rows,
                        int64_t width) const noexcept {
    float* gated = a_.experts.gated != nullptr ? a_.experts.gated : gate;
    d_.engine->run(&KernelTable::gated_activation,
                   GatedActivationProblem{gate, up, gated, rows * width, spec_.activation});
    if (weights != nullptr) d_.engine->run(&KernelTable::scale_rows, ScaleRowsProblem{gated, weights, rows, width});
    return gated;
  }

  LinearCall call_of(LayerLinear which, const float* x, float* y) const noexcept {
    LinearCall call = linear_call(d_, layer_, which, a_);
    call.x = x;
    call.y = y;
    call.m = m_;
    return call;
  }

  ExpertLinearCall expert_linear(LayerLinear which, const float* x, float* y) const noexcept {
    ExpertLinearCall call;
    call.x = x;
    call.y = y;
    call.offsets = a_.experts.host_offsets.get();
    call.n_experts = experts_.n_experts;
    call.linear = &weights_.linears[which];
    call.low_rank = d_.low_rank(layer_, which);
    call.low_rank_out = block_.low_rank[which];
    call.layer = layer_;
    call.which = which;
    call.n_tokens = m_;
    call.tokens = a_.experts.host_tokens.get();
    call.dropout_stream = d_.dropout.stream(layer_, kLinearModules[which]);
    call.dropped = a_.dropped;
    call.bias = which != kLinearExpertDown;
    return call;
  }

  // The input of `down` carries the slot's weight, its bias does not: y += weight bias^T, a product of depth 1.
  void add_weighted_bias(const Linear& stacked, float* y) const noexcept {
    const int32_t* offsets = a_.experts.host_offsets.get();
    for (int32_t e = 0; e < experts_.n_experts; ++e) {
      if (offsets[e + 1] == offsets[e]) continue;
      const Linear one = expert_of(stacked, e, experts_.n_experts);
      MatmulProblem p;
      p.x = e_.slot_weights + offsets[e];
      p.x_stride = 1;
      p.w = {one.bias, DType::kF32, one.w.rows, 1};
      p.y = y + offsets[e] * one.w.rows;
      p.y_stride = one.w.rows;
      p.m = offsets[e + 1] - offsets[e];
      p.accumulate = true;
      d_.set_arithmetic(p);
      d_.engine->run(&KernelTable::matmul, p);
    }
  }

  const Decoder& d_;
  int32_t layer_;
  const LayerSpec& spec_;
  const ExpertSpec& experts_;
  const LayerWeights& weights_;
  const Activations& a_;
  const BlockActivations& block_;
  const ExpertActivations& e_;
  int64_t m_;
  int64_t slots_;
};

}  // namespace

void expert_inputs(const Decoder& decoder, int32_t layer, int64_t m, const Activations& a,
                   const BlockActivations& block) noexcept {
  ExpertPass(decoder, layer, m, a, block).inputs();
}

void expert_outputs(const Decoder& decoder, int32_t layer, int64_t m, const Activations& a,
                    const BlockActivations& block, float* out) noexcept {
  ExpertPass(decoder, layer, m, a, block).outputs(out);
}

}  // namespace chaku
