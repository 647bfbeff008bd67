// Every path encodes to the bits of the scalar codec.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/rows.h"
#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

using Bytes = std::vector<std::byte>;

void check(const std::string& what, const Floats& x, int64_t width, const float* importance) {
  const int64_t m = static_cast<int64_t>(x.size()) / width;
  for (const DType dtype : all_dtypes()) {
    if (!can_quantize(dtype) || width % dtype_info(dtype).block_elements != 0) continue;
    const int64_t n_bytes = row_bytes(dtype, width);
    Bytes expected(static_cast<size_t>(m * n_bytes));
    for (int64_t row = 0; row < m; ++row)
      quantize(dtype, x.data() + row * width, expected.data() + row * n_bytes, width, importance);
    for (const KernelTable* table : tables_of_same_bits()) {
      Bytes encoded(expected.size(), std::byte{0xa5});
      table->encode_rows({x.data(), dtype, encoded.data(), m, width, nullptr, importance}, queue_of(2));
      if (encoded == expected) continue;
      const auto at = std::mismatch(encoded.begin(), encoded.end(), expected.begin()).first - encoded.begin();
      report(table->name, 0, what + " " + dtype_info(dtype).name + ": other bits at byte " + std::to_string(at));
    }
  }
}

Floats weights(int64_t width) {
  Floats w = random_vector(width, 9);
  for (float& v : w) v = std::fabs(v);
  return w;
}

}  // namespace

TEST(normal_rows) {
  for (const int64_t width : {256, 768, 2048}) {
    const Floats w = weights(width);
    for (const float scale : {1.0f, 0.02f, 300.0f}) {
      const Floats x = random_vector(24 * width, static_cast<uint64_t>(width), scale);
      check("normal", x, width, nullptr);
      check("weighted", x, width, w.data());
    }
  }
  check("of 32", random_vector(6 * 96, 3), 96, nullptr);
}

TEST(values_on_a_grid) {
  for (const DType from : {DType::kQ4_K, DType::kQ5_K, DType::kQ6_K}) {
    constexpr int64_t kWidth = 1024;
    Floats x = random_vector(16 * kWidth, 5);
    Bytes blocks(static_cast<size_t>(row_bytes(from, 16 * kWidth)));
    quantize(from, x.data(), blocks.data(), 16 * kWidth);
    dequantize(from, blocks.data(), x.data(), 16 * kWidth);
    check("on the grid", x, kWidth, nullptr);
    const Floats change = random_vector(16 * kWidth, 6, 0.01f);
    for (size_t i = 0; i < x.size(); ++i) x[i] += change[i];
    check("near the grid", x, kWidth, nullptr);
  }
}

TEST(one_sided_constant_and_sparse_rows) {
  constexpr int64_t kWidth = 512;
  const Floats normal = random_vector(8 * kWidth, 7), w = weights(kWidth);
  const auto each = [&](const std::string& what, auto change) {
    Floats x = normal;
    for (size_t i = 0; i < x.size(); ++i) x[i] = change(x[i], i);
    check(what, x, kWidth, nullptr);
    check(what + " weighted", x, kWidth, w.data());
  };
  each("positive", [](float v, size_t) { return std::fabs(v); });
  each("negative", [](float v, size_t) { return -std::fabs(v); });
  each("zero", [](float, size_t) { return 0.0f; });
  each("constant", [](float, size_t) { return 0.37f; });
  each("constant by sub-block", [](float, size_t i) { return static_cast<float>(i / 32 % 5) - 2; });
  each("one element", [](float v, size_t i) { return i % 97 == 0 ? v : 0.0f; });
  each("outliers", [](float v, size_t i) { return i % 61 == 0 ? 100 * v : v; });
  each("tiny", [](float v, size_t) { return 1e-31f * v; });
  each("below halves", [](float v, size_t) { return 1e-9f * v; });
  each("huge", [](float v, size_t) { return 1e5f * v; });
  each("heavy tails", [](float v, size_t) { return v * v * v * v * v; });
  each("not numbers", [](float v, size_t i) {
    return i % 50 == 3 ? std::numeric_limits<float>::quiet_NaN() : i % 70 == 5 ? HUGE_VALF : v;
  });
}

TEST(importance_of_all_kinds) {
  constexpr int64_t kWidth = 1024;
  const Floats x = random_vector(6 * kWidth, 8);
  Floats w = weights(kWidth);
  for (int64_t i = 0; i < 256; ++i) w[static_cast<size_t>(i)] = i % 2 == 0 ? 0.0f : -1.0f;  // a block without any
  w[300] = std::numeric_limits<float>::quiet_NaN();
  w[400] = 1e30f;
  for (int64_t i = 512; i < 544; ++i) w[static_cast<size_t>(i)] = 0;  // a sub-block without any
  check("importance", x, kWidth, w.data());
}
