#include "model/latent_activations.h"

#include <algorithm>

namespace chaku {

void LatentShape::include(const LayerSpec& layer) noexcept {
  if (!layer.is_latent()) return;
  const LatentSpec& s = layer.latent;
  heads = std::max<int64_t>(heads, layer.n_heads);
  q_rank = std::max<int64_t>(q_rank, s.q_rank);
  queries = std::max(queries, layer.n_heads * s.query_dim());
  key = std::max<int64_t>(key, layer.head_dim);
  values = std::max(values, layer.attended_width());
}

LatentActivations carve_latent_block(Carver& carver, const LatentShape& shape, int64_t max_tokens, bool taped) {
  LatentActivations block;
  if (shape.heads == 0) return block;
  block.q_low = block.q_low_raw = carver.floats(max_tokens * shape.q_rank);
  block.queries = carver.floats(max_tokens * shape.queries);
  block.values = carver.floats(max_tokens * shape.values);
  if (!taped) return block;
  block.q_low_raw = carver.floats(max_tokens * shape.q_rank);
  block.kv_raw = carver.floats(max_tokens * shape.key);
  block.inverse_rms_q_low = carver.floats(max_tokens);
  block.inverse_rms_kv = carver.floats(max_tokens);
  return block;
}

}  // namespace chaku
