// The output norm, the output projection and the cross-entropy, with their backward pass, fused by chunks of tokens.
// Full logits [M,V] are never held: a chunk's logits are computed, turned into their gradient in place and multiplied
// back at once. Tokens of weight 0 never get here. (The idea of Hsu et al., "Liger Kernel", 2024.)
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/carver.h"
#include "model/decoder.h"
#include "train/parameters.h"

namespace chaku {

// What a micro-batch is trained to predict, in the host's memory.
struct Targets {
  const int32_t* ids = nullptr;    // [M], read where the weight is not 0
  const float* weights = nullptr;  // [M], >= 0 but for a backward pass of its own
};

struct Loss {
  int32_t n_weighted = 0;
  int32_t n_correct = 0;
  double loss_sum = 0.0;
  double weight_sum = 0.0;
  double balance = 0.0;  // load-balance loss, the mean over layers with experts; 0 where it is not asked for
};

// Arrays over the Mw <= M weighted tokens.
struct LossScratch {
  int64_t chunk_tokens = 0;
  float* stream = nullptr;       // [Mw,D] their rows of the residual stream
  float* normed = nullptr;       // [Mw,D]
  float* d_normed = nullptr;     // [Mw,D]
  float* inverse_rms = nullptr;  // [Mw]
  float* low_rank = nullptr;     // [Mw,R]
  float* d_low_rank = nullptr;   // [Mw,R]
  float* logits = nullptr;       // [chunk,V]
  int32_t* rows = nullptr;       // [Mw]
  int32_t* targets = nullptr;    // [Mw]
  float* weights = nullptr;      // [Mw]
  double* losses = nullptr;      // [Mw]
  uint8_t* correct = nullptr;    // [Mw]

  // What goes to the device, and comes from it.
  struct Host {
    std::vector<int32_t> rows, targets;
    std::vector<float> weights;
    std::vector<double> losses;
    std::vector<uint8_t> correct;
  };
  std::shared_ptr<Host> host;
};
LossScratch carve_loss(Carver& carver, const DecoderSpec& spec, int64_t max_tokens, int32_t rank);

class LossHead {
 public:
  // `dropped` [M,D] is scratch, with dropout.
  LossHead(const Decoder& decoder, const LossScratch& scratch, float* dropped) noexcept
      : d_(decoder), s_(scratch), dropped_(dropped) {}

  // Loss alone. `stream` is the last block's output [m,D]. Throws Error(kCancelled) alone, as do the others.
  Loss evaluate(const float* stream, const Targets& targets, int64_t m);

  // Log-probabilities [M] of the weighted tokens' targets, 0 elsewhere, to the host's memory; the weights are 0 or 1.
  void log_probs(const float* stream, const Targets& targets, int64_t m, double* log_probs);

  // Logits [Mw,V] of the weighted tokens, to the host's memory.
  void logits(const float* stream, const Targets& targets, int64_t m, float* logits);

  // Loss; gradients of the output's parameters are accumulated, d_stream[m,D] is overwritten. Null d_stream: nothing
  // below the head is trained.
  Loss accumulate(const float* stream, const Targets& targets, int64_t m, const Gradients& gradients, float* d_stream);

 private:
  int64_t select(const float* stream, const Targets& targets, int64_t m) noexcept;
  void prepare(int64_t n) noexcept;
  void chunk_loss(int64_t begin, int64_t n, bool gradient) noexcept;
  void chunk_backward(int64_t begin, int64_t n, const Gradients& gradients, bool input_gradient) noexcept;
  Loss sum(int64_t n) const noexcept;
  const Device& device() const noexcept { return d_.engine->device(); }
  const LowRank* low_rank() const noexcept;
  bool drops() const noexcept { return d_.dropout.probability != 0.0f; }

  const Decoder& d_;
  const LossScratch& s_;
  float* dropped_;
  const float* low_rank_input_ = nullptr;  // [Mw,D] normed, or it after dropout
};

}  // namespace chaku
