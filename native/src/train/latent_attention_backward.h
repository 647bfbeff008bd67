// Backward of latent attention (formulas of the forward: model/latent_attention.h). With v_h = Vb_h o_h and queries
// r_h = Kb_h q'_h over keys that are values too:
//   do_h = Vb_h^T dv_h;  dVb_h += dv_h o_h^T;  dq'_h = Kb_h^T dr_h;  dKb_h += dr_h q'_h^T;  d[c, p] = dk + dv
// and of a low-rank addition s B A, with u_h = A o_h, du_h = s B"_h^T dv_h, t_h = A dr_h and w_h = B'_h^T q'_h:
//   do_h += A^T du_h;  dA += sum_h du_h o_h^T + s w_h dr_h^T;  dB"_h += s dv_h u_h^T;
//   dq'_h += s B'_h t_h;  dB'_h += s q'_h t_h^T.
#pragma once

#include "model/latent_attention.h"
#include "train/backward_scratch.h"
#include "train/parameters.h"

namespace chaku {

// scratch.d_o[M,H*Dh] of scratch.latent.d_values, the gradient of what goes to the output product.
void latent_values_backward(const Decoder& decoder, int32_t layer, int64_t m, const BlockActivations& block,
                            const BackwardScratch& scratch, const LayerGradients& gradients) noexcept;

// From scratch.dq, dk and dv on down to the products of the layer's normed input a.normed, whose gradient goes to
// scratch.d_normed where anything `below` is trained. Overwrites dq and dk.
void latent_queries_keys_backward(const Decoder& decoder, int32_t layer, int64_t m, bool below, const Activations& a,
                                  const BackwardScratch& scratch, const LayerGradients& gradients) noexcept;

}  // namespace chaku
