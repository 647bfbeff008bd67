// Reproducible random weights in any format that can be encoded, for synthetic shapes.
#pragma once

#include "kernels/matmul.h"
#include "kernels/queue.h"

namespace chaku {

struct RandomValues {
  float mean = 0.0f;
  float deviation = 1.0f;
  uint64_t seed = 0;
};

// Fills a matrix, whose bytes start at `bytes`, with N(mean, deviation). A pattern of a few dozen rows is drawn and
// encoded, then repeated: encoders are slow, and speed does not depend on the values.
void fill_random(const Matrix& matrix, std::byte* bytes, const RandomValues& values, Queue& queue);

}  // namespace chaku
