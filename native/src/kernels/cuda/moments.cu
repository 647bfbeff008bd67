// The codes of kernels/moments.h. Encoding: a block of threads for each block of moments; decoding: an element a
// thread.
#include <bit>

#include "base/random.h"
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/warp.cuh"
#include "kernels/moments.h"

namespace chaku::cuda {
namespace {

CHAKU_DEVICE float coded(MomentCode code, float x) { return code == MomentCode::kRoot ? sqrtf(x) : fabsf(x); }

CHAKU_DEVICE uint32_t share_of(const MomentGrid& grid, float part, uint32_t cut) {
  if (!(part > 0.0f)) return 0;
  const int above = static_cast<int>((__float_as_uint(part) + cut) >> grid.shift) - static_cast<int>(grid.offset);
  const int least = static_cast<int>(grid.least), most = static_cast<int>(grid.most);
  return static_cast<uint32_t>(above < least ? least : above > most ? most : above);
}

// grid -> blocks of moments; 32 bytes of shared memory; sm_75; 5 bytes and 60 integer operations an element.
__global__ void __launch_bounds__(kMomentBlock) encode(const EncodeMomentsProblem p, const MomentGrid grid) {
  CHAKU_SHARED(partial, float[kMomentBlock / 32]);
  const int64_t i = int64_t{blockIdx.x} * kMomentBlock + thread_index();
  const float x = i < p.n ? p.x[i] : 0.0f;
  const float size = block_max<kMomentBlock>(coded(p.code, x), partial), scale = size < kLeastMoment ? 0.0f : size;
  if (thread_index() == 0) p.scales[blockIdx.x] = scale;
  if (i >= p.n) return;
  const uint64_t draw = static_cast<uint64_t>(p.first_draw + i);
  const uint32_t cut =
      p.draw ? Philox(p.seed, p.stream).words(draw >> 2)[draw & 3] & ((1u << grid.shift) - 1) : 1u << (grid.shift - 1);
  const uint32_t share = scale > 0.0f ? share_of(grid, coded(p.code, x) / scale, cut) : 0;
  const bool negative = p.code == MomentCode::kSigned && x < 0.0f && share > 0;
  p.codes[i] = static_cast<uint8_t>(share | (negative ? 0x80u : 0u));
}

struct Decode {
  DecodeMomentsProblem p;
  MomentGrid grid;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const uint32_t share = p.codes[i] & grid.most;
    const float part = share > 0 ? __uint_as_float((share + grid.offset) << grid.shift) : 0.0f;
    const float x = part * p.scales[i / kMomentBlock];
    p.x[i] = p.code == MomentCode::kRoot ? x * x : p.codes[i] & 0x80 ? -x : x;
  }
};

}  // namespace

void encode_moments(const EncodeMomentsProblem& p, Queue& queue) noexcept {
  cuda_queue(queue).launch(encode, dim3(static_cast<unsigned>(ceil_div(p.n, kMomentBlock))), dim3(kMomentBlock), 0, p,
                           moment_grid(p.code));
}

void decode_moments(const DecodeMomentsProblem& p, Queue& queue) noexcept {
  for_each(queue, p.n, Decode{p, moment_grid(p.code)});
}

}  // namespace chaku::cuda
