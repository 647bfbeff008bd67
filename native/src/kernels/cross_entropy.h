// Softmax cross-entropy over rows of logits, soft-capped or not, turned in place into its gradient. The caller runs it
// over chunks of tokens, between the output projection and its backward product, so that full logits are never held.
#pragma once

#include <cstdint>

namespace chaku {

struct CrossEntropyProblem {
  // [M, V] contiguous; with gradient: replaced by weight * (softmax - onehot), and that times the cap's slope
  float* logits = nullptr;
  const int32_t* targets = nullptr;  // [M]
  const float* weights = nullptr;    // [M]
  double* losses = nullptr;          // [M]: weight * (log-sum-exp - logit of the target), in nats, overwritten
  uint8_t* correct = nullptr;        // [M]: 1 where the largest logit is the target's (lowest id on ties), overwritten
  int64_t m = 0, v = 0;
  bool gradient = false;
  float soft_cap = 0.0f;  // c > 0: the logits are c tanh(logits / c), here applied
};

}  // namespace chaku
