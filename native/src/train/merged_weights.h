// Training through the quantizer that a merge uses (straight-through: Bengio, Leonard, Courville 2013). The forward
// pass sees
//   W_eff = Q(W + s B A)      in place of      W + s B A,
// and the gradients of A and B are those of the right side. Quantizing is slow, so that the copies Q(W + s B0 A0) of
// the adapted weights are made anew every so many optimizer steps, from the pair (A0,B0) of then, and in between
//   y = x Q(W + s B0 A0)^T + s x (B A - B0 A0)^T:
// the frozen pair enters the low-rank addition as the second half of its rank, with -B0 and without a gradient. Where
// copies are new the halves cancel. An evaluation makes copies of the pair as it is and adds nothing: its loss is that
// of the merged file. It changes nothing of the training, whose copies are made again from the frozen pair.
#pragma once

#include <vector>

#include "base/cancellation.h"
#include "train/parameters.h"
#include "train/stacked_pairs.h"

namespace chaku {

// The format in which a merge writes an adapted weight.
struct MergeFormat {
  Module module = Module::kOutput;
  int32_t layer = -1;
  DType dtype = DType::kF32;
};

struct MergeAware {
  int32_t every = 0;                 // optimizer steps between copies; 0: trained as if nothing were merged
  std::vector<MergeFormat> formats;  // of every adapted weight, each once, in any order

  bool on() const noexcept { return every != 0; }
};
inline constexpr int32_t kMaxMergeEvery = 1 << 20;

// Bytes of the copies and of the pairs of stacked_pairs.h, for LoRA parameters. Throws Error for an interval out of its
// range, for formats that are missing, unknown, given twice or do not fill rows, and for products that are no weight.
int64_t merged_bytes(const Model& model, const ParameterList& parameters, const MergeAware& merge);

class MergedWeights {
 public:
  MergedWeights() = default;  // of no use
  // All borrowed; the store has a frozen slot. Throws as merged_bytes(), and Error(kOutOfMemory).
  MergedWeights(const Model& model, ParameterStore& store, const MergeAware& merge);

  // The model's, with the copies in place of what is adapted.
  const Weights& weights() const noexcept { return weights_; }
  // Pairs of twice the rank, whose second half is frozen.
  const LowRanks& low_ranks() const noexcept { return pairs_.low_ranks(); }

  // Before a training pass after so many steps, and before an evaluation. Both throw Error(kCancelled) alone.
  void prepare_training(int64_t steps_done, const Cancellation& cancel);
  void prepare_evaluation(const Cancellation& cancel);
  // After the values or what is frozen were changed.
  void changed(Slot slot) noexcept;
  // After the number of steps was set.
  void restarted() noexcept { frozen_at_ = -1; }

  struct Product {
    size_t a = 0;                 // index of A among the parameters; B is the next
    int64_t n_stacked = 1;        // E
    Matrix base;                  // [E N,K]
    Matrix copy;                  // likewise, in the merge's format
    std::byte* memory = nullptr;  // of the copy
  };

 private:
  const Parameter& a_of(const Product& p) const noexcept { return store_->items()[p.a]; }
  const Parameter& b_of(const Product& p) const noexcept { return store_->items()[p.a + 1]; }
  void copy_from(Slot slot, const Cancellation& cancel);
  void freeze(int64_t steps_done) noexcept;

  const Device* device_ = nullptr;
  ParameterStore* store_ = nullptr;
  int32_t every_ = 0;
  DeviceBuffer memory_;
  std::vector<Product> products_;
  Weights weights_;
  StackedPairs pairs_;
  bool copies_of_values_ = false, copies_of_frozen_ = false;  // what the copies were made from
  int64_t frozen_at_ = -1;                                    // steps that were done then
};

}  // namespace chaku
