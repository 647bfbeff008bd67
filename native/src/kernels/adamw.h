// AdamW with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019), bias-corrected:
// m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  p -= lr * (m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps) + decay * p)
#pragma once

#include <cstdint>

namespace chaku {

struct AdamWProblem {
  float* parameter = nullptr;  // [n], updated
  float* gradient = nullptr;   // [n], times gradient_scale is g; zeroed afterwards
  float* moment1 = nullptr;    // [n], updated
  float* moment2 = nullptr;    // [n], updated
  int64_t n = 0;
  int64_t step = 1;  // t, from 1
  float learning_rate = 0.0f, beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f, weight_decay = 0.0f;
  float gradient_scale = 1.0f;
};

}  // namespace chaku
