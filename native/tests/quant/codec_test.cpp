// The codec's properties that need no reference data; golden_test.cpp compares with the reference.
#include "quant/codec.h"

#include <cstdint>
#include <limits>

#include "base/random.h"
#include "quant/dtype.h"
#include "test.h"

namespace chaku {
namespace {

constexpr int64_t kElements = 2048;
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<DType> writable() {
  std::vector<DType> all;
  for (int32_t id = 0; id < 64; ++id)
    if (find_dtype(id) != nullptr && can_quantize(static_cast<DType>(id))) all.push_back(static_cast<DType>(id));
  return all;
}

bool is_block_format(DType dtype) { return dtype_info(dtype).block_elements > 1; }

std::vector<float> normal(uint64_t seed, float scale = 1) {
  const Philox random(seed, 0);
  std::vector<float> values(kElements);
  for (size_t i = 0; i < values.size(); ++i) values[i] = scale * random.normal(i);
  return values;
}

std::vector<uint8_t> encode(DType dtype, const std::vector<float>& values, const float* importance = nullptr) {
  std::vector<uint8_t> packed(static_cast<size_t>(row_bytes(dtype, kElements)));
  quantize(dtype, values.data(), packed.data(), kElements, importance);
  return packed;
}

std::vector<float> decode(DType dtype, const std::vector<uint8_t>& packed) {
  std::vector<float> values(kElements);
  dequantize(dtype, packed.data(), values.data(), kElements);
  return values;
}

double weighted_error(const std::vector<float>& a, const std::vector<float>& b, const std::vector<float>& weight) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += weight[i] * (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return sum;
}

void check(DType dtype, bool holds, const char* what) {
  if (!holds) test::report(__FILE__, __LINE__, std::string(dtype_info(dtype).name) + ": " + what);
}

TEST(f32_is_copied) {
  const std::vector<float> values = normal(1);
  CHECK(decode(DType::kF32, encode(DType::kF32, values)) == values);
}

TEST(formats_without_a_quantizer_say_so) {
  CHECK(!can_quantize(DType::kIQ1_S));
  CHECK(!can_quantize(DType::kTQ1_0));
  CHECK(!can_quantize(DType::kNVFP4));
  CHECK_EQ(writable().size(), size_t{16});
}

// A normal weight of unit variance keeps this share of its energy as error; twice what a good quantizer of so many
// levels leaves, so that a misplaced bit cannot pass.
TEST(round_trip_error_is_that_of_the_number_of_levels) {
  struct Bound {
    DType dtype;
    double rmse;
  };
  const Bound bounds[] = {{DType::kF16, 3e-4},   {DType::kBF16, 2.5e-3}, {DType::kQ4_0, 0.11},  {DType::kQ4_1, 0.1},
                          {DType::kQ5_0, 0.06},  {DType::kQ5_1, 0.05},   {DType::kQ8_0, 0.008}, {DType::kQ2_K, 0.35},
                          {DType::kQ3_K, 0.2},   {DType::kQ4_K, 0.1},    {DType::kQ5_K, 0.05},  {DType::kQ6_K, 0.025},
                          {DType::kIQ4_NL, 0.1}, {DType::kIQ4_XS, 0.1},  {DType::kMXFP4, 0.15}};
  const std::vector<float> values = normal(2), ones(kElements, 1.0f);
  for (const Bound& bound : bounds) {
    const double error = weighted_error(values, decode(bound.dtype, encode(bound.dtype, values)), ones);
    check(bound.dtype, std::sqrt(error / kElements) < bound.rmse, "round trip errs too much");
  }
}

TEST(importance_lowers_the_weighted_error) {
  const std::vector<float> values = normal(3);
  std::vector<float> importance = normal(4);
  for (float& w : importance) w = w * w * w * w + 1e-3f;
  for (const DType dtype : writable()) {
    if (!is_block_format(dtype)) continue;
    const double plain = weighted_error(values, decode(dtype, encode(dtype, values)), importance);
    const double weighted = weighted_error(values, decode(dtype, encode(dtype, values, importance.data())), importance);
    // MXFP4 chooses among powers of two only: often the same one.
    check(dtype, dtype == DType::kMXFP4 ? weighted <= plain : weighted < 0.97 * plain, "importance does not help");
  }
}

TEST(constant_importance_never_errs_more_than_the_closed_form) {
  const std::vector<float> values = normal(5), ones(kElements, 1.0f);
  for (const DType dtype : {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0}) {
    const double plain = weighted_error(values, decode(dtype, encode(dtype, values)), ones);
    const double searched = weighted_error(values, decode(dtype, encode(dtype, values, ones.data())), ones);
    check(dtype, searched <= plain, "the search is worse than the closed form");
  }
}

TEST(unusable_importance_counts_as_zero_and_none_at_all_as_absent) {
  const std::vector<float> values = normal(6);
  std::vector<float> odd(kElements, 1.0f), usable(kElements, 1.0f);
  for (size_t i = 0; i < odd.size(); i += 7) {
    odd[i] = i % 2 == 0 ? kNaN : -3.0f;
    usable[i] = 0;
  }
  const std::vector<float> zero(kElements, 0.0f), infinite(kElements, kInf);
  for (const DType dtype : writable()) {
    check(dtype, encode(dtype, values, odd.data()) == encode(dtype, values, usable.data()), "NaN or negative weight");
    check(dtype, encode(dtype, values, zero.data()) == encode(dtype, values), "zero importance");
    for (const float v : decode(dtype, encode(dtype, values, infinite.data())))
      if (!std::isfinite(v)) check(dtype, false, "infinite importance gave a non-finite value");
  }
}

TEST(halves_keep_what_is_not_finite) {
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    std::vector<float> values = normal(7);
    values[0] = kNaN;
    values[1] = kInf;
    values[2] = -kInf;
    const std::vector<float> decoded = decode(dtype, encode(dtype, values));
    CHECK(std::isnan(decoded[0]) && decoded[1] == kInf && decoded[2] == -kInf);
  }
}

TEST(block_formats_read_nan_as_zero_and_clamp_to_the_range_of_halves) {
  std::vector<float> wild = normal(8), tame = wild;
  const auto set = [&](size_t i, float w, float t) {
    wild[i] = w;
    tame[i] = t;
  };
  set(3, kNaN, 0);
  set(300, kInf, 65504);
  set(600, -kInf, -65504);
  set(900, 3e38f, 65504);
  for (size_t i = 1024; i < 1280; ++i) set(i, i % 2 == 0 ? -kNaN : kNaN, 0);
  for (size_t i = 1280; i < 1536; ++i) set(i, i % 3 == 0 ? kInf : -kInf, i % 3 == 0 ? 65504.0f : -65504.0f);
  for (const DType dtype : writable()) {
    if (!is_block_format(dtype)) continue;
    const std::vector<uint8_t> packed = encode(dtype, wild);
    check(dtype, packed == encode(dtype, tame), "non-finite input is not read as documented");
    for (const float v : decode(dtype, packed))
      if (!std::isfinite(v)) check(dtype, false, "non-finite output");
  }
}

TEST(extreme_magnitudes_stay_finite_and_bounded) {
  constexpr float kOvershoot = 1.25f;  // the best fit of a few levels may step over the largest element
  for (const float scale : {1e-44f, 1e-38f, 1e-20f, 6e-8f, 1e-4f, 1e4f, 65504.0f, 1e30f}) {
    const std::vector<float> values = normal(9, scale);
    for (const DType dtype : writable()) {
      if (!is_block_format(dtype)) continue;
      for (const float v : decode(dtype, encode(dtype, values)))
        if (!(std::fabs(v) <= std::min(10 * scale + 1e-6f, kOvershoot * 65504)))
          check(dtype, false, "value out of range");
    }
  }
}

TEST(zero_decodes_to_zero) {
  const std::vector<float> zero(kElements, 0.0f);
  for (const DType dtype : writable()) check(dtype, decode(dtype, encode(dtype, zero)) == zero, "zeros");
}

TEST(rows_may_be_encoded_one_by_one_and_anywhere) {
  const std::vector<float> values = normal(10), importance(kElements, 2.0f);
  for (const DType dtype : writable()) {
    const std::vector<uint8_t> whole = encode(dtype, values, importance.data());
    std::vector<uint8_t> parts(whole.size() + 1, 0xa5);
    const int64_t row = 512;
    for (int64_t at = 0; at < kElements; at += row)
      quantize(dtype, values.data() + at, parts.data() + 1 + row_bytes(dtype, at), row, importance.data() + at);
    check(dtype, std::memcmp(parts.data() + 1, whole.data(), whole.size()) == 0 && parts[0] == 0xa5, "split rows");
  }
}

}  // namespace
}  // namespace chaku
