#include "kernels/elementwise.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "kernels/reference/reference.h"

namespace chaku::reference {
namespace {

constexpr int64_t kGrain = 4096;

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

// SiLU: x sigmoid(x), with derivative sigmoid(x) (1 + x (1 - sigmoid(x))).
// GELU by tanh (Hendrycks and Gimpel, 2016): x/2 (1 + tanh u) = x sigmoid(2u) with u = sqrt(2/pi) (x + 0.044715 x^3),
// and derivative sigmoid(2u) + 2 u' x sigmoid(2u) (1 - sigmoid(2u)).
// GELU: x P(x) with the normal distribution P(x) = erfc(-x / sqrt 2) / 2, and derivative P(x) + x P'(x).
struct ActivationValue {
  double value, slope;
};

ActivationValue activate(Activation activation, double x) {
  if (activation == Activation::kSilu) {
    const double s = sigmoid(x);
    return {x * s, s * (1.0 + x * (1.0 - s))};
  }
  if (activation == Activation::kSigmoid) {
    const double s = sigmoid(x);
    return {s, s * (1.0 - s)};
  }
  if (activation == Activation::kIdentity) return {x, 1.0};
  if (activation == Activation::kGelu) {
    constexpr double kRootHalf = 0.7071067811865476, kDensity = 0.3989422804014327;  // 1 / sqrt(2 pi)
    const double below = 0.5 * std::erfc(-x * kRootHalf);
    return {x * below, below + x * kDensity * std::exp(-0.5 * x * x)};
  }
  constexpr double kFactor = 0.7978845608028654, kCubic = 0.044715;  // sqrt(2/pi)
  const double s = sigmoid(2.0 * kFactor * (x + kCubic * x * x * x));
  return {x * s, s + 2.0 * kFactor * (1.0 + 3.0 * kCubic * x * x) * x * s * (1.0 - s)};
}

}  // namespace

void gated_activation(const GatedActivationProblem& p, Queue& queue) noexcept {
  if (p.activation == Activation::kClampedSwiGlu) return clamped_swiglu(p, queue);
  queue.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const double up = p.up != nullptr ? p.up[i] : 1.0;
      p.y[i] = static_cast<float>(activate(p.activation, p.gate[i]).value * up);
    }
  });
}

void gated_activation_backward(const GatedActivationBackwardProblem& p, Queue& queue) noexcept {
  if (p.activation == Activation::kClampedSwiGlu) return clamped_swiglu_backward(p, queue);
  queue.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const ActivationValue act = activate(p.activation, p.gate[i]);
      const double up = p.up != nullptr ? p.up[i] : 1.0, dy = p.dy[i];
      p.dgate[i] = static_cast<float>(dy * up * act.slope);
      if (p.dup != nullptr) p.dup[i] = static_cast<float>(dy * act.value);
    }
  });
}

void axpby(const AxpbyProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i)
      p.y[i] = static_cast<float>(static_cast<double>(p.a) * p.x[i] + static_cast<double>(p.b) * p.y[i]);
  });
}

void clamp(const ClampProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) p.x[i] = std::clamp(p.x[i], -p.limit, p.limit);
  });
}

void scale_rows(const ScaleRowsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin * p.n; i < end * p.n; ++i) p.x[i] *= p.factors[i / p.n];
  });
}

void soft_cap(const SoftCapProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i)
      p.x[i] = static_cast<float>(p.cap * std::tanh(static_cast<double>(p.x[i]) / p.cap));
  });
}

void dropout(const DropoutProblem& p, Queue& queue) noexcept {
  const Philox random(p.seed, p.stream);
  const float keep_scale = 1.0f / (1.0f - p.probability);
  queue.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i)
      p.y[i] = random.uniform(static_cast<uint64_t>(i)) >= p.probability ? p.x[i] * keep_scale : 0.0f;
  });
}

void squared_norm(const SquaredNormProblem& p, Queue& queue) noexcept {
  constexpr int64_t kMaxChunks = 1024;
  const int64_t chunk = std::max(kGrain, (p.n + kMaxChunks - 1) / kMaxChunks);
  double partial[kMaxChunks] = {};
  queue.parallel_for(p.n, chunk, [&](int64_t begin, int64_t end, int) {
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) sum += static_cast<double>(p.x[i]) * p.x[i];
    partial[begin / chunk] = sum;
  });
  double total = 0;
  for (double sum : partial) total += sum;
  *p.result = total;
}

}  // namespace chaku::reference
