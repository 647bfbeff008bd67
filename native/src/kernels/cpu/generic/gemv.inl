// Products with few tokens (decoding): each weight is read once, decoded in registers and multiplied there, so that
// memory bandwidth is the limit.
#pragma once

#include "base/thread_pool.h"
#include "kernels/cpu/generic/decode.inl"

namespace chaku::CHAKU_ISA {

constexpr int64_t kMostGemvTokens = 8;
constexpr int kGemvTokens = 4;  // that share one decoding in registers
constexpr int64_t kPrefetchBytes = 8192;  // ahead of use: hardware prefetching stops at the ends of pages

// Weight rows that share the loads of x, as far as registers reach. A single token needs none of that: rows are then
// taken one by one, so that memory is read in one sequential stream.
template <class Format, int kTokens>
constexpr int kGemvRows = kTokens == 1 ? 1 : kLanes == 16 ? 4 : Format::kBlock <= 32 ? 2 : 1;

// Dot products of kRows weight rows with kTokens rows of x, each [k]. Steps in turn go to different sums where there
// are few of them, so that their additions overlap.
template <class Format, int kRows, int kTokens>
CHAKU_INLINE void dot_rows(const uint8_t* row, int64_t row_stride, const float* x, int64_t x_stride, int64_t k,
                           float (&dots)[kRows][kTokens]) {
  constexpr int kVectors = kGranuleVectors<Format>;
  constexpr int kChains = kRows * kTokens >= 4 ? 1 : kRows * kTokens >= 2 ? 2 : 4;
  const int64_t ahead = kRows == 1 ? kPrefetchBytes : kRows * row_stride;  // several rows: those of the next group
  F sums[kChains][kRows][kTokens];
  for (int c = 0; c < kChains; ++c)
    for (int r = 0; r < kRows; ++r)
      for (int t = 0; t < kTokens; ++t) sums[c][r][t] = zero();
  const auto step = [&](int64_t s, int chain) __attribute__((always_inline)) {
    const uint8_t* block = row + s * kStepBytes<Format>;
    const float* at = x + s * kStep<Format>;
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const uint8_t* here = block + r * row_stride;
      for (int line = 0; line < kStepBytes<Format>; line += 64) __builtin_prefetch(here + ahead + line);
      const auto header = Format::header(here);
#pragma GCC unroll 8
      for (int g = 0; g < kStep<Format> / Format::kGranule; ++g) {
        F w[kVectors];
        Format::decode(here, header, g, w);
        for (int v = 0; v < kVectors; ++v)
          for (int t = 0; t < kTokens; ++t) {
            F& sum = sums[(chain + (kVectors > 1 ? v : g)) % kChains][r][t];
            sum = fma(w[v], load(at + t * x_stride + g * Format::kGranule + v * kLanes), sum);
          }
      }
    }
  };
  const int64_t n_steps = k / kStep<Format>;
  int64_t s = 0;
  for (; s + 2 <= n_steps; s += 2) {
    step(s, 0);
    step(s + 1, kChains / 2);
  }
  if (s < n_steps) step(s, 0);
  const int64_t rest = k - n_steps * kStep<Format>;
  for (int r = 0; r < kRows && rest > 0; ++r) {
    const auto tail = Tail<Format>::copy(row + r * row_stride + n_steps * kStepBytes<Format>, rest);
    F w[kVectors];
    Format::decode(tail.bytes, Format::header(tail.bytes), 0, w);
    for (int t = 0; t < kTokens; ++t)
      for (int v = 0; v < kVectors; ++v) {
        const F at = load_n(x + t * x_stride + k - rest + v * kLanes, max(rest - v * kLanes, 0));
        sums[0][r][t] = fma(w[v], at, sums[0][r][t]);
      }
  }
  for (int r = 0; r < kRows; ++r)
    for (int t = 0; t < kTokens; ++t) {
      F total = sums[0][r][t];
      for (int c = 1; c < kChains; ++c) total = total + sums[c][r][t];
      dots[r][t] = sum(total);
    }
}

CHAKU_INLINE void put(const MatmulProblem& p, int64_t m, int64_t n, float dot) {
  float& y = p.y[m * p.y_stride + n];
  const float base = (p.accumulate ? y : 0.0f) + (p.bias != nullptr ? p.bias[n] : 0.0f);
  y = __builtin_fmaf(dot, p.scale, base);
}

// Rows [begin, end) of the weight against tokens [m, m + kTokens).
template <class Format, int kTokens>
static void gemv_rows(const MatmulProblem& p, const Rows& rows, int64_t m, int64_t begin, int64_t end) {
  constexpr int kRows = kGemvRows<Format, kTokens>;
  const float* x = p.x + m * p.x_stride;
  int64_t n = begin;
  for (; n + kRows <= end; n += kRows) {
    float dots[kRows][kTokens];
    dot_rows<Format, kRows>(rows.data + n * rows.stride_bytes, rows.stride_bytes, x, p.x_stride, p.w.columns, dots);
    for (int r = 0; r < kRows; ++r)
      for (int t = 0; t < kTokens; ++t) put(p, m + t, n + r, dots[r][t]);
  }
  for (; n < end; ++n) {
    float dots[1][kTokens];
    dot_rows<Format, 1>(rows.data + n * rows.stride_bytes, 0, x, p.x_stride, p.w.columns, dots);
    for (int t = 0; t < kTokens; ++t) put(p, m + t, n, dots[0][t]);
  }
}

template <class Format>
static void gemv_chunk(const MatmulProblem& p, const Rows& rows, int64_t begin, int64_t end, float*) {
  for (int64_t m = 0; m < p.m; m += kGemvTokens) switch (min(p.m - m, kGemvTokens)) {
      case 1: gemv_rows<Format, 1>(p, rows, m, begin, end); break;
      case 2: gemv_rows<Format, 2>(p, rows, m, begin, end); break;
      case 3: gemv_rows<Format, 3>(p, rows, m, begin, end); break;
      default: gemv_rows<Format, 4>(p, rows, m, begin, end); break;
    }
}

// The formats without a vector decoder: a range of a row is decoded into scratch and multiplied from there.
static void gemv_chunk_scalar(const MatmulProblem& p, const Rows& rows, int64_t begin, int64_t end, float* scratch) {
  constexpr int64_t kRange = 16 * kRangeAlignment;
  for (int64_t n = begin; n < end; ++n) {
    float dots[kMostGemvTokens] = {};
    for (int64_t k = 0; k < p.w.columns; k += kRange) {
      const int64_t count = min(kRange, p.w.columns - k);
      rows.range(n, k, count, scratch);
      for (int64_t m = 0; m < p.m; ++m) {
        float dot[1][1];
        dot_rows<FormatF32, 1>(reinterpret_cast<const uint8_t*>(scratch), 0, p.x + m * p.x_stride + k, 0, count, dot);
        dots[m] += dot[0][0];
      }
    }
    for (int64_t m = 0; m < p.m; ++m) put(p, m, n, dots[m]);
  }
}

using GemvChunk = void (*)(const MatmulProblem&, const Rows&, int64_t begin, int64_t end, float* scratch);

static GemvChunk find_gemv(DType dtype) {
  switch (dtype) {
#define CHAKU_CASE(id, Format) \
  case DType::id: return gemv_chunk<Format>;
    CHAKU_VECTOR_FORMATS(CHAKU_CASE)
#undef CHAKU_CASE
    default: return gemv_chunk_scalar;
  }
}

static void gemv(const MatmulProblem& p, ThreadPool& pool) {
  constexpr int64_t kChunkBytes = 64 << 10;  // a few microseconds of memory traffic
  const Rows rows = Rows::of(p.w);
  const GemvChunk chunk = find_gemv(p.w.dtype);
  const int64_t grain = round_up(max(kChunkBytes / rows.stride_bytes, 1), 4);
  pool.parallel_for(p.w.rows, grain, [&](int64_t begin, int64_t end, int thread) {
    chunk(p, rows, begin, end, reinterpret_cast<float*>(pool.scratch(thread)));
  });
}

}  // namespace chaku::CHAKU_ISA
