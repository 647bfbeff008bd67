// Layers whose queries come with gates.
#pragma once

#include "model/decoder.h"

namespace chaku {

// both[m, H, 2 Dh] into q and gates, [m,H*Dh] each; and back; and y = sigmoid(gates) * o.
void split_gated_queries(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* both, float* q,
                         float* gates) noexcept;
void join_gated_queries(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* q, const float* gates,
                        float* both) noexcept;
void gate_attended(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* o, const float* gates,
                   float* y) noexcept;

}  // namespace chaku
