// Dispatch over formats. Blocks are packed structs without alignment, so a row is read in place.
#include "quant/codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "quant/codec_families.h"
#include "quant/quick_codec.h"

namespace chaku {
namespace {

template <float (*kConvert)(uint16_t)>
void decode_words(const void* src, float* dst, int64_t n) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(src);
  for (int64_t i = 0; i < n; ++i) {
    uint16_t word;
    std::memcpy(&word, bytes + 2 * i, sizeof word);
    dst[i] = kConvert(word);
  }
}

template <uint16_t (*kConvert)(float)>
void encode_words(const float* src, void* dst, int64_t n) noexcept {
  auto* bytes = static_cast<unsigned char*>(dst);
  for (int64_t i = 0; i < n; ++i) {
    const uint16_t word = kConvert(src[i]);
    std::memcpy(bytes + 2 * i, &word, sizeof word);
  }
}

template <class Block>
void decode_blocks(const void* src, float* dst, int64_t n) noexcept {
  const auto* blocks = static_cast<const Block*>(src);
  for (int64_t b = 0; b < n / Block::kElements; ++b) decode(blocks[b], dst + b * Block::kElements);
}

template <class Block>
void encode_blocks(const float* src, void* dst, int64_t n, const float* importance,
                   Effort effort = Effort::kFull) noexcept {
  auto* blocks = static_cast<Block*>(dst);
  float x[Block::kElements], weight[Block::kElements];
  for (int64_t b = 0; b < n / Block::kElements; ++b) {
    const int64_t at = b * Block::kElements;
    std::transform(src + at, src + at + Block::kElements, x, representable);
    bool weighted = false;  // a block without any importance is treated as if none were given
    if (importance != nullptr) {
      std::transform(importance + at, importance + at + Block::kElements, weight, usable_weight);
      weighted = std::any_of(weight, weight + Block::kElements, [](float w) { return w > 0; });
    }
    if (!weighted) std::fill_n(weight, Block::kElements, 1.0f);
    encode_any(x, weight, weighted, effort, blocks[b]);
  }
}

}  // namespace

void dequantize(DType dtype, const void* src, float* dst, int64_t n) noexcept {
  switch (dtype) {
    case DType::kF32: std::memcpy(dst, src, static_cast<size_t>(n) * sizeof(float)); return;
    case DType::kF16: return decode_words<f16_to_f32>(src, dst, n);
    case DType::kBF16: return decode_words<bf16_to_f32>(src, dst, n);
    case DType::kQ4_0: return decode_blocks<BlockQ4_0>(src, dst, n);
    case DType::kQ4_1: return decode_blocks<BlockQ4_1>(src, dst, n);
    case DType::kQ5_0: return decode_blocks<BlockQ5_0>(src, dst, n);
    case DType::kQ5_1: return decode_blocks<BlockQ5_1>(src, dst, n);
    case DType::kQ8_0: return decode_blocks<BlockQ8_0>(src, dst, n);
    case DType::kQ2_K: return decode_blocks<BlockQ2_K>(src, dst, n);
    case DType::kQ3_K: return decode_blocks<BlockQ3_K>(src, dst, n);
    case DType::kQ4_K: return decode_blocks<BlockQ4_K>(src, dst, n);
    case DType::kQ5_K: return decode_blocks<BlockQ5_K>(src, dst, n);
    case DType::kQ6_K: return decode_blocks<BlockQ6_K>(src, dst, n);
    case DType::kIQ1_S: return decode_blocks<BlockIQ1_S>(src, dst, n);
    case DType::kIQ1_M: return decode_blocks<BlockIQ1_M>(src, dst, n);
    case DType::kIQ2_XXS: return decode_blocks<BlockIQ2_XXS>(src, dst, n);
    case DType::kIQ2_XS: return decode_blocks<BlockIQ2_XS>(src, dst, n);
    case DType::kIQ2_S: return decode_blocks<BlockIQ2_S>(src, dst, n);
    case DType::kIQ3_XXS: return decode_blocks<BlockIQ3_XXS>(src, dst, n);
    case DType::kIQ3_S: return decode_blocks<BlockIQ3_S>(src, dst, n);
    case DType::kIQ4_NL: return decode_blocks<BlockIQ4_NL>(src, dst, n);
    case DType::kIQ4_XS: return decode_blocks<BlockIQ4_XS>(src, dst, n);
    case DType::kTQ1_0: return decode_blocks<BlockTQ1_0>(src, dst, n);
    case DType::kTQ2_0: return decode_blocks<BlockTQ2_0>(src, dst, n);
    case DType::kMXFP4: return decode_blocks<BlockMXFP4>(src, dst, n);
    case DType::kNVFP4: return decode_blocks<BlockNVFP4>(src, dst, n);
  }
}

bool can_quantize(DType dtype) noexcept {
  switch (dtype) {
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ5_0:
    case DType::kQ5_1:
    case DType::kQ8_0:
    case DType::kQ2_K:
    case DType::kQ3_K:
    case DType::kQ4_K:
    case DType::kQ5_K:
    case DType::kQ6_K:
    case DType::kIQ4_NL:
    case DType::kIQ4_XS:
    case DType::kMXFP4: return true;
    default: return false;
  }
}

void quantize(DType dtype, const float* src, void* dst, int64_t n, const float* importance) noexcept {
  switch (dtype) {
    case DType::kF32: std::memcpy(dst, src, static_cast<size_t>(n) * sizeof(float)); return;
    case DType::kF16: return encode_words<f32_to_f16>(src, dst, n);
    case DType::kBF16: return encode_words<f32_to_bf16>(src, dst, n);
    case DType::kQ4_0: return encode_blocks<BlockQ4_0>(src, dst, n, importance);
    case DType::kQ4_1: return encode_blocks<BlockQ4_1>(src, dst, n, importance);
    case DType::kQ5_0: return encode_blocks<BlockQ5_0>(src, dst, n, importance);
    case DType::kQ5_1: return encode_blocks<BlockQ5_1>(src, dst, n, importance);
    case DType::kQ8_0: return encode_blocks<BlockQ8_0>(src, dst, n, importance);
    case DType::kQ2_K: return encode_blocks<BlockQ2_K>(src, dst, n, importance);
    case DType::kQ3_K: return encode_blocks<BlockQ3_K>(src, dst, n, importance);
    case DType::kQ4_K: return encode_blocks<BlockQ4_K>(src, dst, n, importance);
    case DType::kQ5_K: return encode_blocks<BlockQ5_K>(src, dst, n, importance);
    case DType::kQ6_K: return encode_blocks<BlockQ6_K>(src, dst, n, importance);
    case DType::kIQ4_NL: return encode_blocks<BlockIQ4_NL>(src, dst, n, importance);
    case DType::kIQ4_XS: return encode_blocks<BlockIQ4_XS>(src, dst, n, importance);
    case DType::kMXFP4: return encode_blocks<BlockMXFP4>(src, dst, n, importance);
    default: return;
  }
}

void quantize_quickly(DType dtype, const float* src, void* dst, int64_t n, const float* importance) noexcept {
  switch (dtype) {
    case DType::kQ2_K: return encode_blocks<BlockQ2_K>(src, dst, n, importance, Effort::kQuick);
    case DType::kQ3_K: return encode_blocks<BlockQ3_K>(src, dst, n, importance, Effort::kQuick);
    case DType::kQ4_K: return encode_blocks<BlockQ4_K>(src, dst, n, importance, Effort::kQuick);
    case DType::kQ5_K: return encode_blocks<BlockQ5_K>(src, dst, n, importance, Effort::kQuick);
    case DType::kQ6_K: return encode_blocks<BlockQ6_K>(src, dst, n, importance, Effort::kQuick);
    default: return quantize(dtype, src, dst, n, importance);
  }
}

}  // namespace chaku
