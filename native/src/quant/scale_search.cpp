#include "quant/scale_search.h"

#include <algorithm>
#include <cmath>

namespace chaku {
namespace {

// Extents below this are stored as constants: the inverse scale is still finite above it.
constexpr float kTiny = 1e-30f;

// The sweep of fit_affine: what is added to the largest code when an inverse scale is guessed.
constexpr float kAffineFrom = -1.2f, kAffineStep = 0.15f;
constexpr int kAffineSteps = 17;

struct SymmetricSums {
  float xq, qq;
};

template <class Levels>
CHAKU_CODEC SymmetricSums symmetric_sums(const float* x, const float* w, int n, float inverse,
                                         const Levels& levels) noexcept {
  Lanes xq{}, qq{};
  for (int i = 0; i < n; i += kLanes) {
    const Lanes v = load_lanes(x + i);
    const Lanes q = levels.nearest(v * inverse);
    const Lanes wq = load_lanes(w + i) * q;
    xq += wq * v;
    qq += wq * q;
  }
  return {sum_lanes(xq), sum_lanes(qq)};
}

template <class Levels>
CHAKU_CODEC float symmetric_error(const float* x, const float* w, int n, float scale, const Levels& levels) noexcept {
  const float inverse = reciprocal_or_zero(scale);
  Lanes error{};
  for (int i = 0; i < n; i += kLanes) {
    const Lanes v = load_lanes(x + i);
    const Lanes r = v - scale * levels.nearest(v * inverse);
    error += load_lanes(w + i) * r * r;
  }
  return sum_lanes(error);
}

// Calls consider(scale, error) for the closed form of every inverse scale of the sweep, small scales first, so that
// who keeps the first of equal fits leaves the unit above it fine.
template <class Levels, class Consider>
CHAKU_CODEC void sweep_symmetric(const float* x, const float* w, int n, const Levels& levels, Effort effort,
                                 const Consider& consider) noexcept {
  float max = 0;
  for (int i = 0; i < n; ++i) max = std::max(max, std::fabs(x[i]));
  if (max < kTiny) return;
  const int steps = static_cast<int>((levels.sweep_to - levels.sweep_from) / levels.sweep_step) + 1;
  for (int step = steps - 1; step >= 0; step -= sweep_stride(effort)) {
    const float extreme = levels.sweep_from + levels.sweep_step * static_cast<float>(step);
    for (const float inverse : {extreme / max, -extreme / max}) {
      const SymmetricSums s = symmetric_sums(x, w, n, inverse, levels);
      if (s.qq > 0) consider(s.xq / s.qq, -s.xq * (s.xq / s.qq));
    }
  }
}

template <class Levels>
CHAKU_CODEC SymmetricFit real_fit(const float* x, const float* w, int n, const Levels& levels, Effort effort) noexcept {
  SymmetricFit best{0, 0};
  sweep_symmetric(x, w, n, levels, effort, [&best](float scale, float error) {
    if (error < best.error) best = {scale, error};
  });
  return best;
}

// Rounding the scale costs as much as a worse basin may: fits within its reach of the best are compared rounded.
template <class Levels>
CHAKU_CODEC SymmetricFit half_fit(const float* x, const float* w, int n, const Levels& levels) noexcept {
  constexpr float kRoundingReach = 1e-6f;
  float least = 0;
  SymmetricFit best{0, symmetric_error(x, w, n, 0.0f, levels)};
  const float slack = kRoundingReach * best.error;
  sweep_symmetric(x, w, n, levels, Effort::kFull, [&](float scale, float error) {
    if (error > least + slack) return;
    least = std::min(least, error);
    const float rounded = to_half(scale), rounded_error = symmetric_error(x, w, n, rounded, levels);
    if (rounded_error < best.error) best = {rounded, rounded_error};
  });
  return best;
}

struct AffineSums {
  float q, qq, xq;
};

CHAKU_CODEC AffineSums affine_sums(const float* x, const float* w, int n, float inverse, float min, float hi) noexcept {
  Lanes sq{}, qq{}, xq{};
  for (int i = 0; i < n; i += kLanes) {
    const Lanes v = load_lanes(x + i);
    const Lanes q = clamp_lanes(round_lanes((v - min) * inverse), 0, hi);
    const Lanes wq = load_lanes(w + i) * q;
    sq += wq;
    qq += wq * q;
    xq += wq * v;
  }
  return {sum_lanes(sq), sum_lanes(qq), sum_lanes(xq)};
}

// Closed form for fixed codes. w0 = sum w, wx = sum w x.
CHAKU_CODEC AffineFit solve_affine(const AffineSums& s, double w0, double wx, bool min_not_positive) noexcept {
  const double det = w0 * s.qq - double{s.q} * s.q;
  double scale = 0, min = w0 > 0 ? wx / w0 : 0;
  if (det > 1e-7 * w0 * s.qq) {
    scale = (w0 * s.xq - wx * s.q) / det;
    min = (s.qq * wx - double{s.q} * s.xq) / det;
  }
  if (min_not_positive && min > 0) {
    min = 0;
    scale = s.qq > 0 ? s.xq / double{s.qq} : 0;
  }
  if (scale < 0) return {0, 0, HUGE_VALF};
  const double error = -2 * (scale * s.xq + min * wx) + scale * scale * s.qq + 2 * scale * min * s.q + min * min * w0;
  return {static_cast<float>(scale), static_cast<float>(min), static_cast<float>(error)};
}

}  // namespace

CHAKU_CODEC SymmetricFit fit_symmetric(const float* x, const float* w, int n, const UniformLevels& levels,
                                       Effort effort) noexcept {
  return real_fit(x, w, n, levels, effort);
}

CHAKU_CODEC SymmetricFit fit_symmetric(const float* x, const float* w, int n, const IQ4Levels& levels,
                                       Effort effort) noexcept {
  return real_fit(x, w, n, levels, effort);
}

CHAKU_CODEC SymmetricFit fit_half_scale(const float* x, const float* w, int n, const UniformLevels& levels) noexcept {
  return half_fit(x, w, n, levels);
}

CHAKU_CODEC SymmetricFit fit_half_scale(const float* x, const float* w, int n, const IQ4Levels& levels) noexcept {
  return half_fit(x, w, n, levels);
}

CHAKU_CODEC AffineFit fit_affine(const float* x, const float* w, int n, int hi, bool min_not_positive,
                                 Effort effort) noexcept {
  float min = x[0], max = x[0];
  double w0 = 0, wx = 0;
  for (int i = 0; i < n; ++i) {
    min = std::min(min, x[i]);
    max = std::max(max, x[i]);
    w0 += w[i];
    wx += double{w[i]} * x[i];
  }
  if (min_not_positive && min > 0) min = 0;
  AffineFit best{0, min, static_cast<float>(-2 * min * wx + double{min} * min * w0)};
  if (max - min < kTiny) return best;
  const float range = max - min, top = static_cast<float>(hi);
  for (int step = 0; step < kAffineSteps; step += sweep_stride(effort)) {
    const float codes = top + kAffineFrom + kAffineStep * static_cast<float>(step);
    const AffineFit fit = solve_affine(affine_sums(x, w, n, codes / range, min, top), w0, wx, min_not_positive);
    if (fit.error < best.error) best = fit;
  }
  // The closed form moved the offset too: choose the codes again under it.
  const int rounds = effort == Effort::kFull ? 3 : 1;
  for (int round = 0; round < rounds && best.scale > kTiny; ++round) {
    const AffineFit fit = solve_affine(affine_sums(x, w, n, 1 / best.scale, best.min, top), w0, wx, min_not_positive);
    if (!(fit.error < best.error)) break;
    best = fit;
  }
  return best;
}

CHAKU_CODEC AffineFit fit_min(const float* x, const float* w, int n, int hi, float scale, float min) noexcept {
  const float inverse = scale > kTiny ? 1 / scale : 0;
  Lanes sum{}, weight{}, squares{};
  for (int i = 0; i < n; i += kLanes) {
    const Lanes v = load_lanes(x + i), wi = load_lanes(w + i);
    const Lanes r = v - scale * clamp_lanes(round_lanes((v - min) * inverse), 0, static_cast<float>(hi));
    sum += wi * r;
    weight += wi;
    squares += wi * r * r;
  }
  const float w0 = sum_lanes(weight), wr = sum_lanes(sum);
  const float best = w0 > 0 ? std::min(wr / w0, 0.0f) : 0.0f;
  return {scale, best, sum_lanes(squares) - best * (2 * wr - best * w0)};
}

}  // namespace chaku
