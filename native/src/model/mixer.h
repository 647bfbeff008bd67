// Half blocks with a running memory in place of attention, in models that mix both kinds of layers. For the normed
// input x, all products of x with a weight of their own, and * by elements:
//   short convolution (LFM2):   out(gate * convolve(input_gate * in))
//   gated delta rule (Qwen3-Next, Qwen3.5): q, k, v = silu(convolve(in));
//                               out(silu(gate) * rmsnorm(delta_rule(q, k, v, beta, alpha)))
// with the norm over each value head. Kernels: kernels/causal_convolution.h, kernels/delta_rule.h.
#pragma once

#include "model/batch.h"
#include "model/linear.h"

namespace chaku {

// Computes a.mixer.mixed[M,I], the input of the output product, from a.normed[M,D]. All tokens pass, whatever rows are
// asked for: the memory needs them. memory_offset: of the layer's in those of the batch.
void mix(const Decoder& decoder, const Batch& batch, int64_t memory_offset, int32_t layer, const Activations& a,
         const BlockActivations& block) noexcept;

// The same from a tape: a.mixer.half and a.mixer.mixed, from what mix() left in `block`.
void mix_again(const Decoder& decoder, int64_t m, int32_t layer, const Activations& a,
               const BlockActivations& block) noexcept;

// The convolution and the delta rule of a layer, as both passes run them; without state.
CausalConvolutionProblem convolution_of(const Decoder& decoder, const Batch& batch, int32_t layer, const Activations& a,
                                        const BlockActivations& block) noexcept;
DeltaRuleProblem delta_rule_of(const Decoder& decoder, const Batch& batch, int32_t layer,
                               const BlockActivations& block) noexcept;

}  // namespace chaku
