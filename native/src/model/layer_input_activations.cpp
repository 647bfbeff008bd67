#include "model/layer_input_activations.h"

namespace chaku {

LayerInputActivations carve_layer_input_block(Carver& carver, const DecoderSpec& spec, int64_t max_tokens, bool taped) {
  LayerInputActivations block;
  if (spec.layer_inputs.width == 0) return block;
  block.gate = carver.floats(max_tokens * spec.layer_inputs.width);
  if (!taped) return block;
  block.stream = carver.floats(max_tokens * spec.width);
  block.product = carver.floats(max_tokens * spec.width);
  block.inverse_rms = carver.floats(max_tokens);
  return block;
}

LayerInputScratch carve_layer_input_scratch(Carver& carver, const DecoderSpec& spec, int64_t max_tokens,
                                            bool differentiated) {
  LayerInputScratch scratch;
  if (spec.layer_inputs.width == 0) return scratch;
  const int64_t n = max_tokens * spec.n_layer_inputs();
  scratch.inputs = carver.floats(n);
  scratch.projected = carver.floats(n);
  scratch.slice = carver.floats(max_tokens * spec.layer_inputs.width);
  scratch.gated = carver.floats(max_tokens * spec.layer_inputs.width);
  if (!differentiated) return scratch;
  scratch.raw = carver.floats(n);
  scratch.inverse_rms = carver.floats(max_tokens * spec.n_layers());
  return scratch;
}

}  // namespace chaku
