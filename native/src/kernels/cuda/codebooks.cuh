// The tables of quant/levels.h and quant/iq_grids.h in the device's memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/iq_grids.h"

namespace chaku::cuda {

#ifdef __CUDACC__
#define CHAKU_DEVICE_TABLE static __device__ const
#else
#define CHAKU_DEVICE_TABLE inline constexpr
#endif

template <size_t kSize>
struct Codebook {
  uint16_t words[kSize] = {};

  constexpr explicit Codebook(const uint16_t (&from)[kSize]) {
    for (size_t i = 0; i < kSize; ++i) words[i] = from[i];
  }
};

CHAKU_DEVICE_TABLE Codebook kIQ2XXS(kIQ2XXSGrid);
CHAKU_DEVICE_TABLE Codebook kIQ2XS(kIQ2XSGrid);
CHAKU_DEVICE_TABLE Codebook kIQ2S(kIQ2SGrid);
CHAKU_DEVICE_TABLE Codebook kIQ3XXS(kIQ3XXSGrid);
CHAKU_DEVICE_TABLE Codebook kIQ3S(kIQ3SGrid);
CHAKU_DEVICE_TABLE Codebook kIQ1(kIQ1Grid);

CHAKU_DEVICE_TABLE int8_t kIQ4Levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
CHAKU_DEVICE_TABLE int8_t kTwiceE2M1Levels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

#undef CHAKU_DEVICE_TABLE

}  // namespace chaku::cuda
