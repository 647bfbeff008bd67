// What a layer with a running memory in place of attention computes, and where; see model/mixer.h.
#pragma once

#include <cstdint>

#include "model/carver.h"
#include "model/decoder_spec.h"

namespace chaku {

// Of one block, kept with it. C channels pass the convolution; I is the width of what the half block gives out.
struct MixerActivations {
  float* in = nullptr;           // [M,C]
  float* input_gate = nullptr;   // [M,C], short convolution
  float* convolved = nullptr;    // [M,C]
  float* gate = nullptr;         // [M,I]
  float* beta = nullptr;         // [M,Hv], delta rule
  float* alpha = nullptr;        // [M,Hv], delta rule
  float* recalled = nullptr;     // [M,I], delta rule
  float* inverse_rms = nullptr;  // [M*Hv], delta rule
};

// Used by one block after another.
struct MixerScratch {
  float* half = nullptr;   // [M,I] or [M,C]: the gated input of the convolution, or what was recalled, normed
  float* mixed = nullptr;  // [M,I] the input of the output product
};

// The largest of a decoder's layers, or one layer; all zero without mixers.
struct MixerShape {
  int64_t channels = 0, inner = 0, input_gate = 0, heads = 0, recalled = 0;

  void include(const MixerSpec& m, int64_t width) noexcept;
};

MixerActivations carve_mixer_block(Carver& carver, const MixerShape& shape, int64_t max_tokens);
MixerScratch carve_mixer_scratch(Carver& carver, const MixerShape& shape, int64_t max_tokens);

}  // namespace chaku
