// A group of eight elements a thread; bound by memory.
#include <type_traits>

#include "kernels/cuda/decode.cuh"
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/formats.cuh"
#include "kernels/cuda/ops.h"

namespace chaku::cuda {
namespace {

CHAKU_DEVICE void store(float* y, const float (&v)[kGroup], int64_t n_left) {
  CHAKU_UNROLL
  for (int j = 0; j < kGroup; ++j) {
    if (j < n_left) y[j] = v[j];
  }
}

CHAKU_DEVICE void store(uint16_t* y, const float (&v)[kGroup], int64_t) {
  *reinterpret_cast<uint4*>(y) =
      uint4{pack_bf16(v[0], v[1]), pack_bf16(v[2], v[3]), pack_bf16(v[4], v[5]), pack_bf16(v[6], v[7])};
}

template <DType kType, class Out>
struct Decode {
  const uint8_t* w;
  int64_t row_bytes, columns, first;
  const int32_t* ids;
  float scale;
  Out* y;
  int64_t stride;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t groups = (columns + kGroup - 1) / kGroup, row = i / groups, group = i % groups;
    float out[kGroup];
    decode_group<kType, std::is_same_v<Out, float>>(w + (ids != nullptr ? ids[first + row] : first + row) * row_bytes,
                                                    group, columns, out);
    CHAKU_UNROLL
    for (int j = 0; j < kGroup; ++j) out[j] *= scale;
    store(y + row * stride + group * kGroup, out, columns - group * kGroup);
  }
};

struct Round {
  RoundTo p;
  uint16_t* y;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t groups = (p.columns + kGroup - 1) / kGroup, row = i / groups, group = i % groups;
    const float* x = p.x + (p.first + row) * p.x_stride + group * kGroup;
    float out[kGroup];
    CHAKU_UNROLL
    for (int j = 0; j < kGroup; ++j) out[j] = group * kGroup + j < p.columns ? p.scale * x[j] : 0.0f;
    store(y + row * p.stride + group * kGroup, out, kGroup);
  }
};

template <class Out>
void decode_any(const DecodeTo& rows, Out* y, Queue& queue) noexcept {
  const Matrix& w = rows.w;
  for_dtype(w.dtype, [&]<DType kType>() {
    const Decode<kType, Out> op{static_cast<const uint8_t*>(w.data),
                                w.stride_bytes(),
                                w.columns,
                                rows.first,
                                rows.ids,
                                rows.scale,
                                y,
                                rows.stride};
    for_each(queue, rows.n * ceil_div(w.columns, kGroup), op);
  });
}

}  // namespace

void decode_to(const DecodeTo& rows, float* y, Queue& queue) noexcept { decode_any(rows, y, queue); }
void decode_to(const DecodeTo& rows, uint16_t* y, Queue& queue) noexcept { decode_any(rows, y, queue); }
void round_to(const RoundTo& rows, uint16_t* y, Queue& queue) noexcept {
  for_each(queue, rows.m * ceil_div(rows.columns, kGroup), Round{rows, y});
}

void decode_rows(const DecodeRowsProblem& p, Queue& queue) noexcept {
  decode_to({p.w, 0, p.w.rows, nullptr, 1.0f, p.w.columns}, p.y, queue);
}

void gather(const GatherProblem& p, Queue& queue) noexcept {
  decode_to({p.w, 0, p.m, p.ids, p.scale, p.w.columns}, p.y, queue);
}

}  // namespace chaku::cuda
