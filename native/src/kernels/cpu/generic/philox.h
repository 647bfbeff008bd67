// Random words of base/random.h, a vector's lanes at once.
#pragma once

#include "kernels/cpu/generic/simd.h"

namespace chaku::CHAKU_ISA {

// Philox4x32-10 for kLanes counters at once: out[4 i + w] is word w of counter + i. Source: see base/random.h.
CHAKU_INLINE void philox(uint64_t seed, uint64_t stream, uint64_t counter, uint32_t (&out)[4 * kLanes]) {
  using U = uint32_t __attribute__((vector_size(kLanes * 4)));
  U c0, c1;
  for (int i = 0; i < kLanes; ++i) {
    c0[i] = static_cast<uint32_t>(counter + static_cast<uint64_t>(i));
    c1[i] = static_cast<uint32_t>((counter + static_cast<uint64_t>(i)) >> 32);
  }
  U c2 = U{} + static_cast<uint32_t>(stream), c3 = U{} + static_cast<uint32_t>(stream >> 32);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    I high0, low0, high1, low1;
    multiply_wide(reinterpret_cast<I>(c0), 0xD2511F53u, &high0, &low0);
    multiply_wide(reinterpret_cast<I>(c2), 0xCD9E8D57u, &high1, &low1);
    c0 = reinterpret_cast<U>(high1) ^ c1 ^ k0;
    c2 = reinterpret_cast<U>(high0) ^ c3 ^ k1;
    c1 = reinterpret_cast<U>(low1);
    c3 = reinterpret_cast<U>(low0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  uint32_t words[4][kLanes];
  __builtin_memcpy(words[0], &c0, sizeof c0);
  __builtin_memcpy(words[1], &c1, sizeof c1);
  __builtin_memcpy(words[2], &c2, sizeof c2);
  __builtin_memcpy(words[3], &c3, sizeof c3);
  for (int i = 0; i < kLanes; ++i)
    for (int w = 0; w < 4; ++w) out[4 * i + w] = words[w][i];
}

}  // namespace chaku::CHAKU_ISA
