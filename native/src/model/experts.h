// The feed-forward half block of a layer with experts, in the two parts of forward.h's dense one. For a token x
// (normed):
//   experts(x) = sum over its experts e of w_e (down_e(act(gate_e(x)) * up_e(x)))  +  s shared(x)
// where kernels/router.h tells experts and weights, and the shared expert, if there is one, has the weight
// s = sigmoid(shared_router . x), or 1 without such a router. Slots are sorted by expert, so that each expert is one
// product over its rows, and a token costs the bytes of its own experts alone. Weights are multiplied in before `down`,
// whose results are added in the order of each token's experts: no sum depends on who computes it.
#pragma once

#include "model/linear.h"

namespace chaku {

// One expert of a stacked product or its addition.
Linear expert_of(const Linear& stacked, int64_t expert, int64_t n_experts) noexcept;
LowRank expert_of(const LowRank& stacked, int64_t expert, int64_t n, int64_t k) noexcept;

// y[S,N] = x w_e^T + bias_e + low-rank addition, e being the expert of each slot.
struct ExpertLinearCall {
  const float* x = nullptr;          // [S,K]
  float* y = nullptr;                // [S,N], overwritten
  const int32_t* offsets = nullptr;  // [E+1], in the host's memory
  int64_t n_experts = 0;
  const Linear* linear = nullptr;     // stacked
  const LowRank* low_rank = nullptr;  // stacked, of all slots; or null: none
  float* low_rank_out = nullptr;      // [S,R], of the decoder's worn_rank where tokens wear different adapters
  int32_t layer = -1, which = -1;     // as LowRanks::find
  int64_t n_tokens = 0;               // the last of the batch
  const int32_t* tokens = nullptr;    // [S] of each slot, in the host's memory; where tokens wear different adapters
  uint64_t dropout_stream = 0;
  float* dropped = nullptr;  // [S,K] scratch, with dropout
  bool bias = true;          // false: leave it out
};
// Several that do not depend on each other, at most kMostExpertLinears, with the same offsets: those of generated
// tokens share parallel sections, and an expert's products of the same x prepare it once.
constexpr size_t kMostExpertLinears = 2;
void apply_expert_linears(const Decoder& decoder, std::span<const ExpertLinearCall> calls) noexcept;

// The products of the input a.normed[m,D]: router, gate and up of the experts and of the shared one.
void expert_inputs(const Decoder& decoder, int32_t layer, int64_t m, const Activations& a,
                   const BlockActivations& block) noexcept;

// out[m,D] += residual_scale * experts(x), from what expert_inputs() left. Lean: overwrites gate and up.
void expert_outputs(const Decoder& decoder, int32_t layer, int64_t m, const Activations& a,
                    const BlockActivations& block, float* out) noexcept;

// scratch.host_offsets = e.offsets, for whoever makes an expert's products.
void fetch_offsets(const Decoder& decoder, const ExpertSpec& spec, const ExpertActivations& e,
                   const ExpertScratch& scratch) noexcept;

// rows[S,D] = scale * x[tokens]: what belongs to each slot.
void gather_slots(const Decoder& decoder, const float* x, int64_t m, const ExpertActivations& e, int64_t n_slots,
                  float scale, float* rows) noexcept;

}  // namespace chaku
