// Pairs of twice the rank: what is trained and, as the second half, with -B0 and without a gradient, what is frozen:
//   s (B A - B0 A0) = s [B, -B0] [A; A0].
// Where both are alike the halves cancel. PiSSA (Meng et al., "PiSSA: Principal Singular Values and Singular Vectors
// Adaptation of Large Language Models", 2024) trains B0 A0, the leading part of the singular value decomposition of W,
// over what is left of it: here W stays as it is and the pair that it began with is subtracted, so that nothing of W is
// rounded anew.
#pragma once

#include <vector>

#include "train/parameters.h"

namespace chaku {

// Bytes of the pairs beside each other, for LoRA parameters.
int64_t stacked_bytes(const DecoderSpec& spec, const ParameterList& parameters);

class StackedPairs {
 public:
  StackedPairs() = default;  // of no use
  // Borrowed; the store has a frozen slot and A and B alone. Throws Error(kOutOfMemory).
  StackedPairs(const Model& model, ParameterStore& store);

  const LowRanks& low_ranks() const noexcept { return low_ranks_; }
  // Before a pass that reads them.
  void prepare() noexcept;
  // After the values or what is frozen were changed.
  void changed(Slot slot) noexcept {
    if (slot == Slot::kValue) values_stacked_ = false;
    if (slot == Slot::kFrozen) frozen_stacked_ = false;
  }

  struct Product {
    size_t a = 0;             // index of A among the parameters; B is the next
    int64_t n_stacked = 1;    // E
    float* pair_a = nullptr;  // [E 2R,K]
    float* pair_b = nullptr;  // [E N,2R]
  };

 private:
  void stack(Slot slot) noexcept;

  const Device* device_ = nullptr;
  ParameterStore* store_ = nullptr;
  DeviceBuffer memory_;
  std::vector<Product> products_;
  LowRanks low_ranks_;
  bool values_stacked_ = false, frozen_stacked_ = false;  // whether the halves are those of the store
};

}  // namespace chaku
