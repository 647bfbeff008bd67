// What every step of a forward or a backward pass knows of its decoder.
#pragma once

#include <algorithm>
#include <span>

#include "base/cancellation.h"
#include "model/engine.h"
#include "model/input_statistics.h"
#include "model/weights.h"

namespace chaku {

// Rows [begin, end) of a batch, whose texts wear the same adapters.
struct WornRows {
  int64_t begin, end;
  const LowRanks* low_ranks;  // null: none
};

// A decoder ready to run: all borrowed.
struct Decoder {
  const Engine* engine = nullptr;
  const DecoderSpec* spec = nullptr;
  const Weights* weights = nullptr;
  const LowRanks* low_ranks = nullptr;   // of all rows; null: none
  const Cancellation* cancel = nullptr;  // null: cannot be cancelled
  Dropout dropout;
  InputStatistics* inputs = nullptr;                      // null: not collected
  Role role = Role::kPrompt;                              // of all tokens of a pass
  ActivationFormat activations = ActivationFormat::kF32;  // of products of generated tokens
  // Inference: who wears what, where texts differ. They cover the batch, in order; low_ranks is null then.
  std::span<const WornRows> worn = {};
  int64_t worn_rank = 0;  // the largest of any product in `worn`
  // For the tails of products that run together, kMostLinears for each of `worn`.
  TailOfRows* tails = nullptr;
  // Training: U(-1,1) alpha / sqrt(T D) is added to the T embeddings of a sequence, by the counters of dropout (Jain et
  // al., "NEFTune", 2023); 0: none.
  float embedding_noise = 0.0f;

  // Gives a product the arithmetic of the pass.
  void set_arithmetic(MatmulProblem& p) const noexcept {
    p.role = role;
    p.activations = activations;
  }

  const LowRank* low_rank(int32_t layer, LayerLinear linear) const noexcept {
    return low_ranks == nullptr ? nullptr : low_ranks->find(layer, linear);
  }

  // run(begin, end, low rank or null) for the parts of the batch's last n rows that wear the same, counted from the
  // first of them; linear as LowRanks::find.
  template <class Run>
  void for_worn(int32_t layer, int32_t linear, int64_t n, const Run& run) const {
    for (const WornRows& rows : worn) for_rows_of(rows, layer, linear, n, run);
  }
  // The same of one of them.
  template <class Run>
  void for_rows_of(const WornRows& rows, int32_t layer, int32_t linear, int64_t n, const Run& run) const {
    const int64_t first = worn.back().end - n, begin = std::max(rows.begin, first);
    if (begin < rows.end)
      run(begin - first, rows.end - first, rows.low_ranks == nullptr ? nullptr : rows.low_ranks->find(layer, linear));
  }
};

}  // namespace chaku
