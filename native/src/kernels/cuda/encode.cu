// Rows in another format, as quant/codec.h encodes: caches of keys and values, and weights that an adapter is merged
// into. A block, or 32 elements, a thread.
#include <algorithm>

#include "kernels/cuda/codec.cuh"
#include "kernels/cuda/decode.cuh"
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/encode.cuh"
#include "kernels/cuda/formats.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/rows.h"
#include "quant/codec.h"

namespace chaku::cuda {
namespace {

constexpr int kPlain = 32;  // elements of a format without blocks that a thread takes

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

// ---- formats without a search ---------------------------------------------------------------------------------------

// As the codec without importance: d = max |x| / 127, codes rounded half away from zero.
CHAKU_DEVICE void encode_q8_0(const float* x, uint8_t* block) {
  float largest = 0.0f;
  CHAKU_UNROLL
  for (int i = 0; i < kSimpleBlock; ++i) largest = fmaxf(largest, fabsf(representable(x[i])));
  const float d = largest / 127.0f, inverse = d > 0.0f ? 1.0f / d : 0.0f;
  *reinterpret_cast<uint16_t*>(block) = float_to_half(d);
  CHAKU_UNROLL
  for (int i = 0; i < kSimpleBlock; ++i) {
    const float code = fmaxf(-127.0f, fminf(127.0f, roundf(representable(x[i]) * inverse)));
    block[2 + i] = static_cast<uint8_t>(static_cast<int>(code));
  }
}

template <DType kType>
struct Encode {
  EncodeRowsProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t parts = (p.width + kPlain - 1) / kPlain, m = i / parts, first = i % parts * kPlain;
    const int64_t row = p.ids != nullptr ? p.ids[m] : m, at = row * p.width + first;
    const float* x = p.x + m * p.width + first;
    if constexpr (kType == DType::kQ8_0) {
      encode_q8_0(x, static_cast<uint8_t*>(p.y) + at / kPlain * 34);
    } else {
      for (int j = 0; j < kPlain && first + j < p.width; ++j) {
        if constexpr (kType == DType::kF32) static_cast<float*>(p.y)[at + j] = x[j];
        if constexpr (kType == DType::kF16) static_cast<uint16_t*>(p.y)[at + j] = float_to_half(x[j]);
        if constexpr (kType == DType::kBF16) static_cast<uint16_t*>(p.y)[at + j] = float_to_bf16(x[j]);
      }
    }
  }
};

template <DType kType>
void encode_simply(const EncodeRowsProblem& p, Queue& queue) noexcept {
  for_each(queue, p.m * ceil_div(p.width, kPlain), Encode<kType>{p});
}

bool encodes_simply(const EncodeRowsProblem& p) noexcept {
  return p.dtype == DType::kF32 || p.dtype == DType::kF16 || p.dtype == DType::kBF16 ||
         (p.dtype == DType::kQ8_0 && p.importance == nullptr);
}

void encode_simply(const EncodeRowsProblem& p, Queue& queue) noexcept {
  switch (p.dtype) {
    case DType::kF32: return encode_simply<DType::kF32>(p, queue);
    case DType::kF16: return encode_simply<DType::kF16>(p, queue);
    case DType::kBF16: return encode_simply<DType::kBF16>(p, queue);
    default: return encode_simply<DType::kQ8_0>(p, queue);
  }
}

// ---- formats that are searched for ----------------------------------------------------------------------------------

struct Prepare {
  const float* x;
  float* y;
  CHAKU_DEVICE void operator()(int64_t i) const { y[i] = representable(x[i]); }
};

struct Weigh {
  const float* importance;  // or null
  float* y;
  CHAKU_DEVICE void operator()(int64_t i) const { y[i] = importance != nullptr ? usable_weight(importance[i]) : 1.0f; }
};

template <class GridOf>
struct Search {
  const float *x, *weights, *ones;
  bool weighted;
  int64_t k;
  const int32_t* ids;
  const bool* wanted;
  uint8_t* y;
  Effort effort;
  CHAKU_DEVICE void operator()(int64_t i) const {
    using Block = typename GridOf::Block;
    const int64_t blocks = k / Block::kElements, m = i / blocks, at = i % blocks;
    if (wanted != nullptr && !wanted[m]) return;
    const float* of_block = weights + at * Block::kElements;
    bool any = false;
    for (int j = 0; j < Block::kElements; ++j) any |= weighted && of_block[j] > 0;
    Block& block = reinterpret_cast<Block*>(y)[(ids != nullptr ? ids[m] : m) * blocks + at];
    encode_any(x + m * k + at * Block::kElements, any ? of_block : ones, any, effort, block);
  }
};

}  // namespace

ColumnWeights::ColumnWeights(const float* importance, int64_t k, Scratch& scratch, Queue& queue)
    : columns(scratch.take<float>(k)), ones(scratch.take<float>(kSuperBlock)), given(importance != nullptr) {
  for_each(queue, k, Weigh{importance, columns});
  for_each(queue, kSuperBlock, Weigh{nullptr, ones});
}

void prepare_rows(const float* x, float* y, int64_t n, Queue& queue) noexcept { for_each(queue, n, Prepare{x, y}); }

void search_rows(const SearchedRows& rows, Queue& queue) noexcept {
  for_grid(rows.dtype, [&]<DType, class GridOf>() {
    for_each_long(queue, rows.m * (rows.k / GridOf::kElements),
                  Search<GridOf>{rows.x, rows.weights.columns, rows.weights.ones, rows.weights.given, rows.k, rows.ids,
                                 rows.wanted, rows.y, rows.effort});
  });
}

void encode_rows(const EncodeRowsProblem& p, Queue& queue) noexcept {
  if (encodes_simply(p)) return encode_simply(p, queue);
  if (!can_quantize(p.dtype)) return cuda_queue(queue).note("encode_rows: expected a format that can be encoded");
  Scratch scratch(queue);
  const ColumnWeights weights(p.importance, p.width, scratch, queue);
  const int64_t fits = scratch.rows(p.width * int64_t{sizeof(float)}, p.m);
  if (fits == 0 && p.m > 0) return cuda_queue(queue).note("encode_rows: a row exceeds the scratch memory");
  float* x = scratch.take<float>(fits * p.width);
  const int64_t n_bytes = row_bytes(p.dtype, p.width);
  for (int64_t at = 0; at < p.m; at += fits) {
    const int64_t m = std::min(fits, p.m - at);
    prepare_rows(p.x + at * p.width, x, m * p.width, queue);
    uint8_t* y = static_cast<uint8_t*>(p.y) + (p.ids != nullptr ? 0 : at * n_bytes);
    search_rows({x, weights, m, p.width, p.dtype, Effort::kFull, p.ids != nullptr ? p.ids + at : nullptr, nullptr, y},
                queue);
  }
}

// ---- merging of low-rank products -----------------------------------------------------------------------------------

namespace {

struct AddScaled {
  MergeRowsProblem p;
  int64_t first;
  float* x;
  bool held;  // within what blocks can hold
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t k = p.w.columns, row = first + i / k, column = i % k;
    double sum = x[i];
    for (int64_t r = 0; r < p.rank; ++r)
      sum += static_cast<double>(p.scale) * p.b[row * p.rank + r] * p.a[r * k + column];
    const float value = static_cast<float>(sum);
    x[i] = held ? representable(value) : value;
  }
};

// Which rows something is added to; the others keep their blocks where the format is the same.
struct Changed {
  MergeRowsProblem p;
  int64_t first;
  bool* changed;
  CHAKU_DEVICE void operator()(int64_t i) const {
    bool any = p.dtype != p.w.dtype;
    for (int64_t r = 0; r < p.rank && !any; ++r) any = p.b[(first + i) * p.rank + r] != 0.0f;
    changed[i] = any;
  }
};

// Rows of bytes that are kept as they are.
struct Keep {
  const uint8_t* from;
  uint8_t* to;
  int64_t n_bytes;
  const bool* changed;
  CHAKU_DEVICE void operator()(int64_t i) const {
    if (!changed[i / n_bytes]) to[i] = from[i];
  }
};

}  // namespace

void merge_rows(const MergeRowsProblem& p, Queue& queue) noexcept {
  CudaQueue& q = cuda_queue(queue);
  const int64_t k = p.w.columns, n_bytes = row_bytes(p.dtype, k);
  const bool blocks = p.dtype != DType::kF32 && p.dtype != DType::kF16 && p.dtype != DType::kBF16;
  Scratch scratch(queue);
  const ColumnWeights weights(nullptr, k, scratch, queue);
  const int64_t fits = scratch.rows(k * int64_t{sizeof(float)} + 1, p.w.rows);
  if (fits == 0 && p.w.rows > 0) return q.note("merge_rows: a row exceeds the scratch memory");
  bool* changed = scratch.take<bool>(fits);
  float* x = scratch.take<float>(fits * k);
  for (int64_t first = 0; first < p.w.rows; first += fits) {
    const int64_t n = std::min(fits, p.w.rows - first);
    uint8_t* y = static_cast<uint8_t*>(p.y) + first * n_bytes;
    for_each_long(queue, n, Changed{p, first, changed});
    decode_to({p.w, first, n, nullptr, 1.0f, k}, x, queue);
    for_each(queue, n * k, AddScaled{p, first, x, blocks});
    const EncodeRowsProblem rows{x, p.dtype, y, n, k};
    if (encodes_simply(rows))
      encode_simply(rows, queue);
    else
      search_rows({x, weights, n, k, p.dtype, Effort::kFull, nullptr, changed, y}, queue);
    if (p.dtype == p.w.dtype)
      for_each(queue, n * n_bytes,
               Keep{static_cast<const uint8_t*>(p.w.data) + first * p.w.stride_bytes(), y, n_bytes, changed});
  }
}

}  // namespace chaku::cuda
