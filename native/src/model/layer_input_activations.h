// What layers with inputs of their own compute, and where; see model/layer_inputs.h.
#pragma once

#include <cstdint>

#include "model/carver.h"
#include "model/decoder_spec.h"

namespace chaku {

// Of one block, kept with it.
struct LayerInputActivations {
  float* gate = nullptr;         // [M,P]
  float* stream = nullptr;       // [M,D] the residual stream before the input is added, taped; lean: in place
  float* product = nullptr;      // [M,D] before its norm, taped
  float* inverse_rms = nullptr;  // [M], taped
};

// Used by one block after another.
struct LayerInputScratch {
  float* inputs = nullptr;       // [M,L*P] of all layers
  float* projected = nullptr;    // [M,L*P] what the embedding gives to them
  float* raw = nullptr;          // [M,L*P] the same before its norm, where it is differentiated
  float* inverse_rms = nullptr;  // [M*L] likewise
  float* slice = nullptr;        // [M,P] one layer's input
  float* gated = nullptr;        // [M,P] the same times the gate
};

LayerInputActivations carve_layer_input_block(Carver& carver, const DecoderSpec& spec, int64_t max_tokens, bool taped);
LayerInputScratch carve_layer_input_scratch(Carver& carver, const DecoderSpec& spec, int64_t max_tokens,
                                            bool differentiated);

}  // namespace chaku
