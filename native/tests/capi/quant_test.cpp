#include "capi/support.h"

using namespace chaku::test;

namespace {
constexpr int32_t kF32 = 0, kQ8_0 = 8, kQ4_K = 12;
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
  CHECK_OK(chaku_quantize(kQ8_0, values, 64, bytes, 68));
  CHECK_OK(chaku_dequantize(kQ8_0, bytes, 68, decoded, 64));
  CHECK_CLOSE(decoded, values, 64, 0.02, 0.0);
  CHECK_OK(chaku_quantize(kQ8_0, nullptr, 0, nullptr, 0));
  CHECK_OK(chaku_dequantize(kQ8_0, nullptr, 0, nullptr, 0));
}

TEST(misuse) {
  float values[64] = {};
  unsigned char bytes[68] = {};
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, values, 63, bytes, 68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, values, 64, bytes, 67));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, values, -64, bytes, -68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kF32, values, INT64_MAX, bytes, 68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, nullptr, 64, bytes, 68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_quantize(kQ8_0, values, 64, nullptr, 68));
  CHECK_FAILS(CHAKU_UNSUPPORTED, chaku_quantize(99, values, 64, bytes, 68));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dequantize(kQ8_0, bytes, 69, values, 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dequantize(kQ8_0, bytes, INT64_MIN, values, INT64_MIN));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dequantize(kQ8_0, nullptr, 68, values, 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_dequantize(kQ8_0, bytes, 68, nullptr, 64));
  CHECK_FAILS(CHAKU_UNSUPPORTED, chaku_dequantize(-1, bytes, 68, values, 64));
}
