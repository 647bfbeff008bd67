#include "quant/scale_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "quant/lanes.h"

namespace chaku {
namespace {

// Offsets, in codes, that the sweep adds to the largest code when it guesses an inverse scale.
constexpr float kSweepFrom = -1.2f, kSweepStep = 0.15f;
constexpr int kSweepSteps = 17;

struct SymmetricSums {
  float xq = 0, qq = 0;
};

SymmetricSums symmetric_sums(const float* x, const float* w, int n, float inverse, float lo, float hi) noexcept {
  Lanes xq{}, qq{};
  for (int i = 0; i < n; i += kLanes) {
    const Lanes v = load_lanes(x + i);
    const Lanes q = clamp_lanes(round_lanes(v * inverse), lo, hi);
    const Lanes wq = load_lanes(w + i) * q;
    xq += wq * v;
    qq += wq * q;
  }
  return {sum_lanes(xq), sum_lanes(qq)};
}

struct AffineSums {
  float q = 0, qq = 0, xq = 0;
};

AffineSums affine_sums(const float* x, const float* w, int n, float inverse, float min, float hi) noexcept {
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
AffineFit solve_affine(const AffineSums& s, double w0, double wx, bool min_not_positive) noexcept {
  const double det = w0 * s.qq - double{s.q} * s.q;
  double scale = 0, min = w0 > 0 ? wx / w0 : 0;
  if (det > 1e-9 * w0 * s.qq) {
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

SymmetricFit fit_symmetric(const float* x, const float* w, int n, int lo, int hi) noexcept {
  float max = 0;
  for (int i = 0; i < n; ++i) max = std::max(max, std::fabs(x[i]));
  SymmetricFit best{0, 0};
  if (max < kTiny) return best;
  // The extreme may take the lowest code or the highest, with either sign of the scale.
  for (const int end : {lo, hi}) {
    for (const float sign : {1.0f, -1.0f}) {
      for (int step = 0; step < kSweepSteps; ++step) {
        const float codes = std::fabs(static_cast<float>(end)) + kSweepFrom + kSweepStep * static_cast<float>(step);
        if (codes <= 0) continue;
        const SymmetricSums s = symmetric_sums(x, w, n, sign * codes / max, static_cast<float>(lo), static_cast<float>(hi));
        if (s.qq <= 0) continue;
        const float error = -s.xq * (s.xq / s.qq);
        if (error < best.error) best = {s.xq / s.qq, error};
      }
    }
  }
  return best;
}

AffineFit fit_affine(const float* x, const float* w, int n, int hi, bool min_not_positive) noexcept {
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
  for (int step = 0; step < kSweepSteps; ++step) {
    const float codes = top + kSweepFrom + kSweepStep * static_cast<float>(step);
    if (codes <= 0) continue;
    const AffineFit fit = solve_affine(affine_sums(x, w, n, codes / range, min, top), w0, wx, min_not_positive);
    if (fit.error < best.error) best = fit;
  }
  // The closed form moved the offset too: choose the codes once more under it.
  for (int round = 0; round < 2 && best.scale > kTiny; ++round) {
    const AffineFit fit =
        solve_affine(affine_sums(x, w, n, 1 / best.scale, best.min, top), w0, wx, min_not_positive);
    if (!(fit.error < best.error)) break;
    best = fit;
  }
  return best;
}

}  // namespace chaku
