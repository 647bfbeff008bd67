// What a layer with experts computes, and where. "Slots" are the S = M U pairs of a token and one of its experts,
// sorted by expert and then by token: each expert's rows lie together.
#pragma once

#include <cstdint>
#include <memory>

#include "model/carver.h"
#include "model/decoder_spec.h"

namespace chaku {

// Of one block, kept with it.
struct ExpertActivations {
  float* logits = nullptr;         // [M,E] of the router
  int32_t* ids = nullptr;          // [M,U] experts of each token
  float* weights = nullptr;        // [M,U] their weights
  int32_t* slots = nullptr;        // [M,U] their slots
  int32_t* tokens = nullptr;       // [S] the token of each slot
  float* slot_weights = nullptr;   // [S]
  int32_t* counts = nullptr;       // [E] slots of each expert
  int32_t* offsets = nullptr;      // [E+1] where they begin
  float* gate = nullptr;           // [S,F]
  float* up = nullptr;             // [S,F]
  float* shared_gate = nullptr;    // [M,Fs], with a shared expert
  float* shared_up = nullptr;      // [M,Fs]
  float* shared_weight = nullptr;  // [M]
};

// Used by one block after another.
struct ExpertScratch {
  float* rows = nullptr;                    // [S,D] inputs of the slots, then their outputs
  float* gated = nullptr;                   // [S,F] or [M,Fs], the larger; null when lean: in place of gate
  double* balance = nullptr;                // [L] load-balance losses; null: not asked for
  std::shared_ptr<int32_t[]> host_offsets;  // [E+1] of the block at hand, in the host's memory
  std::shared_ptr<int32_t[]> host_tokens;   // [S] likewise, where tokens wear different adapters; lean
};

// The largest of a decoder's layers, or one layer; all zero without experts.
struct ExpertShape {
  int64_t n_experts = 0, n_used = 0, shared_width = 0;
  int64_t slot_ff = 0;  // U F: floats of a token's slots
  bool any() const noexcept { return n_experts > 0; }

  void include(const ExpertSpec& e) noexcept;
};
ExpertShape largest_experts(const DecoderSpec& spec) noexcept;

// Throws Error(kInvalidArgument) when so many tokens have more slots than an int32 counts.
void check_slots(const char* op, const DecoderSpec& spec, int32_t max_tokens);

ExpertActivations carve_expert_block(Carver& carver, const ExpertShape& shape, int64_t max_tokens);
ExpertScratch carve_expert_scratch(Carver& carver, const DecoderSpec& spec, const ExpertShape& shape,
                                   int64_t max_tokens, bool taped, bool balance);

}  // namespace chaku
