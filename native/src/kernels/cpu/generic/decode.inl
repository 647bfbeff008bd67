// Ranges of weight rows as float32, in vectors where the format has a decoder here, else by the scalar codec.
#pragma once

#include "kernels/cpu/generic/formats.h"
#include "kernels/matmul.h"
#include "quant/codec.h"

namespace chaku::CHAKU_ISA {

// Applies X(dtype, decoder) to every format with a decoder of its own.
#define CHAKU_VECTOR_FORMATS(X) \
  X(kF32, FormatF32)            \
  X(kF16, FormatF16)            \
  X(kBF16, FormatBF16)          \
  X(kQ4_0, FormatQ4_0)          \
  X(kQ4_1, FormatQ4_1)          \
  X(kQ5_0, FormatQ5_0)          \
  X(kQ5_1, FormatQ5_1)          \
  X(kQ8_0, FormatQ8_0)          \
  X(kQ4_K, FormatQ4_K)          \
  X(kQ5_K, FormatQ5_K)          \
  X(kQ6_K, FormatQ6_K)          \
  X(kIQ4_NL, FormatIQ4_NL)

// What a loop over a row advances by: a block, or a granule of a format whose block is one element.
template <class Format>
constexpr int kStep = Format::kBlock > Format::kGranule ? Format::kBlock : Format::kGranule;
template <class Format>
constexpr int kStepBytes = kStep<Format> / Format::kBlock * Format::kBytes;
template <class Format>
constexpr int kGranuleVectors = Format::kGranule / kLanes;

// The largest step of any vector format: ranges that start at a multiple of it start a block.
constexpr int64_t kRangeAlignment = 256;

// A partial step, zero-padded: only formats of single elements have one.
template <class Format>
struct Tail {
  uint8_t bytes[kStepBytes<Format>] = {};
  CHAKU_INLINE Tail copy(const uint8_t* p, int64_t count) {
    Tail t;
    __builtin_memcpy(t.bytes, p, static_cast<size_t>(count * Format::kBytes));
    return t;
  }
};

// Decodes row elements [k, k + count); k is a multiple of kRangeAlignment and count ends a block. dst has room for
// count rounded up to 16, and the surplus is zeroed.
using DecodeRange = void (*)(DType dtype, const uint8_t* row, int64_t k, int64_t count, float* dst);

template <class Format>
static void decode_range(DType, const uint8_t* row, int64_t k, int64_t count, float* dst) {
  constexpr int kVectors = kGranuleVectors<Format>;
  const uint8_t* p = row + k / Format::kBlock * Format::kBytes;
  const auto step = [](const uint8_t* block, float* out) {
    const auto header = Format::header(block);
    for (int g = 0; g < kStep<Format> / Format::kGranule; ++g) {
      F v[kVectors];
      Format::decode(block, header, g, v);
      for (int i = 0; i < kVectors; ++i) store(out + g * Format::kGranule + i * kLanes, v[i]);
    }
  };
  int64_t done = 0;
  for (; done + kStep<Format> <= count; done += kStep<Format>, p += kStepBytes<Format>) step(p, dst + done);
  if (done < count) step(Tail<Format>::copy(p, count - done).bytes, dst + done);
}

static void decode_range_scalar(DType dtype, const uint8_t* row, int64_t k, int64_t count, float* dst) {
  const DTypeInfo& info = dtype_info(dtype);
  dequantize(dtype, row + k / info.block_elements * info.block_bytes, dst, count);
}

static DecodeRange find_decoder(DType dtype) {
  switch (dtype) {
#define CHAKU_CASE(id, Format) \
  case DType::id: return decode_range<Format>;
    CHAKU_VECTOR_FORMATS(CHAKU_CASE)
#undef CHAKU_CASE
    default: return decode_range_scalar;
  }
}

// A weight with its decoder and row length resolved.
struct Rows {
  const uint8_t* data;
  int64_t rows, stride_bytes;
  int64_t block_elements, block_bytes;
  DType dtype;
  DecodeRange decode;

  CHAKU_INLINE Rows of(const Matrix& w) {
    const DTypeInfo& info = dtype_info(w.dtype);
    return {static_cast<const uint8_t*>(w.data),
            w.rows,
            w.columns / info.block_elements * info.block_bytes,
            info.block_elements,
            info.block_bytes,
            w.dtype,
            find_decoder(w.dtype)};
  }
  void range(int64_t row, int64_t k, int64_t count, float* dst) const {
    decode(dtype, data + row * stride_bytes, k, count, dst);
  }
  // Asks for the bytes of a range that is decoded soon: a panel takes a few cache lines of each row, and no hardware
  // prefetcher sees through that.
  void prefetch(int64_t row, int64_t k, int64_t count) const {
    const uint8_t* from = data + row * stride_bytes + k / block_elements * block_bytes;
    const uint8_t* to = from + count / block_elements * block_bytes;
    for (const uint8_t* line = from; line < to + 63; line += 64) __builtin_prefetch(line);
  }
};

}  // namespace chaku::CHAKU_ISA
