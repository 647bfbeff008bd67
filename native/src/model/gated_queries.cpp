#include "model/gated_queries.h"

namespace chaku {

void split_gated_queries(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* both, float* q,
                         float* gates) noexcept {
  const int64_t dim = spec.head_dim, rows = m * spec.n_heads;
  decoder.engine->run(&KernelTable::copy_rows, CopyRowsProblem{both, 2 * dim, q, dim, rows, dim});
  decoder.engine->run(&KernelTable::copy_rows, CopyRowsProblem{both + dim, 2 * dim, gates, dim, rows, dim});
}

void join_gated_queries(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* q, const float* gates,
                        float* both) noexcept {
  const int64_t dim = spec.head_dim, rows = m * spec.n_heads;
  decoder.engine->run(&KernelTable::copy_rows, CopyRowsProblem{q, dim, both, 2 * dim, rows, dim});
  decoder.engine->run(&KernelTable::copy_rows, CopyRowsProblem{gates, dim, both + dim, 2 * dim, rows, dim});
}

void gate_attended(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* o, const float* gates,
                   float* y) noexcept {
  decoder.engine->run(&KernelTable::gated_activation,
                      GatedActivationProblem{gates, o, y, m * spec.q_width(), Activation::kSigmoid});
}

}  // namespace chaku
