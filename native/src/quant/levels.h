// The values that a code can stand for, before scaling: equally spaced, or a table.
#pragma once

#include <cstdint>

#include "quant/lanes.h"

namespace chaku {

// IQ4_NL and IQ4_XS, ascending.
inline constexpr int8_t kIQ4Value[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// MXFP4 and NVFP4: twice the E2M1 value of the code, whose bit 3 is the sign.
inline constexpr int8_t kTwiceE2M1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// The integers lo..hi. For the searches each kind of levels says between which magnitudes of the extreme element
// (sweep_from, sweep_to, in units of a level) the best inverse scale lies, and how finely to look.
struct UniformLevels {
  float lo, hi;
  float sweep_from, sweep_to, sweep_step;

  constexpr UniformLevels(int low, int high)
      : lo(static_cast<float>(low)),
        hi(static_cast<float>(high)),
        sweep_from(hi - 1.2f),
        sweep_to(-lo + 1.2f),
        sweep_step(0.17f) {}

  float reach() const noexcept { return -lo; }
  Lanes nearest(Lanes v) const noexcept { return clamp_lanes(round_lanes(v), lo, hi); }
};

// kIQ4Value.
struct IQ4Levels {
  static constexpr float sweep_from = 92, sweep_to = 152, sweep_step = 4;

  float reach() const noexcept { return 127; }
  // Adds the steps whose middle lies below v.
  Lanes nearest(Lanes v) const noexcept {
    Lanes level = Lanes{} + static_cast<float>(kIQ4Value[0]);
    for (int k = 1; k < 16; ++k) {
      const Lanes middle = Lanes{} + 0.5f * static_cast<float>(kIQ4Value[k - 1] + kIQ4Value[k]);
      const Lanes step = Lanes{} + static_cast<float>(kIQ4Value[k] - kIQ4Value[k - 1]);
      level += v > middle ? step : Lanes{};
    }
    return level;
  }
};

}  // namespace chaku
