// Dot products of weight rows in block formats with the digits of x. What depends on the instruction set is in
// <isa>/codes.h: how the codes, scales and offsets of a step come out of memory, and the sum of products of bytes.
//
// A format has kStep elements in kStepBytes bytes, the Order in which its codes come, and kResults vectors of int32
// lanes: those units of 64 codes whose lanes share their scales are summed together before they are scaled. A step is
// taken in kParts parts, each a vector wide: lanes [part, part + 1) * kLanes of sixteen.
#pragma once

#include "kernels/cpu/generic/decode.inl"
#include "kernels/cpu/generic/digits.h"

namespace chaku::CHAKU_ISA {

constexpr int kParts = 16 / kLanes;
constexpr int64_t kDigitPrefetch = 6144;  // bytes ahead: hardware prefetching stops at the ends of pages

// What one part of a step contributes, before x enters.
template <class Format>
struct Part {
  I codes[Format::kStep / kUnit];
  F scale[Format::kResults];  // of the lanes of each result
  F offset;                   // times the sums of the sixteen parts of the step; see kOffset
};

template <class Format>
constexpr DigitLayout kLayout = {Format::kOrder, Format::kStep};

// Tokens' digits and how they are reached.
struct DigitRows {
  const uint8_t* data;
  int64_t token_bytes, scale_bytes;
};

template <class Format, int kTokens>
struct DotSums {
  F products[kTokens], offsets[kTokens];

  void clear() {
    for (int t = 0; t < kTokens; ++t) products[t] = offsets[t] = zero();
  }
  float dot(int t) const { return sum(products[t] + offsets[t]); }
};

struct StepRange {
  int64_t begin, end;
};

template <class Format, int kTokens>
CHAKU_INLINE void dot_step(const uint8_t* block, const DigitRows& x, int64_t step, DotSums<Format, kTokens>& sums) {
  constexpr int kUnits = Format::kStep / kUnit, kTogether = kUnits / Format::kResults;
  constexpr int64_t kRecord = kUnits * kUnitBytes + 64;
  const auto header = Format::header(block);
#pragma GCC unroll 2
  for (int part = 0; part < kParts; ++part) {
    Part<Format> w;
    Format::load(block, header, part, w);
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const uint8_t* token = x.data + t * x.token_bytes;
      const uint8_t* record = token + x.scale_bytes + step * kRecord;
      F scaled = zero();
#pragma GCC unroll 4
      for (int r = 0; r < Format::kResults; ++r) {
        const uint8_t* digits = record + r * kTogether * kUnitBytes + part * kLanes * 4;
        const F dots = to_float(dot_codes<Format, kTogether>(w.codes + r * kTogether, digits));
        scaled = r == 0 ? dots * w.scale[r] : fma(dots, w.scale[r], scaled);
      }
      sums.products[t] = fma(scaled, broadcast(reinterpret_cast<const float*>(token)[step]), sums.products[t]);
      if constexpr (Format::kOffset) {
        const F parts = load(reinterpret_cast<const float*>(record + kUnits * kUnitBytes) + part * kLanes);
        sums.offsets[t] = fma(w.offset, parts, sums.offsets[t]);
      }
    }
  }
}

// Some steps of one weight row of k elements. `inside`: memory holds a whole step where the row's last one ends early;
// what lies there meets digits that are zero.
template <class Format, int kTokens>
CHAKU_INLINE void add_digits(const uint8_t* row, int64_t k, StepRange steps, bool inside, const DigitRows& x,
                             DotSums<Format, kTokens>& kept) {
  DotSums<Format, kTokens> sums = kept;
  const int64_t whole = k / Format::kStep;
  for (int64_t s = steps.begin; s < min(steps.end, whole); ++s) {
    const uint8_t* block = row + s * Format::kStepBytes;
    for (int line = 0; line < Format::kStepBytes; line += 64) __builtin_prefetch(block + kDigitPrefetch + line);
    dot_step<Format>(block, x, s, sums);
  }
  if (const int64_t rest = k - whole * Format::kStep; rest > 0 && steps.end > whole) {
    const uint8_t* block = row + whole * Format::kStepBytes;
    uint8_t copy[Format::kStepBytes] = {};
    if (!inside) {
      __builtin_memcpy(copy, block, static_cast<size_t>(rest * Format::kStepBytes / Format::kStep));
      block = copy;
    }
    dot_step<Format>(block, x, whole, sums);
  }
  kept = sums;
}

}  // namespace chaku::CHAKU_ISA
