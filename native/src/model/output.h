// From the residual stream to logits.
#pragma once

#include "model/decoder.h"

namespace chaku {

// normed[m,D] = rows of the residual stream by the output norm, where there is one; inverse[m] as of NormCall, or null.
void output_norm(const Decoder& decoder, const float* x, int64_t m, float* normed, float* inverse) noexcept;

// logits[m,V] by the model's soft cap, in place, where it has one.
void cap_logits(const Decoder& decoder, int64_t m, float* logits) noexcept;

// logits[m,V] = logit_scale * (normed Wout^T + bias + low-rank addition of low_rank_out[m,R]), before the soft cap.
void project_logits(const Decoder& decoder, const float* normed, const float* low_rank_out, int64_t m,
                    float* logits) noexcept;

}  // namespace chaku
