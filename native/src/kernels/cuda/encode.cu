// Rows written into a cache of keys and values: floats as they are, rounded, or in blocks of 32 with one scale; a
// block, or 32 elements, a thread.
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/rows.h"

namespace chaku::cuda {
namespace {

constexpr int kBlock = 32;

CHAKU_DEVICE uint16_t float_to_half(float x) {
#ifdef __CUDACC__
  uint16_t bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return bits;
#else
  return f32_to_f16(x);
#endif
}

CHAKU_DEVICE uint16_t float_to_bf16(float x) { return static_cast<uint16_t>(pack_bf16(x, 0.0f)); }

// As the codec: d = max |x| / 127, codes rounded half away from zero; NaN is 0 and the rest within the range of halves.
CHAKU_DEVICE void encode_q8_0(const float* x, uint8_t* block) {
  const auto held = [&](int i) { return x[i] == x[i] ? fmaxf(-65504.0f, fminf(65504.0f, x[i])) : 0.0f; };
  float largest = 0.0f;
  CHAKU_UNROLL
  for (int i = 0; i < kBlock; ++i) largest = fmaxf(largest, fabsf(held(i)));
  const float d = largest / 127.0f, inverse = d > 0.0f ? 1.0f / d : 0.0f;
  *reinterpret_cast<uint16_t*>(block) = float_to_half(d);
  CHAKU_UNROLL
  for (int i = 0; i < kBlock; ++i) {
    const float code = fmaxf(-127.0f, fminf(127.0f, roundf(held(i) * inverse)));
    block[2 + i] = static_cast<uint8_t>(static_cast<int>(code));
  }
}

template <DType kType>
struct Encode {
  EncodeRowsProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t parts = (p.width + kBlock - 1) / kBlock, m = i / parts, first = i % parts * kBlock;
    const int64_t row = p.ids != nullptr ? p.ids[m] : m, at = row * p.width + first;
    const float* x = p.x + m * p.width + first;
    if constexpr (kType == DType::kQ8_0) {
      encode_q8_0(x, static_cast<uint8_t*>(p.y) + at / kBlock * 34);
    } else {
      for (int j = 0; j < kBlock && first + j < p.width; ++j) {
        if constexpr (kType == DType::kF32) static_cast<float*>(p.y)[at + j] = x[j];
        if constexpr (kType == DType::kF16) static_cast<uint16_t*>(p.y)[at + j] = float_to_half(x[j]);
        if constexpr (kType == DType::kBF16) static_cast<uint16_t*>(p.y)[at + j] = float_to_bf16(x[j]);
      }
    }
  }
};

}  // namespace

void encode_rows(const EncodeRowsProblem& p, Queue& queue) noexcept {
  const int64_t n = p.m * ceil_div(p.width, kBlock);
  switch (p.dtype) {
    case DType::kF32: return for_each(queue, n, Encode<DType::kF32>{p});
    case DType::kF16: return for_each(queue, n, Encode<DType::kF16>{p});
    case DType::kBF16: return for_each(queue, n, Encode<DType::kBF16>{p});
    case DType::kQ8_0: return for_each(queue, n, Encode<DType::kQ8_0>{p});
    default: return cuda_queue(queue).note("encode_rows: expected F32, F16, BF16 or Q8_0");
  }
}

}  // namespace chaku::cuda
