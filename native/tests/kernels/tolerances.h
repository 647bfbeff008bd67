// How far a vector path may be from the reference, which sums in float64. The paths compute in float32 unless said
// otherwise; the bounds leave a factor of about three over the worst seen on the shapes of the tests.
#pragma once

namespace chaku::test {

// |actual - expected| <= absolute + relative * |expected|.
struct Tolerance {
  double absolute, relative;
};

// Sums of up to 1000 products of numbers of order one.
constexpr Tolerance kProduct = {1e-4, 2e-5};
// Products of few tokens on integers: of what an output is on average (the lengths of the vectors over sqrt(K)).
// Where one input in 500 is 200 times the others, its step's other elements keep fewer digits.
constexpr Tolerance kFewTokens = {0.0, 2.5e-6};
constexpr Tolerance kFewTokensWithOutliers = {0.0, 1e-5};
// What rounding both operands to bfloat16 costs: up to 2^-8 of each product; the absolute part is multiplied by the
// weights' root mean square and by the square root of the number of terms.
constexpr Tolerance kBf16Product = {1.5e-2, 8e-3};
// The same for attention and its gradients, as a norm: of the difference over theirs.
constexpr double kBf16Attention = 1e-2;
// The same for whole decoders of a few layers, as a norm: of the difference of all logits or gradients over theirs.
constexpr double kBf16Decoder = 2e-2;
// With the delta rule, whose backward pass divides by the lengths of queries and keys: those of tiny heads are short.
// All of the excess comes from rounding in the forward pass; products of float32 there bring it below kBf16Decoder.
constexpr double kBf16DeltaRuleGradient = 6e-2;
// Decoded weights: the vector decoders fuse what the scalar codec rounds twice.
constexpr Tolerance kDecode = {1e-7, 1e-6};
constexpr Tolerance kAttention = {2e-6, 1e-5};
constexpr Tolerance kAttentionGradient = {2e-5, 2e-5};
constexpr Tolerance kConvolution = {2e-6, 1e-5};
constexpr Tolerance kDeltaRule = {5e-6, 2e-5};
constexpr Tolerance kDeltaRuleGradient = {2e-5, 2e-5};
constexpr Tolerance kNorm = {2e-6, 1e-5};
constexpr Tolerance kElementwise = {1e-7, 1e-6};
constexpr Tolerance kCrossEntropy = {1e-7, 1e-5};
constexpr Tolerance kAdamW = {1e-7, 1e-6};
constexpr Tolerance kExact = {0.0, 0.0};

}  // namespace chaku::test
