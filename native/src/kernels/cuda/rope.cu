// Rotation of pairs, one pair a thread, and its tables; 24 bytes and 6 FLOPs a pair.
#include "kernels/cuda/each.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/rope.h"

namespace chaku::cuda {
namespace {

struct Rotate {
  RopeProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int64_t half = p.n_dims / 2, pair = i % half, head = i / half % p.n_heads, m = i / half / p.n_heads;
    float* x = p.x + m * p.x_stride + head * p.head_dim;
    const bool adjacent = p.pairing == RopePairing::kAdjacent;
    float& a = x[adjacent ? 2 * pair : pair];
    float& b = x[adjacent ? 2 * pair + 1 : pair + half];
    const float cosine = p.cosines[m * half + pair];
    const float sine = p.backward ? -p.sines[m * half + pair] : p.sines[m * half + pair];
    const float rotated = a * cosine - b * sine;
    b = a * sine + b * cosine;
    a = rotated;
  }
};

// In float64: angles reach millions, and only their remainders count.
struct Tables {
  RopeTableProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const double angle = p.positions[i / p.pairs] * p.frequencies[i % p.pairs];
    p.cosines[i] = static_cast<float>(cos(angle) * p.magnitude);
    p.sines[i] = static_cast<float>(sin(angle) * p.magnitude);
  }
};

struct Factors {
  PositionFactorsProblem p;
  CHAKU_DEVICE void operator()(int64_t i) const {
    const int32_t steps = p.positions[i] / p.length;
    p.factors[i] = static_cast<float>(1.0 + p.temperature * log1p(static_cast<double>(steps)));
  }
};

}  // namespace

void rope(const RopeProblem& p, Queue& queue) noexcept { for_each(queue, p.m * p.n_heads * (p.n_dims / 2), Rotate{p}); }
void rope_table(const RopeTableProblem& p, Queue& queue) noexcept { for_each(queue, p.m * p.pairs, Tables{p}); }
void position_factors(const PositionFactorsProblem& p, Queue& queue) noexcept { for_each(queue, p.m, Factors{p}); }

}  // namespace chaku::cuda
