// Products of a layer with what is added to them: bias, low-rank addition, and how several of them run together.
#pragma once

#include <span>

#include "model/activations.h"
#include "model/decoder.h"

namespace chaku {

// y[m,N] = scale * (x w^T + bias + low-rank addition), or += with accumulate.
struct LinearCall {
  const float* x = nullptr;  // [m,K] contiguous, of the last m rows of the batch
  float* y = nullptr;        // [m,N] contiguous
  int64_t m = 0;
  const Linear* linear = nullptr;
  const LowRank* low_rank = nullptr;  // of all rows; null: none
  float* product = nullptr;           // [m,N], with magnitudes: before these
  float* low_rank_out = nullptr;      // [m,R] x' A^T, of the decoder's worn_rank where rows wear different adapters
  int32_t layer = -1, which = -1;     // as LowRanks::find
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
// Rows that wear different adapters share one product with the weight; those of prompts where the device's kernels take
// tails of some rows, elsewhere they are products by what they wear.
void apply_linears(const Decoder& decoder, std::span<const LinearCall> calls) noexcept;

// The input of A: x itself, or x after dropout, in `dropped`.
const float* drop_input(const Decoder& decoder, const float* x, int64_t n, uint64_t stream, float* dropped) noexcept;

// low_rank_out[m,R] = input A^T.
void low_rank_down(const Decoder& decoder, const LowRank& low_rank, const float* input, int64_t k, int64_t m,
                   float* low_rank_out) noexcept;

// low_rank_out[m,R] = input[m,K] A^T, to be run in a group.
MatmulProblem down_product(const LowRank& low_rank, const float* input, int64_t k, int64_t m,
                           float* low_rank_out) noexcept;

// What a low-rank addition adds to rows [begin, end) of a product whose other part is made, from x A^T of those rows:
// as the tail of a product of generated tokens is added.
MatmulProblem up_product(const LowRank& low_rank, const float* low_rank_out, const MatmulProblem& base, int64_t begin,
                         int64_t end) noexcept;

// What a product with N columns adds: low_rank.scale * low_rank_out[m,R] B^T.
LowRankTail low_rank_tail(const LowRank& low_rank, const float* low_rank_out, int64_t n) noexcept;

}  // namespace chaku
