// The gated delta rule: attention whose memory is one matrix per head, which forgets a little at each token and then
// corrects what it says of the token's key (Yang et al. 2024, Gated Delta Networks, arXiv 2412.06464).
#pragma once

#include <cstdint>

#include "kernels/attention.h"
#include "kernels/running_state.h"

namespace chaku {

// Per value head, with k and q of unit length, q divided by sqrt(dk), b = sigmoid(beta), g = e^(rate softplus(alpha)):
//   S' = g S;  u = b (v - S'^T k);  S = S' + k u^T;  o = S^T q
struct DeltaRuleProblem {
  const float* q = nullptr;  // [T,Hk*dk], stride between tokens
  const float* k = nullptr;  // likewise
  const float* v = nullptr;  // [T,Hv*dv], the same stride
  int64_t stride = 0;
  const float* beta = nullptr;   // [T,Hv] contiguous
  const float* alpha = nullptr;  // [T,Hv] contiguous
  const float* rate = nullptr;   // [Hv], below 0
  float* o = nullptr;            // [T,Hv*dv] contiguous, overwritten
  int32_t n_key_heads = 0, n_value_heads = 0, key_dim = 0, value_dim = 0;
  bool tiled = false;     // value head h has key head h % Hk, else h / (Hv/Hk)
  float epsilon = 1e-6f;  // the least length that k and q are divided by
  // S before and after each span, [Hv,dk,dv] at state_offset. Null: zeros, and none is kept.
  const RunningState* states = nullptr;  // [n_spans]
  int64_t state_offset = 0;              // floats
  const AttentionSpan* spans = nullptr;  // of their queries' rows alone
  int64_t n_spans = 0;
};

// Without state. All but drate are overwritten; they alias no input.
struct DeltaRuleBackwardProblem {
  DeltaRuleProblem forward;    // o is not read
  const float* d_o = nullptr;  // [T,Hv*dv] contiguous
  float* dq = nullptr;         // as q
  float* dk = nullptr;         // as k
  float* dv = nullptr;         // as v
  float* dbeta = nullptr;      // [T,Hv]
  float* dalpha = nullptr;     // [T,Hv]
  float* drate = nullptr;      // [Hv] +=, or null
};

// The largest dk; beyond kMostVectorKeyDim the reference path serves.
inline constexpr int32_t kMostKeyDim = 1024, kMostVectorKeyDim = 256;

}  // namespace chaku
