// Counter-based random numbers (Philox4x32-10): value i of stream s is a pure function of (seed, s, i), so that any
// number of threads, and a run resumed anywhere, draw the same.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace chaku {

class Philox {
 public:
  constexpr Philox(uint64_t seed, uint64_t stream) noexcept : seed_(seed), stream_(stream) {}

  // Four 32-bit words at `counter`.
  constexpr std::array<uint32_t, 4> words(uint64_t counter) const noexcept {
    uint32_t c0 = static_cast<uint32_t>(counter), c1 = static_cast<uint32_t>(counter >> 32);
    uint32_t c2 = static_cast<uint32_t>(stream_), c3 = static_cast<uint32_t>(stream_ >> 32);
    uint32_t k0 = static_cast<uint32_t>(seed_), k1 = static_cast<uint32_t>(seed_ >> 32);
    for (int round = 0; round < 10; ++round) {
      const uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
      c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
      c1 = static_cast<uint32_t>(p1);
      c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
      c3 = static_cast<uint32_t>(p0);
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    return {c0, c1, c2, c3};
  }

  // Uniform in [0,1), element i of the stream.
  constexpr float uniform(uint64_t i) const noexcept {
    return static_cast<float>(words(i >> 2)[i & 3] >> 8) * 0x1p-24f;
  }

  // Standard normal, element i of the stream (Box-Muller, the cosine branch).
  float normal(uint64_t i) const noexcept {
    const auto w = words(i >> 1);
    const size_t at = (i & 1) * 2;
    const double u = (w[at] + 0.5) * 0x1p-32, v = (w[at + 1] + 0.5) * 0x1p-32;
    return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v));
  }

 private:
  uint64_t seed_, stream_;
};

}  // namespace chaku
