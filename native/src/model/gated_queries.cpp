#include "model/gated_queries.h"

#include <cstring>

namespace chaku {

void split_gated_queries(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* both, float* q,
                         float* gates) noexcept {
  const int64_t dim = spec.head_dim;
  decoder.engine->pool().parallel_for(m * spec.n_heads, 64, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      std::memcpy(q + i * dim, both + 2 * i * dim, static_cast<size_t>(dim) * sizeof(float));
      std::memcpy(gates + i * dim, both + (2 * i + 1) * dim, static_cast<size_t>(dim) * sizeof(float));
    }
  });
}

void gate_attended(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* o, const float* gates,
                   float* y) noexcept {
  decoder.engine->run(&KernelTable::gated_activation,
                      GatedActivationProblem{gates, o, y, m * spec.q_width(), Activation::kSigmoid});
}

}  // namespace chaku
