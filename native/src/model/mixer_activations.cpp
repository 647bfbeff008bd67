#include "model/mixer_activations.h"

#include <algorithm>

namespace chaku {

void MixerShape::include(const MixerSpec& m, int64_t width) noexcept {
  if (m.kind == MixerKind::kNone) return;
  channels = std::max(channels, m.channels(width));
  inner = std::max(inner, m.inner(width));
  if (m.kind == MixerKind::kShortConvolution) {
    input_gate = std::max(input_gate, m.channels(width));
  } else {
    heads = std::max<int64_t>(heads, m.n_value_heads);
    recalled = std::max(recalled, m.inner(width));
  }
}

MixerActivations carve_mixer_block(Carver& carver, const MixerShape& shape, int64_t max_tokens) {
  MixerActivations block;
  if (shape.channels == 0) return block;
  block.in = carver.floats(max_tokens * shape.channels);
  block.input_gate = carver.floats(max_tokens * shape.input_gate);
  block.convolved = carver.floats(max_tokens * shape.channels);
  block.gate = carver.floats(max_tokens * shape.inner);
  block.beta = carver.floats(max_tokens * shape.heads);
  block.alpha = carver.floats(max_tokens * shape.heads);
  block.recalled = carver.floats(max_tokens * shape.recalled);
  block.inverse_rms = carver.floats(max_tokens * shape.heads);
  return block;
}

MixerScratch carve_mixer_scratch(Carver& carver, const MixerShape& shape, int64_t max_tokens) {
  MixerScratch scratch;
  if (shape.channels == 0) return scratch;
  scratch.half = carver.floats(max_tokens * std::max(shape.input_gate, shape.recalled));
  scratch.mixed = carver.floats(max_tokens * shape.inner);
  return scratch;
}

}  // namespace chaku
