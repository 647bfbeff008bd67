// What every step of a forward or a backward pass knows of its decoder.
#pragma once

#include "base/cancellation.h"
#include "model/engine.h"
#include "model/input_statistics.h"
#include "model/weights.h"

namespace chaku {

// A decoder ready to run: all borrowed.
struct Decoder {
  const Engine* engine = nullptr;
  const DecoderSpec* spec = nullptr;
  const Weights* weights = nullptr;
  const LowRanks* low_ranks = nullptr;   // null: none
  const Cancellation* cancel = nullptr;  // null: cannot be cancelled
  Dropout dropout;
  InputStatistics* inputs = nullptr;  // null: not collected
  Role role = Role::kPrompt;          // of all tokens of a pass

  const LowRank* low_rank(int32_t layer, LayerLinear linear) const noexcept {
    if (low_ranks == nullptr || low_ranks->layers.empty()) return nullptr;
    const LowRank& found = low_ranks->layers[static_cast<size_t>(layer)][static_cast<size_t>(linear)];
    return found.rank > 0 ? &found : nullptr;
  }
};

}  // namespace chaku
