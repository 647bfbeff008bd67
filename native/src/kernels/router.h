// How a token finds its experts, and the operations on rows that belong to experts.
//
// With logits z [E] of a token, selected experts S (the U largest; of equal ones the lower index) and weights w [U]:
//   kSoftmax      p = softmax(z);  w = p[S]
//   kSoftmaxTopK  w = softmax(z[S])
//   kSigmoid      p = sigmoid(z);  w = p[S]
// With a bias b, the U largest of p + b (softmax over all where the weights' is over those selected) are selected
// instead; the weights know nothing of it. With groups of neighbours, E/G experts each, only the experts of the best
// groups can be selected: a group's score is the sum of its two largest p + b. (DeepSeek-AI 2024.)
// Then, with normalize, w /= max(sum w, 2^-14), and w *= scale at last. Sources: Shazeer et al. 2017; Jiang et al. 2024
// (mixtral); DeepSeek-AI 2024 (sigmoid).
//
// The load-balance loss of one layer, over its M tokens: E sum_e f_e P_e, where f_e is the share of tokens that
// selected e (the shares add up to U) and P_e the mean of softmax(z)_e. It is U when all is even. Source: Fedus et al.
// 2021.
#pragma once

#include <cstdint>

namespace chaku {

enum class Gating : int32_t { kSoftmax = 0, kSoftmaxTopK = 1, kSigmoid = 2 };

// Rows of all outputs are overwritten. Computed in float64 by every path, so that all agree on what is selected.
struct RouteProblem {
  const float* logits = nullptr;  // [M,E]
  int32_t* ids = nullptr;         // [M,U], by falling logit
  float* weights = nullptr;       // [M,U]
  int64_t m = 0;
  int32_t n_experts = 0, n_used = 0;
  Gating gating = Gating::kSoftmax;
  bool normalize = false;
  float scale = 1.0f;
  const float* bias = nullptr;  // [E], or null
  int32_t n_groups = 0;         // G; 0: experts are not grouped
  int32_t n_groups_used = 0;
};

// dlogits[M,E] from d_weights[M,U], overwritten; plus balance_scale times the gradient of the load-balance loss.
struct RouteBackwardProblem {
  RouteProblem forward;              // logits and ids as the forward left them
  const float* d_weights = nullptr;  // [M,U]
  const int32_t* counts = nullptr;   // [E] tokens that selected each; read where balance_scale is not 0
  float balance_scale = 0.0f;
  float* d_logits = nullptr;
};

// Slots are the S = M U pairs of a token and one of its experts, sorted by expert and then by token, so that each
// expert's rows lie together.
struct SortSlotsProblem {
  const int32_t* ids = nullptr;    // [M,U] experts of each token
  const float* weights = nullptr;  // [M,U]
  int32_t* slots = nullptr;        // [M,U] their slots; all that follow are overwritten, as this is
  int32_t* tokens = nullptr;       // [S] the token of each slot
  float* slot_weights = nullptr;   // [S]
  int32_t* counts = nullptr;       // [E] slots of each expert
  int32_t* offsets = nullptr;      // [E+1] where they begin
  int64_t m = 0;
  int32_t n_experts = 0, n_used = 0;
};

// x = sigmoid(x), in place, of the shared expert's weights: in float64 by every path, as the router's are.
struct SigmoidProblem {
  float* x = nullptr;
  int64_t n = 0;
};

// dy becomes the gradient of the sigmoid's input.
struct SigmoidBackwardProblem {
  const float* y = nullptr;
  float* dy = nullptr;
  int64_t n = 0;
};

// The load-balance loss.
struct BalanceLossProblem {
  const float* logits = nullptr;    // [M,E]
  const int32_t* counts = nullptr;  // [E]
  int64_t m = 0;
  int32_t n_experts = 0;
  double* result = nullptr;  // overwritten
};

// y[m,:] = scale * sum over u of x[rows[m U + u],:], in the order of u; or += with accumulate.
struct CombineRowsProblem {
  const float* x = nullptr;       // [S,D] contiguous
  const int32_t* rows = nullptr;  // [M,U]
  float* y = nullptr;             // [M,D] contiguous
  int64_t m = 0, d = 0;
  int32_t n_used = 0;
  float scale = 1.0f;
  bool accumulate = false;
};

// result[m] = a[m,:] . b[m,:], overwritten.
struct RowDotsProblem {
  const float* a = nullptr;  // [M,D]
  const float* b = nullptr;  // [M,D]
  float* result = nullptr;   // [M]
  int64_t m = 0, d = 0;
};

}  // namespace chaku
