#include "capi/support.h"

using namespace chaku::test;

namespace {
constexpr int32_t kF32 = 0, kQ4_0 = 2, kQ8_0 = 8, kQ4_K = 12;
}

TEST(describe) {
  auto info = sized<chaku_dtype_info>();
  CHECK_OK(chaku_dtype_describe(kQ8_0, &info));
  CHECK_EQ(info.block_elements, 32);
  CHECK_EQ(info.block_bytes, 34);
  CHECK_EQ(info.can_quantize, 1);
  CHECK_OK(chaku_dtype_describe(kQ4_K, &info));
  CHECK_EQ(info.block_bytes, 144);
  for (const int32_t unknown : {-1, 4, 31, 99, INT32_MAX, INT32_MIN})
    CHECK_FAILS(CHAKU_UNSUPPORTED, chaku_dtype_describe(unknown, &info));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dtype_describe(kF32, nullptr));
  for (const uint32_t size : {0u, 4u, static_cast<uint32_t>(sizeof info) - 1, static_cast<uint32_t>(sizeof info) + 8}) {
    info.size = size;
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dtype_describe(kF32, &info));
  }
}

TEST(round_trip) {
  float values[64], decoded[64];
  for (int i = 0; i < 64; ++i) values[i] = static_cast<float>(i - 30) / 8;
  unsigned char bytes[68];
  CHECK_OK(chaku_quantize(kQ8_0, values, 64, nullptr, 0, bytes, 68));
  CHECK_OK(chaku_dequantize(kQ8_0, bytes, 68, decoded, 64));
  CHECK_CLOSE(decoded, values, 64, 0.02, 0.0);
  CHECK_OK(chaku_quantize(kQ8_0, nullptr, 0, nullptr, 0, nullptr, 0));
  CHECK_OK(chaku_dequantize(kQ8_0, nullptr, 0, nullptr, 0));
}

TEST(importance_moves_error_to_the_columns_that_matter_less) {
  float values[128], decoded[128], importance[64];
  for (int i = 0; i < 128; ++i) values[i] = static_cast<float>((i * 37) % 101 - 50) / 13;
  for (int i = 0; i < 64; ++i) importance[i] = i % 8 == 0 ? 100.0f : 1.0f;
  const auto error = [&](const float* weight) {
    unsigned char bytes[72];
    CHECK_OK(chaku_quantize(kQ4_0, values, 128, weight, 64, bytes, 72));
    CHECK_OK(chaku_dequantize(kQ4_0, bytes, 72, decoded, 128));
    double sum = 0;
    for (int i = 0; i < 128; ++i) sum += importance[i % 64] * (values[i] - decoded[i]) * (values[i] - decoded[i]);
    return sum;
  };
  CHECK(error(importance) < 0.9 * error(nullptr));
}

TEST(misuse) {
  float values[64] = {};
  unsigned char bytes[68] = {};
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, values, 63, nullptr, 0, bytes, 68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, values, 64, nullptr, 0, bytes, 67));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, values, -64, nullptr, 0, bytes, -68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kF32, values, INT64_MAX, nullptr, 0, bytes, 68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, nullptr, 64, nullptr, 0, bytes, 68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, values, 64, nullptr, 0, nullptr, 68));
  const float importance[64] = {};
  for (const int64_t n_per_row : {int64_t{0}, int64_t{-32}, int64_t{16}, int64_t{48}, int64_t{128}, INT64_MIN})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, values, 64, importance, n_per_row, bytes, 68));
  CHECK_FAILS(CHAKU_UNSUPPORTED, chaku_quantize(99, values, 64, nullptr, 0, bytes, 68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dequantize(kQ8_0, bytes, 69, values, 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dequantize(kQ8_0, bytes, INT64_MIN, values, INT64_MIN));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dequantize(kQ8_0, nullptr, 68, values, 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dequantize(kQ8_0, bytes, 68, nullptr, 64));
  CHECK_FAILS(CHAKU_UNSUPPORTED, chaku_dequantize(-1, bytes, 68, values, 64));
}
