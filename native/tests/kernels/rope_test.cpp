#include "kernels/rope.h"

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

TEST(both_pairings_and_directions_of_whole_and_partial_heads) {
  constexpr int64_t kM = 18;
  constexpr int32_t kHeads = 3;
  for (const RopePairing pairing : {RopePairing::kAdjacent, RopePairing::kHalves})
    for (const bool backward : {false, true})
      for (const int32_t dims : {2, 4, 6, 16, 30, 32, 34, 64, 128}) {
        const int32_t head_dim = dims + (dims % 4 == 0 ? 0 : 5);
        const int64_t stride = kHeads * head_dim + 4;
        const Floats angles = random_vector(kM * dims / 2, 1), x = random_vector(kM * stride, 2);
        Floats cosines = angles, sines = angles;
        for (size_t i = 0; i < angles.size(); ++i) {
          cosines[i] = 1.1f * std::cos(angles[i]);
          sines[i] = 1.1f * std::sin(angles[i]);
        }
        check_paths("rope dims " + std::to_string(dims), kElementwise, [&](const KernelTable& table, Queue& queue) {
          Floats out = x;
          table.rope({.x = out.data(),
                      .cosines = cosines.data(),
                      .sines = sines.data(),
                      .m = kM,
                      .x_stride = stride,
                      .n_heads = kHeads,
                      .head_dim = head_dim,
                      .n_dims = dims,
                      .pairing = pairing,
                      .backward = backward},
                     queue);
          return out;
        });
      }
}
