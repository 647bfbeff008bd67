// Lion (Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023): every parameter moves by the learning
// rate, and there is one moment alone.
// p -= lr * (sign(b1 m + (1-b1) g) + decay * p);  m = b2 m + (1-b2) g
#pragma once

#include <cstdint>

namespace chaku {

struct LionProblem {
  float* parameter = nullptr;  // [n], updated
  float* gradient = nullptr;   // [n], times gradient_scale is g; zeroed afterwards
  float* moment = nullptr;     // [n], updated
  int64_t n = 0;
  float learning_rate = 0.0f, beta1 = 0.9f, beta2 = 0.99f, weight_decay = 0.0f;
  float gradient_scale = 1.0f;
};

}  // namespace chaku
