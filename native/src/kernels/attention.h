// Attention over spans: packed training rows, and inference over a KV cache, are the same problem. It looks back, or
// both ways.
#pragma once

#include <cstdint>

#include "kernels/role.h"
#include "quant/dtype.h"

namespace chaku {

// Tokens of a block of a paged cache.
inline constexpr int32_t kCacheBlockTokens = 64;

// Queries [q_begin, q_end) are the last positions of the keys [kv_begin, kv_end): query i sees the keys
// kv_begin .. kv_end - (q_end - i), and of those the last `window` when window > 0.
struct AttentionSpan {
  int64_t q_begin, q_end, kv_begin, kv_end;
  // In the device's memory: block b of the keys, which begin at 0, lies in rows [blocks[b] * kCacheBlockTokens, ...) of
  // k and v. Null: keys are rows.
  const int32_t* blocks = nullptr;

  int64_t row_of(int64_t key) const noexcept {
    if (blocks == nullptr) return key;
    return int64_t{blocks[key / kCacheBlockTokens]} * kCacheBlockTokens + key % kCacheBlockTokens;
  }
};

// o[t,h,:] = sum_j softmax_j(score(t,h,j)) v[j,h/(H/Hkv),:], where score = scale * q[t,h,:].k[j,h/(H/Hkv),:]; with a
// soft cap c, c tanh(score / c) in its place; and with slopes, less slopes[h] for each position between query and key.
// With sinks, each head has one more score, sinks[h], whose value is zero: weights then sum to less than 1. (Xiao et
// al. 2023, learned as in gpt-oss.)
struct AttentionProblem {
  const float* q = nullptr;  // [Tq, H*Dh], q_stride between tokens
  const float* k = nullptr;  // [Tkv, Hkv*Dh], kv_stride between tokens
  const float* v = nullptr;  // as k
  // Inference: keys and values of a narrower format, read in place of k and v; a head begins a block.
  DType kv_dtype = DType::kF32;
  const void* k_encoded = nullptr;  // [Tkv, Hkv*Dh], kv_stride elements between tokens
  const void* v_encoded = nullptr;
  float* o = nullptr;    // [Tq, H*Dh], o_stride between tokens, overwritten
  float* lse = nullptr;  // [Tq, H] contiguous: log-sum-exp of the scores, sink included, for the backward pass; or null
  const float* sinks = nullptr;  // [H] or null
  int64_t q_stride = 0, kv_stride = 0, o_stride = 0;
  int32_t n_heads = 0, n_kv_heads = 0, head_dim = 0;
  float scale = 1.0f;
  int32_t window = 0;
  // Queries see the keys behind their own position too, and with a window those at most window / 2 away on either side.
  bool both_ways = false;
  float soft_cap = 0.0f;                 // 0: none
  const float* slopes = nullptr;         // [H], or null
  const AttentionSpan* spans = nullptr;  // cover disjoint queries
  int64_t n_spans = 0;
  Role role = Role::kPrompt;
};

// Given the forward's inputs and outputs and the gradient of o; all gradients are overwritten, and alias no input. For
// spans whose keys are their own queries (training): q_begin == kv_begin, q_end == kv_end. Of attention that looks
// back.
struct AttentionBackwardProblem {
  AttentionProblem forward;    // o and lse as the forward left them
  const float* d_o = nullptr;  // [T, H*Dh], o_stride
  float* dq = nullptr;         // as q
  float* dk = nullptr;         // as k
  float* dv = nullptr;         // as v
};

// d_sinks[h] -= sum over t of e^(sinks[h] - lse[t,h]) (d_o[t,h,:] . o[t,h,:]).
struct SinkGradientProblem {
  const float* sinks = nullptr;  // [H]
  const float* lse = nullptr;    // [T,H]
  const float* o = nullptr;      // [T, H*Dh] contiguous, as is d_o
  const float* d_o = nullptr;
  float* d_sinks = nullptr;  // [H] accumulated into
  int64_t n_tokens = 0;
  int32_t n_heads = 0, head_dim = 0;
};

}  // namespace chaku
