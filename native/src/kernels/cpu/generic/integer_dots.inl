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
template <class Format, int kDigits>
constexpr DigitLayout kLayout = {Format::kOrder, Format::kStep, Format::kResults, kDigits};
#else
template <class Format, int kDigits>
constexpr DigitLayout kLayout = {Format::kOrder, Format::kStep, 0, kDigits};
#endif

// The digits of kTokens tokens that a step is multiplied with.
template <class Format, int kDigits, int kTokens>
struct StepDigits {
  static constexpr int64_t kSums = Format::kStep * kDigits, kRecord = kSums + 64;
  static constexpr int64_t kBytes = kTokens * kRecord + 64;

  const uint8_t* data;

  CHAKU_INLINE StepDigits at(const uint8_t* digits, int64_t step) { return {digits + step * kBytes}; }
  const uint8_t* record(int t) const { return data + t * kRecord; }
  const float* sums(int t) const { return reinterpret_cast<const float*>(record(t) + kSums); }
  F scale(int t) const { return broadcast(reinterpret_cast<const float*>(data + kTokens * kRecord)[t]); }
};

// What of a format its sums depend on: loops over decoded steps are made for it, not for every format.
#if defined(__AVX512F__)
template <int kStepOf, int kResultsOf, bool kWideOf>
struct DotShape {
  static constexpr int kStep = kStepOf, kResults = kResultsOf;
  static constexpr bool kWide = kWideOf;
};
template <class Format>
using ShapeOf = DotShape<Format::kStep, Format::kResults, Format::kWide>;
#else
template <int kStepOf, int kResultsOf, bool kSignedOf, bool kOffsetOf>
struct DotShape {
  static constexpr int kStep = kStepOf, kResults = kResultsOf;
  static constexpr bool kSigned = kSignedOf, kOffset = kOffsetOf;
};
template <class Format>
using ShapeOf = DotShape<Format::kStep, Format::kResults, Format::kSigned, Format::kOffset>;
#endif

struct StepRange {
  int64_t begin, end;
};

#if defined(__AVX512F__)

template <int kTokens>
struct DotSums {
  F sums[kTokens];

  void clear() {
    for (int t = 0; t < kTokens; ++t) sums[t] = zero();
  }
  F lanes(int t) const { return sums[t]; }
  float dot(int t) const { return sum(lanes(t)); }
};

template <class Format, int kDigits>
constexpr bool kWideSums = Format::kWide && kDigits == kMostDigits;

// What the digits of a group stand for, out of their sums, the highest first.
template <class Format, int kDigits>
CHAKU_INLINE F join_digits(const I* sums) {
  I joined = sums[0];
#pragma GCC unroll 2
  for (int d = 1; d < kDigits; ++d) {
    if (d + 1 == kDigits && kWideSums<Format, kDigits>)
      return fma(to_float(joined), broadcast(1 << kDigitBits), to_float(sums[d]));
    joined = add(_mm512_slli_epi32(joined, kDigitBits), sums[d]);
  }
  return to_float(joined);
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

// One step of a weight row, as digits meet it.
template <class Shape>
struct StepWeights {
  I codes[Shape::kStep / kUnit];
  F scales, offsets;

  template <class Format>
  CHAKU_INLINE StepWeights of(const uint8_t* block) {
    Part<Format> w;
    Format::load(block, Format::header(block), 0, w);
    StepWeights step;
    for (int u = 0; u < Format::kStep / kUnit; ++u) step.codes[u] = w.codes[u];
    step.scales = group_scales<Format>(w);
    step.offsets = group_offsets<Format>(w);
    return step;
  }
};

template <class Shape, int kDigits, int kRows>
CHAKU_INLINE void dot_groups(const StepWeights<Shape> (&w)[kRows], const uint8_t* record, F (&dots)[kRows]) {
  constexpr int kTogether = kUnitsTogether<Shape>, kResults = Shape::kResults;
  constexpr bool kWide = kWideSums<Shape, kDigits>;
  for (int n = 0; n < kRows; ++n) {
    I upper[kResults], sums[kResults];
#pragma GCC unroll 4
    for (int r = 0; r < kResults; ++r) {
      const uint8_t* digits = record + r * kTogether * kUnitBytes<kDigits>;
      const I* codes = w[n].codes + r * kTogether;
      sums[r] = _mm512_setzero_si512();
#pragma GCC unroll 3
      for (int d = 0; d < kDigits; ++d) {
        if (d + 1 == kDigits) upper[r] = sums[r];
        const bool apart = d == 0 || (kWide && d + 1 == kDigits);
        const I begin = apart ? _mm512_setzero_si512() : _mm512_slli_epi32(sums[r], kDigitBits);
        sums[r] = add_digit<kTogether, kDigits>(begin, codes, digits, d);
      }
    }
    dots[n] = to_float(sum_groups<kResults>(sums));
    if constexpr (kWide) dots[n] = fma(to_float(sum_groups<kResults>(upper)), broadcast(1 << kDigitBits), dots[n]);
  }
}

#else

// One step of a weight row, its codes turned: the scales of their lanes, and the offsets of the step's parts in order.
template <class Shape>
struct StepWeights {
  I codes[Shape::kStep / kUnit];
  F scales, offsets;

  template <class Format>
  CHAKU_INLINE StepWeights of(const uint8_t* block) {
    Part<Format> w;
    Format::load(block, Format::header(block), 0, w);
    turn_units<Format::kStep / kUnit>(w.codes);
    StepWeights step;
    for (int u = 0; u < Format::kStep / kUnit; ++u) step.codes[u] = w.codes[u];
    step.scales = w.scale[0];
    if constexpr (Format::kResults == 2)
      step.scales = _mm512_mask_mov_ps(step.scales, kUnitsTogether<Format> == 2 ? 0xcccc : 0xaaaa, w.scale[1]);
    if constexpr (Format::kResults == 4)
#pragma GCC unroll 3
      for (int r = 1; r < 4; ++r)
        step.scales = _mm512_mask_mov_ps(step.scales, static_cast<Mask>(0x1111 << r), w.scale[r]);
    step.offsets = w.offset;
    return step;
  }
};

// Digits are summed side by side, so that no sum waits for another's. What several rows read is loaded once: to the
// compiler a load is free as an operand.
template <class Shape, int kDigits, int kRows>
CHAKU_INLINE void dot_groups(const StepWeights<Shape> (&w)[kRows], const uint8_t* record, F (&dots)[kRows]) {
  I sums[kRows][kDigits];
#pragma GCC unroll 4
  for (int u = 0; u < Shape::kStep / kUnit; ++u)
#pragma GCC unroll 3
    for (int d = 0; d < kDigits; ++d) {
      I digit = _mm512_loadu_si512(record + u * kUnitBytes<kDigits> + d * kUnit);
      if constexpr (kRows > 1) __asm__("" : "+v"(digit));
#pragma GCC unroll 4
      for (int n = 0; n < kRows; ++n)
        sums[n][d] = _mm512_dpbusd_epi32(u == 0 ? _mm512_setzero_si512() : sums[n][d], w[n].codes[u], digit);
    }
#pragma GCC unroll 4
  for (int n = 0; n < kRows; ++n) dots[n] = join_digits<Shape, kDigits>(sums[n]);
}

#endif

// sums += a step of kRows weight rows times that of the tokens.
template <class Shape, int kDigits, int kTokens, int kRows>
CHAKU_INLINE void add_step(const StepWeights<Shape> (&w)[kRows], StepDigits<Shape, kDigits, kTokens> x,
                           DotSums<kTokens> (&sums)[kRows]) {
#pragma GCC unroll 4
  for (int t = 0; t < kTokens; ++t) {
    F dots[kRows];
    dot_groups<Shape, kDigits>(w, x.record(t), dots);
#pragma GCC unroll 4
    for (int n = 0; n < kRows; ++n) {
      F& sum = sums[n].sums[t];
      sum = fma(dots[n] * w[n].scales, x.scale(t), sum);
      sum = fma(w[n].offsets, load(x.sums(t)), sum);
    }
  }
}

template <class Format, int kDigits, int kTokens>
CHAKU_INLINE void dot_step(const uint8_t* block, StepDigits<ShapeOf<Format>, kDigits, kTokens> x,
                           DotSums<kTokens> (&sums)[1]) {
  using Weights = StepWeights<ShapeOf<Format>>;
  const Weights w[1] = {Weights::template of<Format>(block)};
  add_step(w, x, sums);
}

#else

template <int kTokens>
struct DotSums {
  F products[kTokens], offsets[kTokens];

  void clear() {
    for (int t = 0; t < kTokens; ++t) products[t] = offsets[t] = zero();
  }
  F lanes(int t) const { return products[t] + offsets[t]; }
  float dot(int t) const { return sum(lanes(t)); }
};

// One step of a weight row, as digits meet it.
template <class Shape>
struct StepWeights {
  Part<Shape> parts[kParts];

  template <class Format>
  CHAKU_INLINE StepWeights of(const uint8_t* block) {
    const auto header = Format::header(block);
    StepWeights step;
    for (int part = 0; part < kParts; ++part) Format::load(block, header, part, step.parts[part]);
    return step;
  }
};

template <class Shape, int kDigits, int kTokens>
CHAKU_INLINE void add_part(const Part<Shape>& w, int part, StepDigits<Shape, kDigits, kTokens> x,
                           DotSums<kTokens>& sums) {
  constexpr int kTogether = kUnitsTogether<Shape>;
#pragma GCC unroll 4
  for (int t = 0; t < kTokens; ++t) {
    F scaled = zero();
#pragma GCC unroll 4
    for (int r = 0; r < Shape::kResults; ++r) {
      const uint8_t* digits = x.record(t) + r * kTogether * kUnitBytes<kDigits> + part * kLanes * 4;
      const F dots = to_float(dot_codes<Shape, kDigits, kTogether>(w.codes + r * kTogether, digits));
      scaled = r == 0 ? dots * w.scale[r] : fma(dots, w.scale[r], scaled);
    }
    sums.products[t] = fma(scaled, x.scale(t), sums.products[t]);
    if constexpr (Shape::kOffset) sums.offsets[t] = fma(w.offset, load(x.sums(t) + part * kLanes), sums.offsets[t]);
  }
}

template <class Format, int kDigits, int kTokens>
CHAKU_INLINE void dot_step(const uint8_t* block, StepDigits<ShapeOf<Format>, kDigits, kTokens> x,
                           DotSums<kTokens> (&sums)[1]) {
  const auto header = Format::header(block);
#pragma GCC unroll 2
  for (int part = 0; part < kParts; ++part) {
    Part<ShapeOf<Format>> w;
    Format::load(block, header, part, w);
    add_part(w, part, x, sums[0]);
  }
}

// sums += a step of weight rows, one here, times that of the tokens.
template <class Shape, int kDigits, int kTokens>
CHAKU_INLINE void add_step(const StepWeights<Shape> (&w)[1], StepDigits<Shape, kDigits, kTokens> x,
                           DotSums<kTokens> (&sums)[1]) {
#pragma GCC unroll 2
  for (int part = 0; part < kParts; ++part) add_part(w[0].parts[part], part, x, sums[0]);
}

#endif

// Some steps of one weight row of k elements. `inside`: memory holds a whole step where the row's last one ends early;
// what lies there meets digits that are zero. `ahead`: the bytes that are fetched meanwhile, as many as are read, into
// the cache of level kLevel.
template <class Format, int kDigits, int kLevel, int kTokens>
CHAKU_INLINE void add_digits(const uint8_t* row, int64_t k, StepRange steps, bool inside, const uint8_t* ahead,
                             const uint8_t* x, DotSums<kTokens>& kept) {
  using Digits = StepDigits<ShapeOf<Format>, kDigits, kTokens>;
  DotSums<kTokens> sums[1] = {kept};
  const int64_t whole = k / Format::kStep;
  for (int64_t s = steps.begin; s < min(steps.end, whole); ++s) {
    const uint8_t* block = row + s * Format::kStepBytes;
    for (int line = 0; line < Format::kStepBytes; line += 64) __builtin_prefetch(ahead + line, 0, 4 - kLevel);
    ahead += Format::kStepBytes;
    dot_step<Format>(block, Digits::at(x, s), sums);
  }
  if (const int64_t rest = k - whole * Format::kStep; rest > 0 && steps.end > whole) {
    const uint8_t* block = row + whole * Format::kStepBytes;
    uint8_t copy[Format::kStepBytes] = {};
    if (!inside) {
      __builtin_memcpy(copy, block, static_cast<size_t>(rest * Format::kStepBytes / Format::kStep));
      block = copy;
    }
    dot_step<Format>(block, Digits::at(x, whole), sums);
  }
  kept = sums[0];
}

}  // namespace chaku::CHAKU_ISA
