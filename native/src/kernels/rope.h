// Rotary position embedding (Su et al., 2021), in place. The backward pass is the rotation by the opposite angle.
#pragma once

#include <cstdint>

namespace chaku {

enum class RopePairing : int32_t { kAdjacent = 0, kHalves = 1 };

struct RopeProblem {
  float* x = nullptr;              // [M, heads, head_dim], x_stride between tokens, rotated in place
  const float* cosines = nullptr;  // [M, n_dims/2], magnitude included
  const float* sines = nullptr;    // [M, n_dims/2], magnitude included
  int64_t m = 0, x_stride = 0;
  int32_t n_heads = 0, head_dim = 0, n_dims = 0;
  RopePairing pairing = RopePairing::kAdjacent;
  bool backward = false;
};

}  // namespace chaku
