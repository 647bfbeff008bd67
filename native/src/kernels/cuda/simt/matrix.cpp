#include "kernels/cuda/simt/matrix.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/half.h"
#include "kernels/cuda/simt/block.h"

namespace chaku::simt {
namespace {

// Rows of 16 bytes take four of the 32 banks each: eight of them are one pass where no two share theirs.
int bank_passes(const LoadMatrix* const (&rows)[8]) {
  int passes = 0;
  for (const LoadMatrix* r : rows) {
    int same = 1;
    for (const LoadMatrix* s : rows) same += s->address / 16 % 8 == r->address / 16 % 8 && s->address != r->address;
    passes = std::max(passes, same);
  }
  return passes;
}

// To the next float towards zero.
float truncated(double x) {
  const float nearest = static_cast<float>(x);
  if (!(std::fabs(static_cast<double>(nearest)) > std::fabs(x))) return nearest;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(nearest) - 1);
}

// Unpacks the fragments of all lanes: a[16][K], b[K][8].
template <class Number, int kPerRegister, class Convert>
void gather(Collective* const* lanes, Number (*a)[8 * kPerRegister], Number (*b)[8], const Convert& convert) {
  constexpr int kBits = 32 / kPerRegister, kHalf = 4 * kPerRegister;
  for (int i = 0; i < 32; ++i) {
    const Mma& lane = *static_cast<const Mma*>(lanes[i]);
    const int g = i / 4, t = i % 4;
    for (int j = 0; j < kPerRegister; ++j) {
      const int k = kPerRegister * t + j;
      for (int r = 0; r < 4; ++r) a[g + r % 2 * 8][k + r / 2 * kHalf] = convert(lane.a[r] >> (kBits * j));
      for (int r = 0; r < 2; ++r) b[k + r * kHalf][g] = convert(lane.b[r] >> (kBits * j));
    }
  }
}

template <class Convert>
void run_float_mma(Collective* const* lanes, const Convert& convert) {
  double a[16][16], b[16][8];
  gather<double, 2>(lanes, a, b, convert);
  double sums[2][16][8] = {};
  for (int half = 0; half < 2; ++half)
    for (int m = 0; m < 16; ++m)
      for (int k = 8 * half; k < 8 * half + 8; ++k)
        for (int n = 0; n < 8; ++n) sums[half][m][n] += a[m][k] * b[k][n];
  for (int i = 0; i < 32; ++i) {
    Mma& lane = *static_cast<Mma*>(lanes[i]);
    for (int r = 0; r < 4; ++r) {
      const int m = i / 4 + r / 2 * 8, n = 2 * (i % 4) + r % 2;
      float d = std::bit_cast<float>(lane.d[r]);
      for (int half = 0; half < 2; ++half) d = truncated(static_cast<double>(d) + sums[half][m][n]);
      lane.d[r] = std::bit_cast<uint32_t>(d);
    }
  }
  ++current_block->counts.mma;
}

}  // namespace

void run_load_matrix(Collective* const* lanes, uint32_t) {
  const auto lane = [&](int i) -> LoadMatrix& { return *static_cast<LoadMatrix*>(lanes[i]); };
  const int n = lane(0).n;
  Counts& counts = current_block->counts;
  for (int m = 0; m < n; ++m) {
    const LoadMatrix* rows[8];
    for (int r = 0; r < 8; ++r) rows[r] = &lane(8 * m + r);
    for (int i = 0; i < 32; ++i) {
      const int pair = 2 * (i % 4), at = i / 4;
      const bool transposed = lane(i).transposed;
      const uint16_t low = transposed ? rows[pair]->row[at] : rows[at]->row[pair];
      const uint16_t high = transposed ? rows[pair + 1]->row[at] : rows[at]->row[pair + 1];
      lane(i).out[m] = low | static_cast<uint32_t>(high) << 16;
    }
    ++counts.matrix_loads;
    counts.matrix_conflicts += bank_passes(rows) - 1;
  }
}

void run_mma_bf16(Collective* const* lanes, uint32_t) {
  run_float_mma(lanes, [](uint32_t bits) { return static_cast<double>(bf16_to_f32(static_cast<uint16_t>(bits))); });
}

void run_mma_f16(Collective* const* lanes, uint32_t) {
  run_float_mma(lanes, [](uint32_t bits) { return static_cast<double>(f16_to_f32(static_cast<uint16_t>(bits))); });
}

void run_mma_s8(Collective* const* lanes, uint32_t) {
  int32_t a[16][32], b[32][8];
  gather<int32_t, 4>(lanes, a, b, [](uint32_t bits) { return static_cast<int32_t>(static_cast<int8_t>(bits)); });
  for (int i = 0; i < 32; ++i) {
    Mma& lane = *static_cast<Mma*>(lanes[i]);
    for (int r = 0; r < 4; ++r)
      for (int k = 0; k < 32; ++k)
        lane.d[r] += static_cast<uint32_t>(a[i / 4 + r / 2 * 8][k] * b[k][2 * (i % 4) + r % 2]);
  }
  ++current_block->counts.mma;
}

}  // namespace chaku::simt
