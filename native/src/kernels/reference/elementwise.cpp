#include "kernels/elementwise.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "kernels/reference/reference.h"

namespace chaku::reference {
namespace {

constexpr int64_t kGrain = 4096;

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

// Activation has one value so far, SiLU: x sigmoid(x), with derivative sigmoid(x) (1 + x (1 - sigmoid(x))).
void gated_activation(const GatedActivationProblem& p, ThreadPool& pool) noexcept {
  pool.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const double gate = p.gate[i];
      p.y[i] = static_cast<float>(gate * sigmoid(gate) * p.up[i]);
    }
  });
}

void gated_activation_backward(const GatedActivationBackwardProblem& p, ThreadPool& pool) noexcept {
  pool.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const double gate = p.gate[i], up = p.up[i], dy = p.dy[i], s = sigmoid(gate);
      p.dgate[i] = static_cast<float>(dy * up * s * (1.0 + gate * (1.0 - s)));
      p.dup[i] = static_cast<float>(dy * gate * s);
    }
  });
}

void axpby(const AxpbyProblem& p, ThreadPool& pool) noexcept {
  pool.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i)
      p.y[i] = static_cast<float>(static_cast<double>(p.a) * p.x[i] + static_cast<double>(p.b) * p.y[i]);
  });
}

void dropout(const DropoutProblem& p, ThreadPool& pool) noexcept {
  const Philox random(p.seed, p.stream);
  const float keep_scale = 1.0f / (1.0f - p.probability);
  pool.parallel_for(p.n, kGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i)
      p.y[i] = random.uniform(static_cast<uint64_t>(i)) >= p.probability ? p.x[i] * keep_scale : 0.0f;
  });
}

void squared_norm(const SquaredNormProblem& p, ThreadPool& pool) noexcept {
  constexpr int64_t kMaxChunks = 1024;
  const int64_t chunk = std::max(kGrain, (p.n + kMaxChunks - 1) / kMaxChunks);
  double partial[kMaxChunks] = {};
  pool.parallel_for(p.n, chunk, [&](int64_t begin, int64_t end, int) {
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) sum += static_cast<double>(p.x[i]) * p.x[i];
    partial[begin / chunk] = sum;
  });
  double total = 0;
  for (double sum : partial) total += sum;
  *p.result = total;
}

}  // namespace chaku::reference
