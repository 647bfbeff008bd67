// Where a backward pass ends.
#pragma once

#include <cstdint>

#include "train/parameters.h"

namespace chaku {

// The groups of a block's products, in forward order: the backward pass ends at the lowest trained one.
enum class Stage : int32_t { kQkv = 0, kAttnOutput = 1, kGateUp = 2, kDown = 3, kLayerGate = 4, kLayerOut = 5 };

// Where the backward pass ends.
struct BackwardEnd {
  int32_t layer = -1;           // lowest layer with a trained parameter; n_layers where only the head has one
  Stage stage = Stage::kQkv;    // its lowest trained product
  bool input_gradient = false;  // the gradient of that layer's input is needed too (norms or embedding are trained)
};
// For low-rank additions alone, or of a full training.
BackwardEnd backward_end(const DecoderSpec& spec, const ParameterList& parameters) noexcept;

}  // namespace chaku
