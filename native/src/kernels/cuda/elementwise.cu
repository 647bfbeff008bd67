// Activations, sums and random zeros, one element a thread; the formulas are those of reference/elementwise.cpp in
// float32. 4 to 20 bytes an element, 1 to 30 FLOPs: bound by memory.
#include "base/random.h"
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/warp.cuh"

namespace chaku::cuda {
namespace {

// s(x) = 1 / (1 + e^-x) and s(-x) = 1 - s(x), from e^-|x|: nothing overflows, and small ones keep their digits.
struct Logistic {
  float value, rest;
};

CHAKU_DEVICE Logistic logistic(float x) {
  const float e = expf(-fabsf(x)), large = 1.0f / (1.0f + e), small = e / (1.0f + e);
  return x < 0.0f ? Logistic{small, large} : Logistic{large, small};
}

struct ActivationValue {
  float value, slope;
};

CHAKU_DEVICE ActivationValue gelu_tanh(float x) {
  constexpr float kFactor = 0.79788456f, kCubic = 0.044715f;  // sqrt(2/pi)
  const float c = fmaxf(-30.0f, fminf(30.0f, x));             // beyond, s is 0 or 1, and cubes overflow
  const Logistic s = logistic(2.0f * kFactor * (c + kCubic * c * c * c));
  return {x * s.value, s.value + 2.0f * kFactor * (1.0f + 3.0f * kCubic * c * c) * c * s.value * s.rest};
}

CHAKU_DEVICE ActivationValue activate(Activation activation, float x) {
  constexpr float kRootHalf = 0.70710678f, kDensity = 0.39894228f;  // 1 / sqrt(2 pi)
  const Logistic s = logistic(x);
  switch (activation) {
    case Activation::kSilu: return {x * s.value, s.value * (1.0f + x * s.rest)};
    case Activation::kSigmoid: return {s.value, s.value * s.rest};
    case Activation::kIdentity: return {x, 1.0f};
    case Activation::kGelu: {
      const float below = 0.5f * erfcf(-x * kRootHalf);
      return {x * below, below + x * kDensity * expf(-0.5f * x * x)};
    }
    default: return gelu_tanh(x);
  }
}

CHAKU_DEVICE float clamped(float x) { return fmaxf(-kSwiGluLimit, fminf(kSwiGluLimit, x)); }

struct Gated {
  GatedActivationProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    if (p.activation == Activation::kClampedSwiGlu) {
      const float gate = fminf(p.gate[i], kSwiGluLimit);
      p.y[i] = gate * logistic(kSwiGluAlpha * gate).value * (clamped(p.up[i]) + 1.0f);
      return;
    }
    const float value = activate(p.activation, p.gate[i]).value;
    p.y[i] = p.up != nullptr ? value * p.up[i] : value;
  }
};

struct GatedBackward {
  GatedActivationBackwardProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const float g = p.gate[i], up = p.up != nullptr ? p.up[i] : 1.0f, dy = p.dy[i];
    if (p.activation == Activation::kClampedSwiGlu) {
      const float gate = fminf(g, kSwiGluLimit), u = clamped(up);
      const Logistic s = logistic(kSwiGluAlpha * gate);
      p.dgate[i] = g < kSwiGluLimit ? dy * (u + 1.0f) * s.value * (1.0f + kSwiGluAlpha * gate * s.rest) : 0.0f;
      p.dup[i] = fabsf(up) < kSwiGluLimit ? dy * gate * s.value : 0.0f;
      return;
    }
    const ActivationValue a = activate(p.activation, g);
    p.dgate[i] = dy * up * a.slope;
    if (p.dup != nullptr) p.dup[i] = dy * a.value;
  }
};

struct Axpby {
  AxpbyProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const { p.y[i] = fmaf(p.a, p.x[i], p.b * p.y[i]); }
};

struct Clamp {
  ClampProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const { p.x[i] = fmaxf(-p.limit, fminf(p.limit, p.x[i])); }
};

struct ScaleRows {
  ScaleRowsProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const { p.x[i] *= p.factors[i / p.n]; }
};

struct SoftCap {
  SoftCapProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const { p.x[i] = p.cap * tanhf(p.x[i] / p.cap); }
};

struct Dropout {
  DropoutProblem p;
  float keep_scale;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const float drawn = Philox(p.seed, p.stream).uniform(static_cast<uint64_t>(i));
    p.y[i] = drawn >= p.probability ? p.x[i] * keep_scale : 0.0f;
  }
};

struct Uniform {
  UniformProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    p.y[i] = p.bound * (2.0f * Philox(p.seed, p.stream).uniform(static_cast<uint64_t>(i)) - 1.0f);
  }
};

// In float64, as on every device.
struct Sigmoid {
  SigmoidProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    p.x[i] = static_cast<float>(1.0 / (1.0 + exp(-static_cast<double>(p.x[i]))));
  }
};

struct SigmoidBackward {
  SigmoidBackwardProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const { p.dy[i] *= p.y[i] * (1.0f - p.y[i]); }
};

struct Fill {
  FillProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const { p.y[i] = p.value; }
};

constexpr int kSumThreads = 256, kMaxPartials = 1024;

// grid -> chunk of `chunk` elements; 64 bytes of shared memory; sm_75.
__global__ void __launch_bounds__(kSumThreads) partial_squares(const float* x, int64_t n, int64_t chunk, double* sums) {
  CHAKU_SHARED(partial, double[kSumThreads / 32]);
  const int64_t begin = int64_t{blockIdx.x} * chunk, end = min(n, begin + chunk);
  double sum = 0;
  for (int64_t i = begin + threadIdx.x; i < end; i += kSumThreads) sum += static_cast<double>(x[i]) * x[i];
  sum = block_sum<kSumThreads>(sum, partial);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// One block.
__global__ void __launch_bounds__(kSumThreads) sum_of_partials(const double* sums, int n, double* result) {
  CHAKU_SHARED(partial, double[kSumThreads / 32]);
  double sum = 0;
  for (int i = thread_index(); i < n; i += kSumThreads) sum += sums[i];
  sum = block_sum<kSumThreads>(sum, partial);
  if (threadIdx.x == 0) *result = sum;
}

}  // namespace

void gated_activation(const GatedActivationProblem& p, Queue& queue) noexcept { for_each(queue, p.n, Gated{p}); }
void gated_activation_backward(const GatedActivationBackwardProblem& p, Queue& queue) noexcept {
  for_each(queue, p.n, GatedBackward{p});
}
void axpby(const AxpbyProblem& p, Queue& queue) noexcept { for_each(queue, p.n, Axpby{p}); }
void clamp(const ClampProblem& p, Queue& queue) noexcept { for_each(queue, p.n, Clamp{p}); }
void scale_rows(const ScaleRowsProblem& p, Queue& queue) noexcept { for_each(queue, p.m * p.n, ScaleRows{p}); }
void soft_cap(const SoftCapProblem& p, Queue& queue) noexcept { for_each(queue, p.n, SoftCap{p}); }
void dropout(const DropoutProblem& p, Queue& queue) noexcept {
  for_each(queue, p.n, Dropout{p, 1.0f / (1.0f - p.probability)});
}
void uniform(const UniformProblem& p, Queue& queue) noexcept { for_each(queue, p.n, Uniform{p}); }
void sigmoid(const SigmoidProblem& p, Queue& queue) noexcept { for_each(queue, p.n, Sigmoid{p}); }
void sigmoid_backward(const SigmoidBackwardProblem& p, Queue& queue) noexcept {
  for_each(queue, p.n, SigmoidBackward{p});
}
void fill(const FillProblem& p, Queue& queue) noexcept { for_each(queue, p.n, Fill{p}); }

// Chunks depend on n alone, so that the sum has the same bits on every device of one model.
void squared_norm(const SquaredNormProblem& p, Queue& queue) noexcept {
  constexpr int64_t kLeastChunk = 4096;
  const int64_t wanted = ceil_div(p.n, kMaxPartials), chunk = wanted > kLeastChunk ? wanted : kLeastChunk;
  const int64_t n_chunks = p.n > 0 ? ceil_div(p.n, chunk) : 1;
  CudaQueue& q = cuda_queue(queue);
  double* sums = reinterpret_cast<double*>(q.device_scratch());
  q.launch(partial_squares, dim3(static_cast<unsigned>(n_chunks)), dim3(kSumThreads), 0, p.x, p.n, chunk, sums);
  q.launch(sum_of_partials, dim3(1), dim3(kSumThreads), 0, sums, static_cast<int>(n_chunks), p.result);
}

}  // namespace chaku::cuda
