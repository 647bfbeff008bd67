// Super-blocks without minima: Q3_K, Q6_K, IQ4_XS. The method is told in super_block.h.
#include <algorithm>
#include <cmath>

#include "quant/scale_search.h"
#include "quant/super_block.h"

namespace chaku {
namespace {

constexpr int kSymmetricRounds = 3;

template <class Levels>
class SymmetricSearch {
 public:
  CHAKU_CODEC SymmetricSearch(const float* x, const float* w, const SymmetricShape& shape,
                              const Levels& levels) noexcept
      : x_(x), w_(w), shape_(shape), levels_(levels), n_subs_(kSuperBlock / shape.sub_size) {}

  CHAKU_CODEC void run(SymmetricSuperBlock& out) noexcept {
    float extreme = 0;
    for (int s = 0; s < n_subs_; ++s) {
      fitted_[s] = fit_symmetric(x_ + at(s), w_ + at(s), shape_.sub_size, levels_, shape_.effort).scale;
      if (std::fabs(fitted_[s]) > std::fabs(extreme)) extreme = fitted_[s];
    }
    best_.error = HUGE_VALF;
    // The largest scale may take the end of either sign; of the longer side a few integers are tried.
    for (const int top : {shape_.scale_lo, shape_.scale_lo + 1, shape_.scale_hi}) {
      descend(to_half(extreme / static_cast<float>(top)));
      if (quick()) break;
    }
    // The finest unit that still reaches the largest element: an outlier fits as well there, and the rest fits better.
    float max = 0;
    for (int i = 0; i < kSuperBlock; ++i) max = std::max(max, std::fabs(x_[i]));
    if (!quick()) descend(to_half(max / (levels_.reach() * static_cast<float>(-shape_.scale_lo))));
    out.d = best_.d;
    std::copy_n(best_.scale, kMaxSubBlocks, out.scale);
    for (int s = 0; s < n_subs_; ++s) {
      const float inverse = reciprocal_or_zero(best_.d * static_cast<float>(best_.scale[s]));
      for (int i = at(s); i < at(s + 1); i += kLanes)
        store_lanes(out.level + i, levels_.nearest(load_lanes(x_ + i) * inverse));
    }
  }

 private:
  struct Choice {
    float d = 0;
    int8_t scale[kMaxSubBlocks] = {};
    float error = 0;
  };
  struct Sums {
    float error, xl, ll;  // l = the level chosen
  };

  CHAKU_CODEC bool quick() const noexcept { return shape_.effort == Effort::kQuick; }

  CHAKU_CODEC int at(int s) const noexcept { return s * shape_.sub_size; }

  CHAKU_CODEC Sums sums(int s, float scale) const noexcept {
    const float inverse = reciprocal_or_zero(scale);
    Lanes error{}, xl{}, ll{};
    for (int i = at(s); i < at(s + 1); i += kLanes) {
      const Lanes v = load_lanes(x_ + i), w = load_lanes(w_ + i);
      const Lanes level = levels_.nearest(v * inverse), r = v - scale * level;
      error += w * r * r;
      xl += w * level * v;
      ll += w * level * level;
    }
    return {sum_lanes(error), sum_lanes(xl), sum_lanes(ll)};
  }

  // The best integer of sub-block s: around the fitted scale, and its opposite, which is another fit of nearly the same
  // error as levels reach further on one side.
  CHAKU_CODEC Sums choose(int s, float d, int8_t& scale) const noexcept {
    const int guess = static_cast<int>(std::clamp(std::nearbyint(fitted_[s] * reciprocal_or_zero(d)), -200.0f, 200.0f));
    Sums chosen{HUGE_VALF, 0, 0};
    for (const int k : {0, -1, 1, -2 * guess}) {
      if (k != 0 && quick()) break;
      const int tried_scale = std::clamp(guess + k, shape_.scale_lo, shape_.scale_hi);
      const Sums tried = sums(s, d * static_cast<float>(tried_scale));
      if (tried.error < chosen.error) {
        chosen = tried;
        scale = static_cast<int8_t>(tried_scale);
      }
    }
    return chosen;
  }

  // Steps 3 and 4 from one unit.
  CHAKU_CODEC void descend(float d) noexcept {
    float least = HUGE_VALF;
    for (int round = 0; round <= kSymmetricRounds && d != 0; ++round) {
      Choice choice{d};
      double xl = 0, ll = 0;
      for (int s = 0; s < n_subs_; ++s) {
        const Sums chosen = choose(s, d, choice.scale[s]);
        choice.error += chosen.error;
        xl += double{chosen.xl} * choice.scale[s];
        ll += double{chosen.ll} * choice.scale[s] * choice.scale[s];
      }
      if (choice.error < best_.error) best_ = choice;
      const float solved = ll > 0 ? to_half(static_cast<float>(xl / ll)) : 0;
      if (quick() || !(choice.error < least) || solved == d) return;
      least = choice.error;
      d = solved;
    }
  }

  const float* x_;
  const float* w_;
  SymmetricShape shape_;
  Levels levels_;
  int n_subs_;
  float fitted_[kMaxSubBlocks] = {};
  Choice best_;
};

}  // namespace

CHAKU_CODEC void search_super_block(const float* x, const float* w, const SymmetricShape& shape,
                                    const UniformLevels& levels, SymmetricSuperBlock& out) noexcept {
  SymmetricSearch(x, w, shape, levels).run(out);
}

CHAKU_CODEC void search_super_block(const float* x, const float* w, const SymmetricShape& shape,
                                    const IQ4Levels& levels, SymmetricSuperBlock& out) noexcept {
  SymmetricSearch(x, w, shape, levels).run(out);
}

}  // namespace chaku
