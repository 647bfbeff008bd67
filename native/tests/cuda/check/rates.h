// What a device reaches, and the kernels of that.
#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/library.h"

namespace chaku::test {

struct Rate {
  std::string name;
  double value;
  const char* unit;  // "GB/s" or "TFLOP/s"
  double share;      // of the copy's bandwidth, or of the rate of products of bfloat16; 1 of themselves
};

std::vector<Rate> measured_rates(const cuda::Library& library);

}  // namespace chaku::test
