// The values that a code can stand for, before scaling: equally spaced, or a table.
#pragma once

#include <bit>
#include <cstdint>

#include "base/device_code.h"
#include "quant/lanes.h"

namespace chaku {

// IQ4_NL and IQ4_XS, ascending.
CHAKU_CODEC_TABLE int8_t kIQ4Value[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// MXFP4 and NVFP4: twice the E2M1 value of the code, whose bit 3 is the sign.
CHAKU_CODEC_TABLE int8_t kTwiceE2M1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// 2^(e - 128), half the E8M0 value since the level table is doubled. e = 255, "not a number" in the OCP format, is
// decoded as a power of two like the rest, as ggml does.
CHAKU_CODEC_INLINE float half_e8m0(uint8_t e) noexcept {
  const uint32_t bits = e < 2 ? 0x00200000u << e : static_cast<uint32_t>(e - 1) << 23;
  return std::bit_cast<float>(bits);
}

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

  CHAKU_CODEC float reach() const noexcept { return -lo; }
  CHAKU_CODEC Lanes nearest(Lanes v) const noexcept { return clamp_lanes(round_lanes(v), lo, hi); }
};

// The level nearest to the cell [c / 2 - 128, c / 2 - 127.5).
struct IQ4Nearest {
  float level[512] = {};

  CHAKU_CODEC constexpr IQ4Nearest() {
    int k = 0;
    for (int c = 0; c < 512; ++c) {
      while (k < 15 && c - 256 >= kIQ4Value[k] + kIQ4Value[k + 1]) ++k;
      level[c] = kIQ4Value[k];
    }
  }
};
CHAKU_CODEC_TABLE IQ4Nearest kIQ4Nearest;

// kIQ4Value.
struct IQ4Levels {
  static constexpr float sweep_from = 92, sweep_to = 152, sweep_step = 4;

  CHAKU_CODEC float reach() const noexcept { return 127; }

  // All borders between levels are multiples of one half, so the half-unit cell of v decides.
  CHAKU_CODEC Lanes nearest(Lanes v) const noexcept {
    const Lanes cell = clamp_lanes(2 * v + 256.0f, 0, 511);
    const auto level = [cell](int i) { return kIQ4Nearest.level[static_cast<int>(cell[i])]; };
    return Lanes{level(0), level(1), level(2), level(3)};
  }
};

}  // namespace chaku
