// Inputs of the cases, and how far their outputs are off.
#pragma once

#include <cstdint>
#include <vector>

#include "quant/dtype.h"

namespace chaku::bench {

using Floats = std::vector<float>;

// Uniform in [-1, 1).
Floats random_floats(int64_t n, uint64_t seed);

// Random weights, encoded where the codec can and otherwise decoded from random codes under a fixed scale.
std::vector<uint8_t> random_weights(DType dtype, int64_t rows, int64_t columns);

// The largest error, in units of the largest expected value.
double relative_error(const float* actual, const Floats& expected);

}  // namespace chaku::bench
