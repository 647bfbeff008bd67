// How far a vector path may be from the reference, which sums in float64. All paths of today compute in float32; the
// bounds leave a factor of about three over the worst seen on the shapes of the tests.
#pragma once

namespace chaku::test {

// |actual - expected| <= absolute + relative * |expected|.
struct Tolerance {
  double absolute, relative;
};

// Sums of up to 1000 products of numbers of order one.
constexpr Tolerance kProduct = {1e-4, 2e-5};
// Decoded weights: the vector decoders fuse what the scalar codec rounds twice.
constexpr Tolerance kDecode = {1e-7, 1e-6};
constexpr Tolerance kAttention = {2e-6, 1e-5};
constexpr Tolerance kAttentionGradient = {2e-5, 2e-5};
constexpr Tolerance kNorm = {2e-6, 1e-5};
constexpr Tolerance kElementwise = {1e-7, 1e-6};
constexpr Tolerance kCrossEntropy = {1e-7, 1e-5};
constexpr Tolerance kAdamW = {1e-7, 1e-6};
constexpr Tolerance kExact = {0.0, 0.0};

}  // namespace chaku::test
