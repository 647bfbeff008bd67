// The codes of kernels/moments.h, by the bits of reference/moments.cpp: what is divided and rounded is the same there.
#pragma once

#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/philox.h"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

using MomentBits = uint32_t __attribute__((vector_size(kLanes * 4)));
using MomentInts = int32_t __attribute__((vector_size(kLanes * 4)));
using MomentBytes = uint8_t __attribute__((vector_size(kLanes)));

CHAKU_INLINE F absolute(F x) { return maximum(x, zero() - x); }

// What is coded of numbers: their sizes, or their roots.
CHAKU_INLINE F coded(MomentCode code, F x) { return code == MomentCode::kRoot ? square_root(x) : absolute(x); }

// Shares of parts in [0,1]; `cut` is added to the bits that are cut off.
CHAKU_INLINE MomentBits shares_of(const MomentGrid& grid, F parts, MomentBits cut) {
  const MomentInts above = reinterpret_cast<MomentInts>((reinterpret_cast<MomentBits>(parts) + cut) >> grid.shift) -
                           static_cast<int32_t>(grid.offset);
  const MomentInts least = MomentInts{} + static_cast<int32_t>(grid.least);
  const MomentInts most = MomentInts{} + static_cast<int32_t>(grid.most);
  const MomentInts raised = above < least ? least : above;
  const MomentInts within = raised > most ? most : raised;
  return reinterpret_cast<MomentBits>(reinterpret_cast<MomentInts>(parts) > 0 ? within : MomentInts{});
}

static void encode_moment_block(const EncodeMomentsProblem& p, const MomentGrid& grid, int64_t block) {
  static_assert(kMomentBlock % (4 * kLanes) == 0);
  const int64_t begin = block * kMomentBlock, n = min(kMomentBlock, p.n - begin);
  const float* x = p.x + begin;
  F largest = zero();
  for (int64_t i = 0; i < n; i += kLanes) largest = maximum(largest, coded(p.code, load_n(x + i, n - i)));
  const float size = max_of(largest), scale = size < kLeastMoment ? 0.0f : size;
  p.scales[block] = scale;
  if (scale == 0.0f) {
    for (int64_t i = 0; i < n; ++i) p.codes[begin + i] = 0;
    return;
  }
  alignas(64) uint8_t codes[kMomentBlock];
  const uint32_t mask = (1u << grid.shift) - 1, half = 1u << (grid.shift - 1);
  for (int64_t i = 0; i < n; i += 4 * kLanes) {
    alignas(64) uint32_t words[4 * kLanes];
    if (p.draw) philox(p.seed, p.stream, static_cast<uint64_t>(p.first_draw + begin + i) / 4, words);
    for (int64_t j = 0; j < 4 * kLanes && i + j < n; j += kLanes) {
      MomentBits cut = MomentBits{} + half;
      if (p.draw) {
        __builtin_memcpy(&cut, words + j, sizeof cut);
        cut &= mask;
      }
      const F values = load_n(x + i + j, n - i - j);
      MomentBits shares = shares_of(grid, coded(p.code, values) / broadcast(scale), cut);
      if (p.code == MomentCode::kSigned) {
        const MomentBits sign = reinterpret_cast<MomentBits>(values) >> 24 & 0x80u;
        shares |= shares > 0u ? sign : MomentBits{};
      }
      const MomentBytes bytes = __builtin_convertvector(shares, MomentBytes);
      __builtin_memcpy(codes + i + j, &bytes, sizeof bytes);
    }
  }
  __builtin_memcpy(p.codes + begin, codes, static_cast<size_t>(n));
}

void encode_moments(const EncodeMomentsProblem& p, Queue& queue) noexcept {
  const MomentGrid grid = moment_grid(p.code);
  queue.parallel_for(ceil_div(p.n, kMomentBlock), 32, [&](int64_t first, int64_t last, int) {
    for (int64_t block = first; block < last; ++block) encode_moment_block(p, grid, block);
  });
}

void decode_moments(const DecodeMomentsProblem& p, Queue& queue) noexcept {
  const MomentGrid grid = moment_grid(p.code);
  queue.parallel_for(p.n, 32 * kMomentBlock, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t n = min(kLanes, end - i);
      MomentBytes bytes = {};
      __builtin_memcpy(&bytes, p.codes + i, static_cast<size_t>(n));
      const MomentBits codes = __builtin_convertvector(bytes, MomentBits), shares = codes & grid.most;
      const MomentBits bits = shares > 0u ? (shares + grid.offset) << grid.shift : MomentBits{};
      const F size = reinterpret_cast<F>(bits) * broadcast(p.scales[i / kMomentBlock]);
      const MomentBits sign = (codes & 0x80u) << 24;
      store_n(
          p.x + i,
          p.code == MomentCode::kRoot ? size * size : reinterpret_cast<F>(reinterpret_cast<MomentBits>(size) | sign),
          n);
    }
  });
}

}  // namespace chaku::CHAKU_ISA
