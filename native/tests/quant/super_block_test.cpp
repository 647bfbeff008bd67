#include "quant/super_block.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "quant/scale_search.h"
#include "test.h"

namespace chaku {
namespace {

struct Data {
  float x[kSuperBlock], w[kSuperBlock];
};

Data random_data(uint64_t seed) {
  const Philox values(seed, 0), weights(seed, 1);
  Data data;
  for (uint64_t i = 0; i < kSuperBlock; ++i) {
    data.x[i] = values.normal(i);
    data.w[i] = weights.uniform(i) + 0.1f;
  }
  return data;
}

double energy(const Data& data) {
  double sum = 0;
  for (int i = 0; i < kSuperBlock; ++i) sum += double{data.w[i]} * data.x[i] * data.x[i];
  return sum;
}

double error(const Data& data, const SymmetricShape& shape, const SymmetricSuperBlock& found) {
  double sum = 0;
  for (int i = 0; i < kSuperBlock; ++i) {
    const double r = data.x[i] - double{found.d} * found.scale[i / shape.sub_size] * found.level[i];
    sum += data.w[i] * r * r;
  }
  return sum;
}

double error(const Data& data, const AffineShape& shape, const AffineSuperBlock& found) {
  double sum = 0;
  for (int i = 0; i < kSuperBlock; ++i) {
    const int s = i / shape.sub_size;
    const double r = data.x[i] - double{found.d} * found.scale[s] * found.q[i] + double{found.dmin} * found.min[s];
    sum += data.w[i] * r * r;
  }
  return sum;
}

constexpr SymmetricShape kQ3K{16, -32, 31}, kQ6K{16, -128, 127}, kIQ4XS{32, -32, 31};
constexpr AffineShape kQ2K{16, 3, 15}, kQ4K{32, 15, 63}, kQ5K{32, 31, 63};

template <class Levels>
void check_symmetric(const SymmetricShape& shape, const Levels& levels, double least_share) {
  SymmetricSuperBlock found;
  double lost = 0, all = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const Data data = random_data(seed);
    search_super_block(data.x, data.w, shape, levels, found);
    CHECK(found.d == to_half(found.d));
    for (int s = 0; s < kSuperBlock / shape.sub_size; ++s)
      CHECK(found.scale[s] >= shape.scale_lo && found.scale[s] <= shape.scale_hi);
    lost += error(data, shape, found);
    all += energy(data);
  }
  CHECK(lost < least_share * all);
}

TEST(symmetric_search_on_normal_weights) {
  check_symmetric(kQ3K, UniformLevels(-4, 3), 0.022);
  check_symmetric(kQ6K, UniformLevels(-32, 31), 0.0003);
  check_symmetric(kIQ4XS, IQ4Levels(), 0.006);
}

TEST(affine_search_on_normal_weights) {
  struct Expectation {
    AffineShape shape;
    double share;
  };
  for (const auto& [shape, share] : {Expectation{kQ2K, 0.08}, {kQ4K, 0.0055}, {kQ5K, 0.0014}}) {
    AffineSuperBlock found;
    double lost = 0, all = 0;
    for (uint64_t seed = 0; seed < 8; ++seed) {
      const Data data = random_data(seed);
      search_super_block(data.x, data.w, shape, found);
      CHECK(found.d == to_half(found.d) && found.dmin == to_half(found.dmin) && found.dmin >= 0);
      for (int s = 0; s < kSuperBlock / shape.sub_size; ++s)
        CHECK(found.scale[s] <= shape.scale_hi && found.min[s] <= shape.scale_hi);
      lost += error(data, shape, found);
      all += energy(data);
    }
    CHECK(lost < share * all);
  }
}

// No more is lost than by rounding one number to a half: relative 2^-11, squared.
TEST(constants_are_nearly_exact) {
  for (const float value : {0.37f, -0.37f, 1.0f, 123.4f}) {
    Data data = random_data(1);
    std::fill_n(data.x, kSuperBlock, value);
    AffineSuperBlock affine;
    search_super_block(data.x, data.w, kQ4K, affine);
    CHECK(error(data, kQ4K, affine) <= 0x1p-22 * energy(data));
    SymmetricSuperBlock symmetric;
    search_super_block(data.x, data.w, kQ6K, UniformLevels(-32, 31), symmetric);
    CHECK(error(data, kQ6K, symmetric) <= 0x1p-22 * energy(data));
  }
}

// One huge element must not take the precision of the other sub-blocks with it more than the format's integers force.
TEST(an_outlier_costs_its_own_sub_block) {
  Data data = random_data(5);
  data.x[37] = 25;
  SymmetricSuperBlock found;
  search_super_block(data.x, data.w, kQ3K, UniformLevels(-4, 3), found);
  double others = 0, all = 0;
  for (int i = 0; i < kSuperBlock; ++i) {
    if (i / 16 == 37 / 16) continue;
    const double r = data.x[i] - double{found.d} * found.scale[i / 16] * found.level[i];
    others += data.w[i] * r * r;
    all += double{data.w[i]} * data.x[i] * data.x[i];
  }
  CHECK(others < 0.05 * all);
  CHECK(std::fabs(25 - found.d * found.scale[37 / 16] * found.level[37]) < 1.0f);
}

TEST(zeros_and_magnitudes_below_halves) {
  for (const float scale : {0.0f, 1e-30f, 1e-9f}) {
    Data data = random_data(6);
    for (float& v : data.x) v *= scale;
    SymmetricSuperBlock symmetric;
    search_super_block(data.x, data.w, kQ6K, UniformLevels(-32, 31), symmetric);
    CHECK(error(data, kQ6K, symmetric) <= energy(data));
    AffineSuperBlock affine;
    search_super_block(data.x, data.w, kQ4K, affine);
    CHECK(error(data, kQ4K, affine) <= energy(data) * (1 + 1e-6));
  }
}

}  // namespace
}  // namespace chaku
