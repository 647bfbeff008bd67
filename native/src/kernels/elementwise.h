// Gated activation, additions, scaling, dropout and sums.
#pragma once

#include <cstdint>

namespace chaku {

enum class Activation : int32_t {
  kSilu = 0,
  kGeluTanh = 1,
  kGelu = 5,           // x/2 (1 + erf(x / sqrt 2))
  kClampedSwiGlu = 4,  // g sigmoid(1.702 g) (u + 1), with g = min(gate, 7) and u = up within -7..7
  // These only gate: no feed-forward of a known model has them.
  kSigmoid = 16,
  kIdentity = 17,
};

inline constexpr float kSwiGluAlpha = 1.702f, kSwiGluLimit = 7.0f;

// y = act(gate) * up, elementwise over [n]; without up, y = act(gate).
struct GatedActivationProblem {
  const float* gate = nullptr;
  const float* up = nullptr;  // or null
  float* y = nullptr;         // overwritten; may be gate or up
  int64_t n = 0;
  Activation activation = Activation::kSilu;
};

// dgate, dup from dy; overwritten; may be the buffers of gate and up, or dy.
struct GatedActivationBackwardProblem {
  const float* gate = nullptr;
  const float* up = nullptr;  // or null
  const float* dy = nullptr;
  float* dgate = nullptr;
  float* dup = nullptr;  // null where up is
  int64_t n = 0;
  Activation activation = Activation::kSilu;
};

// y[n] = a * x[n] + b * y[n].
struct AxpbyProblem {
  const float* x = nullptr;
  float* y = nullptr;
  int64_t n = 0;
  float a = 1.0f, b = 1.0f;
};

// x[n] brought within [-limit, limit], in place; x is finite.
struct ClampProblem {
  float* x = nullptr;
  int64_t n = 0;
  float limit = 0.0f;
};

// x[m,:] *= factors[m], in place; contiguous rows.
struct ScaleRowsProblem {
  float* x = nullptr;              // [M,N]
  const float* factors = nullptr;  // [M]
  int64_t m = 0, n = 0;
};

// x = cap * tanh(x / cap), in place.
struct SoftCapProblem {
  float* x = nullptr;  // [n]
  int64_t n = 0;
  float cap = 1.0f;
};

// y[i] = x[i] / (1 - p) where uniform(seed, stream, i) >= p, else 0. The backward pass is the same with dy for x.
struct DropoutProblem {
  const float* x = nullptr;
  float* y = nullptr;  // overwritten; may be x
  int64_t n = 0;
  float probability = 0.0f;
  uint64_t seed = 0, stream = 0;
};

// The sum of squares of x[n] in float64, by fixed chunks.
struct SquaredNormProblem {
  const float* x = nullptr;
  int64_t n = 0;
  double* result = nullptr;  // overwritten
};

}  // namespace chaku
