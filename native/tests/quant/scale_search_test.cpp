#include "quant/scale_search.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "test.h"

namespace chaku {
namespace {

constexpr int kN = 32;

struct Group {
  float x[kN], w[kN];
};

Group random_group(uint64_t seed) {
  const Philox values(seed, 0), weights(seed, 1);
  Group group;
  for (uint64_t i = 0; i < kN; ++i) {
    group.x[i] = values.normal(i);
    group.w[i] = weights.uniform(i) + 0.01f;
  }
  return group;
}

template <class Levels>
float nearest(const Levels& levels, float v) {
  return levels.nearest(Lanes{} + v)[0];
}

template <class Levels>
double symmetric_error(const Group& group, const Levels& levels, float scale) {
  double error = 0;
  for (int i = 0; i < kN; ++i) {
    const double r = group.x[i] - double{scale} * nearest(levels, scale != 0 ? group.x[i] / scale : 0);
    error += group.w[i] * r * r;
  }
  return error;
}

// The least error over a dense set of scales of both signs.
template <class Levels>
double exhaustive_error(const Group& group, const Levels& levels) {
  float max = 0;
  for (const float v : group.x) max = std::max(max, std::fabs(v));
  double best = symmetric_error(group, levels, 0);
  for (int step = 1; step <= 2000; ++step) {
    const float scale = 2 * max / levels.reach() * static_cast<float>(step) / 2000;
    best = std::min({best, symmetric_error(group, levels, scale), symmetric_error(group, levels, -scale)});
  }
  return best;
}

template <class Levels>
void check_against_exhaustive(const Levels& levels) {
  double found = 0, possible = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Group group = random_group(seed);
    found += symmetric_error(group, levels, fit_symmetric(group.x, group.w, kN, levels).scale);
    possible += exhaustive_error(group, levels);
    const SymmetricFit half = fit_half_scale(group.x, group.w, kN, levels);
    CHECK(half.scale == to_half(half.scale));
    CHECK(std::fabs(half.error - symmetric_error(group, levels, half.scale)) <= 1e-4 * half.error);
  }
  CHECK(found <= 1.03 * possible);
}

TEST(levels_are_the_nearest) {
  const IQ4Levels table;
  const UniformLevels uniform(-4, 3);
  for (int step = -4000; step <= 4000; ++step) {
    const float v = static_cast<float>(step) * 0.037f;
    float best = kIQ4Value[0];
    for (const int8_t level : kIQ4Value)
      if (std::fabs(v - level) < std::fabs(v - best)) best = level;
    CHECK(std::fabs(nearest(table, v) - v) <= std::fabs(best - v));
    CHECK(nearest(uniform, v) == std::clamp(std::nearbyint(v), -4.0f, 3.0f));
  }
  CHECK(nearest(table, 1e30f) == 113 && nearest(table, -1e30f) == -127);
  CHECK(nearest(uniform, 1e30f) == 3 && nearest(uniform, -1e30f) == -4);
}

TEST(symmetric_fits_come_close_to_an_exhaustive_search) {
  check_against_exhaustive(UniformLevels(-4, 3));
  check_against_exhaustive(UniformLevels(-8, 7));
  check_against_exhaustive(UniformLevels(-32, 31));
  check_against_exhaustive(IQ4Levels());
}

TEST(symmetric_fit_recovers_what_is_representable) {
  Group group = random_group(1);
  const UniformLevels levels(-8, 7);
  for (const float scale : {0.125f, -3.0f}) {
    for (int i = 0; i < kN; ++i) group.x[i] = scale * static_cast<float>(i % 16 - 8);
    CHECK(std::fabs(fit_symmetric(group.x, group.w, kN, levels).scale - scale) < 1e-5f * std::fabs(scale));
    CHECK(fit_half_scale(group.x, group.w, kN, levels).error == 0);
  }
}

TEST(affine_fit_recovers_what_is_representable) {
  Group group = random_group(2);
  for (const float min : {-2.5f, 0.0f, 4.0f}) {
    for (int i = 0; i < kN; ++i) group.x[i] = 0.25f * static_cast<float>(i % 16) + min;
    const AffineFit fit = fit_affine(group.x, group.w, kN, 15, false);
    CHECK(std::fabs(fit.scale - 0.25f) < 1e-4f);
    CHECK(std::fabs(fit.min - min) < 1e-3f);
  }
}

TEST(affine_fit_holds_the_sign_of_the_offset) {
  Group group = random_group(3);
  for (float& v : group.x) v = std::fabs(v) + 5;
  const AffineFit fit = fit_affine(group.x, group.w, kN, 15, true);
  CHECK(fit.min <= 0 && fit.scale > 0);
  const AffineFit best_min = fit_min(group.x, group.w, kN, 15, fit.scale, fit.min);
  CHECK(best_min.min <= 0 && best_min.error >= 0);
}

// The error that fit_min states is the one its offset gives with the codes it was computed for.
TEST(offset_for_a_given_scale) {
  for (uint64_t seed = 10; seed < 30; ++seed) {
    const Group group = random_group(seed);
    const float scale = 0.3f, start = -2.0f;
    const AffineFit fit = fit_min(group.x, group.w, kN, 15, scale, start);
    double error = 0, moved = 0;
    for (int i = 0; i < kN; ++i) {
      const double code = std::clamp(std::nearbyint((group.x[i] - start) / scale), 0.0f, 15.0f);
      const double r = group.x[i] - scale * code - fit.min;
      error += group.w[i] * r * r;
      moved += group.w[i] * (r - 0.01) * (r - 0.01);
    }
    CHECK(std::fabs(error - fit.error) < 1e-4 * (1 + error));
    CHECK(moved >= error);
  }
}

TEST(nothing_to_fit) {
  Group group = random_group(4);
  std::fill_n(group.w, kN, 0.0f);
  CHECK(fit_symmetric(group.x, group.w, kN, UniformLevels(-8, 7)).scale == 0);
  CHECK(std::isfinite(fit_affine(group.x, group.w, kN, 15, false).scale));
  CHECK(std::isfinite(fit_min(group.x, group.w, kN, 15, 1, -1).min));
  group = random_group(4);
  std::fill_n(group.x, kN, 0.0f);
  CHECK(fit_symmetric(group.x, group.w, kN, IQ4Levels()).scale == 0);
  CHECK(fit_affine(group.x, group.w, kN, 15, false).min == 0);
}

}  // namespace
}  // namespace chaku
