// Super-blocks with minima: Q2_K, Q4_K, Q5_K. The method is told in super_block.h.
#include <algorithm>
#include <cmath>

#include "quant/scale_search.h"
#include "quant/super_block.h"

namespace chaku {
namespace {

constexpr int kAffineRounds = 3;
// A scale whose error with a real-valued minimum is this much above the best is not tried with integer ones: these
// seldom lower it, as codes change little.
constexpr float kHopeless = 1.1f;

class AffineSearch {
 public:
  CHAKU_CODEC AffineSearch(const float* x, const float* w, const AffineShape& shape) noexcept
      : x_(x), w_(w), shape_(shape), n_subs_(kSuperBlock / shape.sub_size) {}

  CHAKU_CODEC void run(AffineSuperBlock& out) noexcept {
    float largest = 0;
    for (int s = 0; s < n_subs_; ++s) {
      fitted_[s] = fit_affine(x_ + at(s), w_ + at(s), shape_.sub_size, shape_.code_hi, true, shape_.effort);
      largest = std::max(largest, fitted_[s].scale);
    }
    best_.error = HUGE_VALF;
    for (const int top : {shape_.scale_hi, shape_.scale_hi - 1, shape_.scale_hi - 2}) {
      const float d = to_half(largest / static_cast<float>(top));
      consider(d, guess_dmin(d));
      if (quick()) break;
    }
    for (int round = 0; round < kAffineRounds && !quick(); ++round) {
      if (best_.solved_d == best_.d && best_.solved_dmin == best_.dmin) break;
      if (!consider(best_.solved_d, best_.solved_dmin)) break;
    }
    out.d = best_.d;
    out.dmin = best_.dmin;
    std::copy_n(best_.scale, kMaxSubBlocks, out.scale);
    std::copy_n(best_.min, kMaxSubBlocks, out.min);
    for (int s = 0; s < n_subs_; ++s) {
      const float inverse = reciprocal_or_zero(best_.d * best_.scale[s]), min = best_.dmin * best_.min[s];
      for (int i = at(s); i < at(s + 1); i += kLanes) store_lanes(out.q + i, codes(load_lanes(x_ + i), inverse, min));
    }
  }

 private:
  struct Choice {
    float d = 0, dmin = 0;
    uint8_t scale[kMaxSubBlocks] = {}, min[kMaxSubBlocks] = {};
    float error = 0;
    float solved_d = 0, solved_dmin = 0;  // the best units for these integers and codes
  };
  // Of the super-block, for the closed form in (d, dmin): u = scale * q, v = min.
  struct Normal {
    double xu = 0, uu = 0, xv = 0, uv = 0, vv = 0;
  };

  CHAKU_CODEC static int nearest_integer(float v, float unit) noexcept {
    return static_cast<int>(std::nearbyint(std::min(v * reciprocal_or_zero(unit), 1000.0f)));
  }

  CHAKU_CODEC bool quick() const noexcept { return shape_.effort == Effort::kQuick; }

  CHAKU_CODEC int at(int s) const noexcept { return s * shape_.sub_size; }

  CHAKU_CODEC Lanes codes(Lanes x, float inverse, float min) const noexcept {
    return clamp_lanes(round_lanes((x + min) * inverse), 0, static_cast<float>(shape_.code_hi));
  }

  CHAKU_CODEC float error(int s, float scale, float min) const noexcept {
    const float inverse = reciprocal_or_zero(scale);
    Lanes sum{};
    for (int i = at(s); i < at(s + 1); i += kLanes) {
      const Lanes x = load_lanes(x_ + i);
      const Lanes r = x - scale * codes(x, inverse, min) + min;
      sum += load_lanes(w_ + i) * r * r;
    }
    return sum_lanes(sum);
  }

  CHAKU_CODEC void add_normal(int s, float d, float dmin, int scale, int min, Normal& normal) const noexcept {
    const float inverse = reciprocal_or_zero(d * static_cast<float>(scale)), offset = dmin * static_cast<float>(min);
    Lanes xq{}, qq{}, sx{}, sq{}, one{};
    for (int i = at(s); i < at(s + 1); i += kLanes) {
      const Lanes x = load_lanes(x_ + i), w = load_lanes(w_ + i), q = codes(x, inverse, offset);
      xq += w * x * q;
      qq += w * q * q;
      sx += w * x;
      sq += w * q;
      one += w;
    }
    const double u = scale, v = min;
    normal.xu += u * sum_lanes(xq);
    normal.uu += u * u * sum_lanes(qq);
    normal.xv += v * sum_lanes(sx);
    normal.uv += u * v * sum_lanes(sq);
    normal.vv += v * v * sum_lanes(one);
  }

  // What the minima would like to be once scales are multiples of d.
  CHAKU_CODEC float guess_dmin(float d) noexcept {
    float largest = 0;
    for (int s = 0; s < n_subs_; ++s) {
      const int k = std::min(nearest_integer(fitted_[s].scale, d), shape_.scale_hi);
      const AffineFit fit =
          fit_min(x_ + at(s), w_ + at(s), shape_.sub_size, shape_.code_hi, d * static_cast<float>(k), fitted_[s].min);
      largest = std::max(largest, -fit.min);
    }
    return to_half(largest / static_cast<float>(shape_.scale_hi));
  }

  // The best pair of integers of sub-block s: scales around the fitted one, each with the minima around its own best.
  CHAKU_CODEC float choose(int s, float d, float dmin, uint8_t& scale, uint8_t& min) const noexcept {
    const int guess = nearest_integer(fitted_[s].scale, d);
    float best = HUGE_VALF;
    for (const int k : {0, -1, 1}) {
      if (k != 0 && quick()) break;
      const int tried_scale = std::clamp(guess + k, 0, shape_.scale_hi);
      const float real_scale = d * static_cast<float>(tried_scale);
      const AffineFit fit =
          fit_min(x_ + at(s), w_ + at(s), shape_.sub_size, shape_.code_hi, real_scale, fitted_[s].min);
      if (fit.error > kHopeless * best) continue;
      const int m = static_cast<int>(std::min(-fit.min * reciprocal_or_zero(dmin), 1000.0f));
      for (int tried_min = std::min(m, shape_.scale_hi); tried_min <= std::min(m + 1, shape_.scale_hi); ++tried_min) {
        const float e = error(s, real_scale, dmin * static_cast<float>(tried_min));
        if (e < best) {
          best = e;
          scale = static_cast<uint8_t>(tried_scale);
          min = static_cast<uint8_t>(tried_min);
        }
      }
    }
    return best;
  }

  // Steps 3 and 4 from one pair of units: true if it beats the best so far.
  CHAKU_CODEC bool consider(float d, float dmin) noexcept {
    Choice choice{d, dmin};
    for (int s = 0; s < n_subs_; ++s) choice.error += choose(s, d, dmin, choice.scale[s], choice.min[s]);
    if (!(choice.error < best_.error)) return false;
    Normal normal;
    for (int s = 0; s < n_subs_; ++s) add_normal(s, d, dmin, choice.scale[s], choice.min[s], normal);
    choice.solved_d = d;
    choice.solved_dmin = dmin;
    solve(normal, choice.solved_d, choice.solved_dmin);
    best_ = choice;
    return true;
  }

  // min over d, dmin >= 0 of sum w (x - d u + dmin v)^2.
  CHAKU_CODEC static void solve(const Normal& n, float& d, float& dmin) noexcept {
    const double det = n.uu * n.vv - n.uv * n.uv;
    double a = n.uu > 0 ? n.xu / n.uu : 0, b = 0;
    if (det > 1e-6 * n.uu * n.vv) {
      a = (n.xu * n.vv - n.xv * n.uv) / det;
      b = (n.xu * n.uv - n.xv * n.uu) / det;
      if (b < 0) {
        a = n.xu / n.uu;
        b = 0;
      }
    }
    if (a <= 0) return;
    d = to_half(static_cast<float>(a));
    dmin = to_half(static_cast<float>(b));
  }

  const float* x_;
  const float* w_;
  AffineShape shape_;
  int n_subs_;
  AffineFit fitted_[kMaxSubBlocks] = {};
  Choice best_;
};

}  // namespace

CHAKU_CODEC void search_super_block(const float* x, const float* w, const AffineShape& shape,
                                    AffineSuperBlock& out) noexcept {
  AffineSearch(x, w, shape).run(out);
}

}  // namespace chaku
