// The one forward pass, of training and inference alike.
//
// Per layer, on the residual stream x [M,D]:
//   h = x + rs * (attention(rope(norm(q)), rope(norm(k)), v) Wo^T),   q, k, v = products of norm(x)
//   x = h + rs * ((act(gate) * up) Wd^T),                             gate, up = products of norm(h);
//                                                                     or experts, see experts.h
// where each product may carry a bias and a low-rank addition, and rs is residual_scale. Sources: Touvron et al. 2023
// (the block), Su et al. 2021 (rotation), Ainslie et al. 2023 (grouped queries), Hu et al. 2021 (low-rank additions).
#pragma once

#include <atomic>
#include <span>

#include "model/activations.h"
#include "model/engine.h"
#include "model/input_statistics.h"
#include "model/weights.h"

namespace chaku {

// Asked between kernels by whatever runs long. Raised from any thread, and only while a run is in flight.
class Cancellation {
 public:
  void begin() noexcept { state_.store(kRunning); }
  void end() noexcept { state_.store(kIdle); }
  void request() noexcept {
    int expected = kRunning;
    state_.compare_exchange_strong(expected, kRequested);
  }
  // Throws Error(kCancelled) when requested.
  void check() const;

 private:
  enum : int { kIdle, kRunning, kRequested };
  std::atomic<int> state_{kIdle};
};

// The stretch in which a request is heard; ends on every way out.
class CancellableRun {
 public:
  explicit CancellableRun(Cancellation& cancellation) noexcept : cancellation_(cancellation) { cancellation_.begin(); }
  ~CancellableRun() { cancellation_.end(); }
  CancellableRun(const CancellableRun&) = delete;
  CancellableRun& operator=(const CancellableRun&) = delete;

 private:
  Cancellation& cancellation_;
};

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

// The tokens of one pass. Spans index queries by rows of the batch and keys by rows of the batch, or of the cache.
struct Batch {
  const int32_t* tokens = nullptr;     // [M], each in [0,V)
  const int32_t* positions = nullptr;  // [M], absolute
  int64_t n_tokens = 0;                // M
  std::span<const AttentionSpan> spans;
  // Rows of the output that nobody asks for: the last layer computes no more of them than their keys and values.
  // Lean only.
  int64_t first_output_row = 0;
  int64_t context_tokens = 0;  // how long the text may become, for ropes that depend on it; 0: as long as its span
};

// The running memory of one layer before and after a batch, as its kernels take it. Null before: the text begins.
struct MixerState {
  const float* taps_in = nullptr;    // [L-1,C]
  float* taps_out = nullptr;         // may be taps_in
  const float* memory_in = nullptr;  // [Hv,dk,dv], of the delta rule
  float* memory_out = nullptr;
};

// Keys and values of one layer in a cache; the batch's go to rows [first_row, first_row + M). A layer with a running
// memory has that in their place.
struct CachedKeyValues {
  DType dtype = DType::kF32;
  void* k = nullptr;  // [capacity, Hkv*Dh]
  void* v = nullptr;
  int64_t first_row = 0;
  MixerState mixer = {};
};

// Runs all blocks; the last one's output is then in activations.streams.back(). `cache` holds an entry per layer, or is
// empty: keys and values then are the batch's own. Throws Error(kCancelled) alone.
void forward(const Decoder& decoder, const Batch& batch, std::span<const CachedKeyValues> cache, Activations& a);

// Of queries that come with gates: both[m, H, 2 Dh] into q and gates, [m,H*Dh] each; and y = sigmoid(gates) * o.
void split_gated_queries(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* both, float* q,
                         float* gates) noexcept;
void gate_attended(const Decoder& decoder, const LayerSpec& spec, int64_t m, const float* o, const float* gates,
                   float* y) noexcept;

// low_rank_out[m,R] = input[m,K] A^T, to be run in a group.
MatmulProblem down_product(const LowRank& low_rank, const float* input, int64_t k, int64_t m,
                           float* low_rank_out) noexcept;

// What a product with N columns adds: low_rank.scale * low_rank_out[m,R] B^T.
LowRankTail low_rank_tail(const LowRank& low_rank, const float* low_rank_out, int64_t n) noexcept;

// What the backward pass of a block that was not kept needs again: its arrays, from activations.streams[layer] and the
// rope tables that forward() left. The products of `down` are not among them. Taped. Throws Error(kCancelled) alone.
void recompute_block(const Decoder& decoder, const Batch& batch, int32_t layer, Activations& a);

// y[m,N] = scale * (x w^T + bias + low-rank addition), or += with accumulate.
struct LinearCall {
  const float* x = nullptr;  // [m,K] contiguous
  float* y = nullptr;        // [m,N] contiguous
  int64_t m = 0;
  const Linear* linear = nullptr;
  const LowRank* low_rank = nullptr;  // null: none
  float* low_rank_out = nullptr;      // [m,R] x' A^T
  uint64_t dropout_stream = 0;
  float* dropped = nullptr;   // [m,K] scratch, with dropout
  float* bias_sum = nullptr;  // [m,N] scratch, needed where scale is not 1, there is a bias, and accumulate is set
  float scale = 1.0f;
  bool accumulate = false;
};
// The call of a layer's product as far as the layer says it: x, y and m are left to fill in.
LinearCall linear_call(const Decoder& decoder, int32_t layer, LayerLinear which, const Activations& a) noexcept;
// Calls that do not depend on each other, at most kMostLinears, each with a low_rank_out of its own, as one: each
// thread waits once or, with low-rank additions, twice, and calls of the same x prepare it once.
constexpr size_t kMostLinears = 4;
// One array of low_rank_out for every so many modules, neighbours in LayerLinear, is enough: those of one call differ.
constexpr int64_t kLinearsTogether = 5;
void share_low_rank_out(float* memory, int64_t n_floats,
                        Activations& a) noexcept;  // kLinearsTogether arrays of n_floats
void apply_linears(const Decoder& decoder, std::span<const LinearCall> calls) noexcept;

// The input of A: x itself, or x after dropout, in `dropped`.
const float* drop_input(const Decoder& decoder, const float* x, int64_t n, uint64_t stream, float* dropped) noexcept;

// normed[m,D] = rows of the residual stream by the output norm; inverse[m] as of NormCall, or null.
void output_norm(const Decoder& decoder, const float* x, int64_t m, float* normed, float* inverse) noexcept;

// logits[m,V] by the model's soft cap, in place, where it has one.
void cap_logits(const Decoder& decoder, int64_t m, float* logits) noexcept;

// logits[m,V] = logit_scale * (normed Wout^T + bias + low-rank addition of low_rank_out[m,R]), before the soft cap.
void project_logits(const Decoder& decoder, const float* normed, const float* low_rank_out, int64_t m,
                    float* logits) noexcept;

// low_rank_out[m,R] = input A^T.
void low_rank_down(const Decoder& decoder, const LowRank& low_rank, const float* input, int64_t k, int64_t m,
                   float* low_rank_out) noexcept;

}  // namespace chaku
