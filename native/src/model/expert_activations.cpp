#include "model/expert_activations.h"

#include <algorithm>

#include "base/error.h"

namespace chaku {

void ExpertShape::include(const ExpertSpec& e) noexcept {
  n_experts = std::max<int64_t>(n_experts, e.n_experts);
  n_used = std::max<int64_t>(n_used, e.n_used);
  shared_width = std::max<int64_t>(shared_width, e.shared_ff_width);
  slot_ff = std::max(slot_ff, int64_t{e.n_used} * e.ff_width);
}

ExpertShape largest_experts(const DecoderSpec& spec) noexcept {
  ExpertShape shape;
  for (const LayerSpec& layer : spec.layers) shape.include(layer.experts);
  return shape;
}

void check_slots(const char* op, const DecoderSpec& spec, int32_t max_tokens) {
  const int64_t most = INT32_MAX / std::max<int64_t>(1, largest_experts(spec).n_used);
  if (max_tokens > most)
    fail(Code::kInvalidArgument, "[%s] expected at most %lld tokens at once with so many experts each, got %d", op,
         static_cast<long long>(most), max_tokens);
}

ExpertActivations carve_expert_block(Carver& carver, const ExpertShape& shape, int64_t max_tokens) {
  ExpertActivations e;
  if (!shape.any()) return e;
  const int64_t m = max_tokens, slots = m * shape.n_used;
  e.logits = carver.floats(m * shape.n_experts);
  e.ids = carver.take<int32_t>(slots);
  e.weights = carver.floats(slots);
  e.slots = carver.take<int32_t>(slots);
  e.tokens = carver.take<int32_t>(slots);
  e.slot_weights = carver.floats(slots);
  e.counts = carver.take<int32_t>(shape.n_experts);
  e.offsets = carver.take<int32_t>(shape.n_experts + 1);
  e.gate = carver.floats(m * shape.slot_ff);
  e.up = carver.floats(m * shape.slot_ff);
  if (shape.shared_width == 0) return e;
  e.shared_gate = carver.floats(m * shape.shared_width);
  e.shared_up = carver.floats(m * shape.shared_width);
  e.shared_weight = carver.floats(m);
  return e;
}

ExpertScratch carve_expert_scratch(Carver& carver, const DecoderSpec& spec, const ExpertShape& shape,
                                   int64_t max_tokens, bool taped, bool balance) {
  ExpertScratch s;
  if (!shape.any()) return s;
  s.host_offsets = std::make_shared<int32_t[]>(static_cast<size_t>(shape.n_experts) + 1);
  if (!taped) s.host_tokens = std::make_shared<int32_t[]>(static_cast<size_t>(max_tokens * shape.n_used));
  s.rows = carver.floats(max_tokens * shape.n_used * spec.width);
  if (taped) s.gated = carver.floats(max_tokens * std::max(shape.slot_ff, shape.shared_width));
  if (balance) s.balance = carver.take<double>(spec.n_layers());
  return s;
}

}  // namespace chaku
