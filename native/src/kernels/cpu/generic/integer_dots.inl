// Dot products of weight rows in block formats with the digits of x. What depends on the instruction set is in
// <isa>/codes.h: how the codes, scales and offsets of a step come out of memory, and the sum of products of bytes.
//
// A format has kStep elements in kStepBytes bytes, the Order in which its codes come, and kResults vectors of int32
// lanes: those units of 64 codes whose lanes share their scales are summed together before they are scaled.
//   16 lanes  four neighbours are of one group of codes that share a scale. Codes are turned so that each lane is of
//             one group in every unit, and all units are summed. Beside tiles the neighbours are summed as integers
//             instead, so that lane 4 slot + r of a text's sums is of one group: what tiles sum at once has the same
//             bits, in any order. kWide: the sums do not fit int32 with all three digits.
//   8 lanes   a step is taken in two parts, and lanes are scaled as they are; kOffset: codes are not signed.
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
constexpr int kUnitsTogether = Format::kStep / kUnit / Format::kResults;
#if defined(CHAKU_TILES)
template <class Format>
constexpr DigitLayout kLayout = {Format::kOrder, Format::kStep, Format::kResults};
#else
template <class Format>
constexpr DigitLayout kLayout = {Format::kOrder, Format::kStep, 0};
#endif

// The digits of kTokens tokens that a step is multiplied with.
template <class Format, int kTokens>
struct StepDigits {
  static constexpr int64_t kSums = Format::kStep / kUnit * kUnitBytes, kRecord = kSums + 64;
  static constexpr int64_t kBytes = kTokens * kRecord + 64;

  const uint8_t* data;

  CHAKU_INLINE StepDigits at(const uint8_t* digits, int64_t step) { return {digits + step * kBytes}; }
  const uint8_t* record(int t) const { return data + t * kRecord; }
  const float* sums(int t) const { return reinterpret_cast<const float*>(record(t) + kSums); }
  F scale(int t) const { return broadcast(reinterpret_cast<const float*>(data + kTokens * kRecord)[t]); }
};

struct StepRange {
  int64_t begin, end;
};

#if defined(__AVX512F__)

template <class Format, int kTokens>
struct DotSums {
  F sums[kTokens];

  void clear() {
    for (int t = 0; t < kTokens; ++t) sums[t] = zero();
  }
  float dot(int t) const { return sum(sums[t]); }
};

// What the digits of a group stand for, out of its three sums.
template <class Format>
CHAKU_INLINE F join_digits(I high, I mid, I low) {
  const I upper = add(_mm512_slli_epi32(high, kDigitBits), mid);
  if constexpr (Format::kWide)
    return fma(to_float(upper), broadcast(1 << kDigitBits), to_float(low));
  else
    return to_float(add(_mm512_slli_epi32(upper, kDigitBits), low));
}

#if defined(CHAKU_TILES)

// Lanes 4 slot + r: sums of four neighbours of v[r]. Those of r >= kResults repeat others.
template <int kResults>
CHAKU_INLINE I sum_groups(const I* v) {
  const auto halves = [](I a, I b) __attribute__((always_inline)) {
    return add(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  };
  if constexpr (kResults == 4) {
    const I a = halves(v[0], v[1]), b = halves(v[2], v[3]);
    return add(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  } else {
    const I a = halves(v[0], v[kResults - 1]);
    return add(a, _mm512_shuffle_epi32(a, _MM_PERM_BADC));
  }
}

// The lanes of groups.
template <class Format>
constexpr Mask kGroupLanes = static_cast<Mask>(0x1111 * ((1 << Format::kResults) - 1));

// The scales of groups; those of lanes that repeat others are zero.
template <class Format>
CHAKU_INLINE F group_scales(const Part<Format>& w) {
  F scales = _mm512_maskz_mov_ps(0x1111, w.scale[0]);
#pragma GCC unroll 4
  for (int r = 1; r < Format::kResults; ++r)
    scales = _mm512_mask_mov_ps(scales, static_cast<Mask>(0x1111 << r), w.scale[r]);
  return scales;
}

struct alignas(64) LaneTable {
  int lane[16];
};

// Which part of a step a group's offset is found at.
template <class Format>
constexpr LaneTable part_of_group() {
  LaneTable t = {};
  for (int slot = 0; slot < 4; ++slot)
    for (int r = 0; r < Format::kResults; ++r) {
      const int group = group_of(Format::kOrder, r * kUnitsTogether<Format>, slot);
      t.lane[4 * slot + r] = Format::kStep == 256 ? group : 2 * group;
    }
  return t;
}

template <class Format>
CHAKU_INLINE F group_offsets(const Part<Format>& w) {
  static constexpr LaneTable table = part_of_group<Format>();
  return _mm512_maskz_permutexvar_ps(kGroupLanes<Format>, _mm512_load_si512(&table), w.offset);
}

template <class Format>
CHAKU_INLINE F dot_groups(const Part<Format>& w, const uint8_t* record) {
  constexpr int kTogether = kUnitsTogether<Format>, kResults = Format::kResults;
  I upper[kResults], lower[kResults];
#pragma GCC unroll 4
  for (int r = 0; r < kResults; ++r) {
    const uint8_t* digits = record + r * kTogether * kUnitBytes;
    const I* codes = w.codes + r * kTogether;
    const I high = add_digit<kTogether>(_mm512_setzero_si512(), codes, digits, 0);
    upper[r] = add_digit<kTogether>(_mm512_slli_epi32(high, kDigitBits), codes, digits, 1);
    const I begin = Format::kWide ? _mm512_setzero_si512() : _mm512_slli_epi32(upper[r], kDigitBits);
    lower[r] = add_digit<kTogether>(begin, codes, digits, 2);
  }
  if constexpr (Format::kWide)
    return fma(to_float(sum_groups<kResults>(upper)), broadcast(1 << kDigitBits),
               to_float(sum_groups<kResults>(lower)));
  else
    return to_float(sum_groups<kResults>(lower));
}

template <class Format>
struct StepFactors {
  F scales, offsets;

  CHAKU_INLINE StepFactors of(Part<Format>& w) { return {group_scales<Format>(w), group_offsets<Format>(w)}; }
};

#else

// The scales of the lanes of turned codes, and the offsets of the step's parts in order. Turns the codes.
template <class Format>
struct StepFactors {
  F scales, offsets;

  CHAKU_INLINE StepFactors of(Part<Format>& w) {
    turn_units<Format::kStep / kUnit>(w.codes);
    F scales = w.scale[0];
    if constexpr (Format::kResults == 2)
      scales = _mm512_mask_mov_ps(scales, kUnitsTogether<Format> == 2 ? 0xcccc : 0xaaaa, w.scale[1]);
    if constexpr (Format::kResults == 4)
#pragma GCC unroll 3
      for (int r = 1; r < 4; ++r) scales = _mm512_mask_mov_ps(scales, static_cast<Mask>(0x1111 << r), w.scale[r]);
    return {scales, w.offset};
  }
};

// Digits are summed side by side, so that no sum waits for another's.
template <class Format>
CHAKU_INLINE F dot_groups(const Part<Format>& w, const uint8_t* record) {
  I sums[kDigits] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
#pragma GCC unroll 4
  for (int u = 0; u < Format::kStep / kUnit; ++u)
#pragma GCC unroll 3
    for (int d = 0; d < kDigits; ++d) sums[d] = add_digit<1>(sums[d], w.codes + u, record + u * kUnitBytes, d);
  return join_digits<Format>(sums[0], sums[1], sums[2]);
}

#endif

template <class Format, int kTokens>
CHAKU_INLINE void dot_step(const uint8_t* block, StepDigits<Format, kTokens> x, DotSums<Format, kTokens>& sums) {
  Part<Format> w;
  Format::load(block, Format::header(block), 0, w);
  const StepFactors<Format> factors = StepFactors<Format>::of(w);
#pragma GCC unroll 4
  for (int t = 0; t < kTokens; ++t) {
    sums.sums[t] = fma(dot_groups<Format>(w, x.record(t)) * factors.scales, x.scale(t), sums.sums[t]);
    sums.sums[t] = fma(factors.offsets, load(x.sums(t)), sums.sums[t]);
  }
}

#else

template <class Format, int kTokens>
struct DotSums {
  F products[kTokens], offsets[kTokens];

  void clear() {
    for (int t = 0; t < kTokens; ++t) products[t] = offsets[t] = zero();
  }
  float dot(int t) const { return sum(products[t] + offsets[t]); }
};

template <class Format, int kTokens>
CHAKU_INLINE void dot_step(const uint8_t* block, StepDigits<Format, kTokens> x, DotSums<Format, kTokens>& sums) {
  constexpr int kTogether = kUnitsTogether<Format>;
  const auto header = Format::header(block);
#pragma GCC unroll 2
  for (int part = 0; part < kParts; ++part) {
    Part<Format> w;
    Format::load(block, header, part, w);
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      F scaled = zero();
#pragma GCC unroll 4
      for (int r = 0; r < Format::kResults; ++r) {
        const uint8_t* digits = x.record(t) + r * kTogether * kUnitBytes + part * kLanes * 4;
        const F dots = to_float(dot_codes<Format, kTogether>(w.codes + r * kTogether, digits));
        scaled = r == 0 ? dots * w.scale[r] : fma(dots, w.scale[r], scaled);
      }
      sums.products[t] = fma(scaled, x.scale(t), sums.products[t]);
      if constexpr (Format::kOffset) sums.offsets[t] = fma(w.offset, load(x.sums(t) + part * kLanes), sums.offsets[t]);
    }
  }
}

#endif

// Some steps of one weight row of k elements. `inside`: memory holds a whole step where the row's last one ends early;
// what lies there meets digits that are zero. `ahead`: the bytes that are fetched meanwhile, as many as are read, into
// the cache of level kLevel.
template <class Format, int kLevel, int kTokens>
CHAKU_INLINE void add_digits(const uint8_t* row, int64_t k, StepRange steps, bool inside, const uint8_t* ahead,
                             const uint8_t* x, DotSums<Format, kTokens>& kept) {
  DotSums<Format, kTokens> sums = kept;
  const int64_t whole = k / Format::kStep;
  for (int64_t s = steps.begin; s < min(steps.end, whole); ++s) {
    const uint8_t* block = row + s * Format::kStepBytes;
    for (int line = 0; line < Format::kStepBytes; line += 64) __builtin_prefetch(ahead + line, 0, 4 - kLevel);
    ahead += Format::kStepBytes;
    dot_step<Format>(block, StepDigits<Format, kTokens>::at(x, s), sums);
  }
  if (const int64_t rest = k - whole * Format::kStep; rest > 0 && steps.end > whole) {
    const uint8_t* block = row + whole * Format::kStepBytes;
    uint8_t copy[Format::kStepBytes] = {};
    if (!inside) {
      __builtin_memcpy(copy, block, static_cast<size_t>(rest * Format::kStepBytes / Format::kStep));
      block = copy;
    }
    dot_step<Format>(block, StepDigits<Format, kTokens>::at(x, whole), sums);
  }
  kept = sums;
}

}  // namespace chaku::CHAKU_ISA
