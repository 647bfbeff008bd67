// What goes into each product while texts are computed: the importance of its columns, for quantizers that weigh
// errors.
//
// A weight's error e in column c changes the product by e * x[c], so that the expected square of the change is
// e^2 * E[x[c]^2]: the mean square of a column's inputs is the weight of its squared errors. (Correlations between
// columns are left out, as in all importance matrices.)
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "device/device.h"
#include "model/weights.h"

namespace chaku {

// Sums of squares per product of one set of weights, of each of its P matrices: 1, or the number of experts. Weights
// must stay where they are. Sums do not depend on the number of threads. One thread at a time.
class InputStatistics {
 public:
  struct Sums {
    std::vector<double> squares;  // [P,K]
    std::vector<int64_t> n_rows;  // [P]
  };

  InputStatistics(const Device& device, const DecoderSpec& spec, const Weights& weights);

  // Adds x[m,K], the inputs of one matrix of `linear`; nothing if that is none of the weights' products.
  void add(const Linear& linear, const float* x, int64_t m, int64_t matrix = 0) noexcept;

  // Nothing if `linear` is none of the weights' products.
  std::optional<Sums> read(const Linear& linear) const;

 private:
  struct Sink {
    double* squares = nullptr;    // [P,K] in memory_
    std::vector<int64_t> n_rows;  // [P]
  };

  const Device* device_;
  DeviceBuffer memory_;
  std::unordered_map<const Linear*, Sink> sinks_;
};

}  // namespace chaku
