#include "kernels/moments.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "kernels/reference/reference.h"

namespace chaku::reference {
namespace {

// What is coded of a number: itself, or its root.
float coded(MomentCode code, float x) { return code == MomentCode::kRoot ? std::sqrt(x) : std::fabs(x); }

// `cut` is added to the bits that are cut off.
uint8_t share_of(const MomentGrid& grid, float part, uint32_t cut) {
  if (!(part > 0.0f)) return 0;
  const int64_t above = ((int64_t{std::bit_cast<uint32_t>(part)} + cut) >> grid.shift) - grid.offset;
  return static_cast<uint8_t>(std::clamp<int64_t>(above, grid.least, grid.most));
}

}  // namespace

void encode_moments(const EncodeMomentsProblem& p, Queue& queue) noexcept {
  const MomentGrid grid = moment_grid(p.code);
  const Philox random(p.seed, p.stream);
  const uint32_t mask = (1u << grid.shift) - 1, half = 1u << (grid.shift - 1);
  queue.parallel_for((p.n + kMomentBlock - 1) / kMomentBlock, 16, [&](int64_t first, int64_t last, int) {
    for (int64_t b = first; b < last; ++b) {
      const int64_t begin = b * kMomentBlock, end = std::min(p.n, begin + kMomentBlock);
      float scale = 0.0f;
      for (int64_t i = begin; i < end; ++i) scale = std::max(scale, coded(p.code, p.x[i]));
      if (scale < kLeastMoment) scale = 0.0f;
      p.scales[b] = scale;
      for (int64_t i = begin; i < end; ++i) {
        const uint64_t draw = static_cast<uint64_t>(p.first_draw + i);
        const uint32_t cut = p.draw ? random.words(draw >> 2)[draw & 3] & mask : half;
        const uint8_t share = scale > 0.0f ? share_of(grid, coded(p.code, p.x[i]) / scale, cut) : uint8_t{0};
        const bool negative = p.code == MomentCode::kSigned && p.x[i] < 0.0f && share > 0;
        p.codes[i] = static_cast<uint8_t>(share | (negative ? 0x80 : 0));
      }
    }
  });
}

void decode_moments(const DecodeMomentsProblem& p, Queue& queue) noexcept {
  const MomentGrid grid = moment_grid(p.code);
  queue.parallel_for(p.n, 16 * kMomentBlock, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const uint32_t share = p.codes[i] & grid.most;
      const float part = share > 0 ? std::bit_cast<float>((share + grid.offset) << grid.shift) : 0.0f;
      const float x = part * p.scales[i / kMomentBlock];
      p.x[i] = p.code == MomentCode::kRoot ? x * x : p.codes[i] & 0x80 ? -x : x;
    }
  });
}

}  // namespace chaku::reference
