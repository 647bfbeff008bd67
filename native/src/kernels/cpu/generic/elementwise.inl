// Elementwise ops, in chunks that fit the first-level cache. Dropout draws the same numbers as base/random.h.
#pragma once

#include "kernels/cpu/generic/math.h"
#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/philox.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kElementGrain = 8192;

// The activations' values and slopes, as derived in reference/elementwise.cpp.
struct Silu {
  static F value(F x) { return x * sigmoid(x); }
  static F slope(F x) {
    const F s = sigmoid(x), one = broadcast(1.0f);
    return s * fma(x, one - s, one);
  }
};

struct GeluTanh {
  static constexpr float kTwice = 1.5957691216f, kCubic = 0.044715f;  // 2 sqrt(2/pi)
  static F value(F x) { return x * sigmoid(broadcast(kTwice) * x * fma(x * x, broadcast(kCubic), broadcast(1.0f))); }
  static F slope(F x) {
    // beyond 20 it is 0 or 1 to the last bit, and squares would overflow
    const F c = minimum(broadcast(20.0f), maximum(broadcast(-20.0f), x)), square = c * c, one = broadcast(1.0f);
    const F s = sigmoid(broadcast(kTwice) * c * fma(square, broadcast(kCubic), one));
    const F inner = broadcast(kTwice) * fma(square, broadcast(3.0f * kCubic), one);
    return s * fma(c * inner, one - s, one);
  }
};

// By the complementary error function: with t = 1 / (1 + c z), z = |x| / sqrt 2, erfc(z) = t (a1 + t (a2 + ...))
// e^(-z^2) to an absolute 1.5e-7 (Hastings; Abramowitz and Stegun 7.1.26).
struct Gelu {
  // P(-|x|) and e^(-x^2 / 2).
  struct Tail {
    F below, density;
  };
  static Tail tail(F x) {
    const F size = maximum(x, zero() - x), one = broadcast(1.0f);
    const F t = one / fma(size, broadcast(0.3275911f * 0.70710678f), one);
    F p = fma(t, broadcast(1.061405429f), broadcast(-1.453152027f));
    p = fma(t, p, broadcast(1.421413741f));
    p = fma(t, p, broadcast(-0.284496736f));
    p = fma(t, p, broadcast(0.254829592f));
    const F density = exp(size * size * broadcast(-0.5f));
    return {p * t * density * broadcast(0.5f), density};
  }
  static F below(F x, F tail) { return select(less(x, zero()), tail, broadcast(1.0f) - tail); }
  static F value(F x) { return x * below(x, tail(x).below); }
  static F slope(F x) {
    const Tail at = tail(x);
    // beyond 20 the density is 0, and x may be infinite
    const F c = minimum(broadcast(20.0f), maximum(broadcast(-20.0f), x));
    return fma(c * broadcast(0.39894228f), at.density, below(x, at.below));
  }
};

struct Sigmoid {
  static F value(F x) { return sigmoid(x); }
  static F slope(F x) {
    // e^-|x| / (1 + e^-|x|)^2: 1 - sigmoid(x) would lose its digits
    const F e = exp(minimum(x, zero() - x)), whole = broadcast(1.0f) + e;
    return e / (whole * whole);
  }
};

struct Identity {
  static F value(F x) { return x; }
  static F slope(F) { return broadcast(1.0f); }
};

template <class Act>
static void activate(const GatedActivationProblem& p, Queue& queue) {
  queue.parallel_for(p.n, kElementGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t n = end - i;
      const F y = Act::value(load_n(p.gate + i, n));
      store_n(p.y + i, p.up != nullptr ? y * load_n(p.up + i, n) : y, n);
    }
  });
}

template <class Act>
static void activate_backward(const GatedActivationBackwardProblem& p, Queue& queue) {
  queue.parallel_for(p.n, kElementGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t n = end - i;
      const F gate = load_n(p.gate + i, n), dy = load_n(p.dy + i, n), slope = Act::slope(gate);
      const F up = p.up != nullptr ? load_n(p.up + i, n) : broadcast(1.0f);
      store_n(p.dgate + i, dy * up * slope, n);
      if (p.dup != nullptr) store_n(p.dup + i, dy * Act::value(gate), n);
    }
  });
}

void gated_activation(const GatedActivationProblem& p, Queue& queue) noexcept {
  switch (p.activation) {
    case Activation::kSilu: return activate<Silu>(p, queue);
    case Activation::kGeluTanh: return activate<GeluTanh>(p, queue);
    case Activation::kGelu: return activate<Gelu>(p, queue);
    case Activation::kClampedSwiGlu: return clamped_swiglu(p, queue);
    case Activation::kSigmoid: return activate<Sigmoid>(p, queue);
    case Activation::kIdentity: return activate<Identity>(p, queue);
  }
}

void gated_activation_backward(const GatedActivationBackwardProblem& p, Queue& queue) noexcept {
  switch (p.activation) {
    case Activation::kSilu: return activate_backward<Silu>(p, queue);
    case Activation::kGeluTanh: return activate_backward<GeluTanh>(p, queue);
    case Activation::kGelu: return activate_backward<Gelu>(p, queue);
    case Activation::kClampedSwiGlu: return clamped_swiglu_backward(p, queue);
    case Activation::kSigmoid: return activate_backward<Sigmoid>(p, queue);
    case Activation::kIdentity: return activate_backward<Identity>(p, queue);
  }
}

void scale_rows(const ScaleRowsProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.m, max(kElementGrain / p.n, 1), [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m) {
      float* x = p.x + m * p.n;
      const F factor = broadcast(p.factors[m]);
      for (int64_t i = 0; i < p.n; i += kLanes) store_n(x + i, load_n(x + i, p.n - i) * factor, p.n - i);
    }
  });
}

void soft_cap(const SoftCapProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, kElementGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes)
      store_n(p.x + i, soft_capped(load_n(p.x + i, end - i), p.cap), end - i);
  });
}

void clamp(const ClampProblem& p, Queue& queue) noexcept {
  const F most = broadcast(p.limit), least = zero() - most;
  queue.parallel_for(p.n, kElementGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes)
      store_n(p.x + i, minimum(most, maximum(least, load_n(p.x + i, end - i))), end - i);
  });
}

void axpby(const AxpbyProblem& p, Queue& queue) noexcept {
  queue.parallel_for(p.n, kElementGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t n = end - i;
      const F y = load_n(p.y + i, n) * broadcast(p.b);
      store_n(p.y + i, fma(load_n(p.x + i, n), broadcast(p.a), y), n);
    }
  });
}

void squared_norm(const SquaredNormProblem& p, Queue& queue) noexcept {
  constexpr int64_t kMostChunks = 1024;
  const int64_t chunk = max(kElementGrain, ceil_div(p.n, kMostChunks));
  double partial[kMostChunks] = {};
  queue.parallel_for(p.n, chunk, [&](int64_t begin, int64_t end, int) {
    constexpr int64_t kRun = 8 * kLanes;  // summed in float32 before float64 takes over
    double total = 0;
    for (int64_t i = begin; i < end; i += kRun) {
      F squares = zero();
      for (int64_t j = i; j < min(i + kRun, end); j += kLanes) {
        const F v = load_n(p.x + j, end - j);
        squares = fma(v, v, squares);
      }
      total += sum_f64(squares);
    }
    partial[begin / chunk] = total;
  });
  double total = 0;
  for (const double part : partial) total += part;
  *p.result = total;
}

void dropout(const DropoutProblem& p, Queue& queue) noexcept {
  const F keep = broadcast(1.0f / (1.0f - p.probability)), threshold = broadcast(p.probability);
  static_assert(kElementGrain % (4 * kLanes) == 0);
  queue.parallel_for(p.n, kElementGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += 4 * kLanes) {
      uint32_t words[4 * kLanes];
      philox(p.seed, p.stream, static_cast<uint64_t>(i) / 4, words);
      float uniforms[4 * kLanes];
      for (int j = 0; j < 4 * kLanes; ++j)
        uniforms[j] = static_cast<float>(static_cast<int32_t>(words[j] >> 8)) * 0x1p-24f;
      for (int64_t j = 0; j < min(4 * kLanes, end - i); j += kLanes) {
        const int64_t n = end - i - j;
        const F kept = load_n(p.x + i + j, n) * keep;
        store_n(p.y + i + j, select(less(load(uniforms + j), threshold), zero(), kept), n);
      }
    }
  });
}

}  // namespace chaku::CHAKU_ISA
