// Operands of attention in bfloat16, as vdpbf16ps and tiles read them: rows of pairs on the left, and on the right
// panels of pairs, panel[pair][column][2]. Rounded to nearest even once, denormals to zero; the depth is padded with
// zeros to whole steps of a tile. What multiplies them is the path's own.
#pragma once

#include "kernels/cpu/generic/attention_operands.inl"
#include "kernels/cpu/generic/bf16.h"

namespace chaku::CHAKU_ISA {

struct Bf16Operands {
  using Element = Bf16;
  static constexpr int64_t kStep = 32;  // of the depth

  CHAKU_INLINE int64_t depth(int64_t n) { return round_up(n, kStep); }

  CHAKU_INLINE I round_step(const float* from, int64_t n) {
    return round_pair(load_n(from, n), n > kLanes ? load_n(from + kLanes, n - kLanes) : zero());
  }

  CHAKU_INLINE void pack_row(const float* from, int64_t n, Bf16* to) {
    int64_t d = 0;
    for (; d + kStep <= n; d += kStep) _mm512_storeu_si512(to + d, round_pair(load(from + d), load(from + d + kLanes)));
    if (d < n) _mm512_storeu_si512(to + d, round_step(from + d, n - d));
  }

  template <int kVectors>
  CHAKU_INLINE void store_row(const F (&row)[kVectors], Bf16* to) {
    for (int v = 0; v < kVectors; v += 2) {
      const F second = v + 1 < kVectors ? row[v + 1] : zero();
      _mm512_storeu_si512(to + v * kLanes, round_pair(row[v], second));
    }
  }

  template <int kVectors>
  CHAKU_INLINE void store_pair(const F (&row0)[kVectors], const F (&row1)[kVectors], int64_t r, Bf16* panels,
                               int64_t room) {
    for (int v = 0; v < kVectors; ++v) {
      Bf16* to = panels + ((v / kTileVectors * room + r) * kPanelColumns / 2 + v % kTileVectors * kLanes) * 2;
      _mm512_storeu_si512(to, interleave(row0[v], row1[v]));
    }
  }

  // 32 rows by 32 columns at a time: pairs of rows are interleaved, and those transposed as 32-bit words.
  static void transpose_rows(const Bf16* from, int64_t pitch, int64_t rows, int64_t columns, Bf16* to,
                             int64_t to_pitch) {
    alignas(64) static constexpr uint16_t kOrder[64] = {0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                                        8,  40, 9,  41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47,
                                                        16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55,
                                                        24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63};
    const I low = _mm512_load_si512(kOrder), high = _mm512_load_si512(kOrder + 32);
    for (int64_t r = 0; r < rows; r += kStep)
      for (int64_t c = 0; c < columns; c += kStep) {
        F first[kLanes], second[kLanes];  // columns c .. c + 15, and the 16 behind them
        for (int64_t i = 0; i < kLanes; ++i) {
          const Bf16* at = from + (r + 2 * i) * pitch + c;
          const I even = r + 2 * i < rows ? _mm512_loadu_si512(at) : _mm512_setzero_si512();
          const I odd = r + 2 * i + 1 < rows ? _mm512_loadu_si512(at + pitch) : _mm512_setzero_si512();
          first[i] = _mm512_castsi512_ps(_mm512_permutex2var_epi16(even, low, odd));
          second[i] = _mm512_castsi512_ps(_mm512_permutex2var_epi16(even, high, odd));
        }
        transpose(first);
        transpose(second);
        for (int64_t i = 0; i < kLanes; ++i) {
          _mm512_storeu_ps(to + (c + i) * to_pitch + r, first[i]);
          _mm512_storeu_ps(to + (c + kLanes + i) * to_pitch + r, second[i]);
        }
      }
  }

  // Sixteen rows at a time are rounded, and their pairs transposed as 32-bit words.
  static void pack_transposed(const float* from, int64_t stride, int64_t rows, int64_t columns, Bf16* panels) {
    const int64_t room = depth(columns);
    for (int64_t r = 0; r < rows; r += kLanes) {
      Bf16* panel = panels + (r / kPanelColumns * room / 2 * kPanelColumns + r % kPanelColumns) * 2;
      for (int64_t d = 0; d < columns; d += kStep) {
        const float* at = from + r * stride + d;
        const bool whole = rows - r >= kLanes && columns - d >= kStep;
        I rounded[kLanes];  // in memory: sixteen addresses are more than there are registers
        for (int i = 0; i < kLanes; ++i, at += stride) {
          if (whole)
            rounded[i] = round_pair(load(at), load(at + kLanes));
          else
            rounded[i] = r + i < rows ? round_step(at, columns - d) : _mm512_setzero_si512();
        }
        F tile[kLanes];
#pragma GCC unroll 16
        for (int i = 0; i < kLanes; ++i) tile[i] = _mm512_castsi512_ps(rounded[i]);
        transpose(tile);
#pragma GCC unroll 16
        for (int i = 0; i < kLanes; ++i) _mm512_storeu_ps(panel + (d / 2 + i) * kPanelColumns * 2, tile[i]);
      }
    }
  }

  // A pair of rows at a time is interleaved.
  static void pack_straight(const float* from, int64_t stride, int64_t rows, int64_t columns, Bf16* panels,
                            int64_t room) {
    for (int64_t r = 0; r < depth(rows); r += 2)
      for (int64_t c = 0; c < columns; c += kLanes) {
        const float* at = from + r * stride + c;
        const F first = r < rows ? load_n(at, columns - c) : zero();
        const F second = r + 1 < rows ? load_n(at + stride, columns - c) : zero();
        Bf16* panel = panels + c / kPanelColumns * room * kPanelColumns;
        _mm512_storeu_si512(panel + (r / 2 * kPanelColumns + c % kPanelColumns) * 2, interleave(first, second));
      }
  }
};

}  // namespace chaku::CHAKU_ISA
