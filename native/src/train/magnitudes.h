// The state of DoRA's products (kernels/magnitude.h): lengths of the rows that A and B make of the base, and the
// factors that magnitudes are of them. Both follow from the parameters: they are computed again after these change, by
// the same products each time, so that a resumed run has the same bits. A new training's magnitudes are the lengths as
// its first pass finds them: it begins with exactly what A and B add.
#pragma once

#include <vector>

#include "train/parameters.h"

namespace chaku {

// Bytes for the magnitudes among parameters.
int64_t magnitude_bytes(const ParameterList& parameters);

class Magnitudes {
 public:
  Magnitudes() = default;  // of no use
  // All borrowed. The squares of the base's rows are computed here.
  Magnitudes(const Model& model, ParameterStore& store);

  // Tells low-rank additions what their products are multiplied by.
  void place(LowRanks& low_ranks) const;
  // Before a pass, and before parameters are read.
  void prepare() noexcept;
  // After values of this kind were changed, or all by a step. Magnitudes that were changed are what they are.
  void changed(TensorKind kind) noexcept {
    fresh_ = false;
    if (kind == TensorKind::kMagnitude) begins_ = false;
  }
  void stepped() noexcept { changed(TensorKind::kMagnitude); }

  struct Product {
    size_t a = 0;                      // index of A among the parameters; B and the magnitudes follow
    Matrix base;                       // [N,K]
    double* squares = nullptr;         // [N]
    float* inverse_lengths = nullptr;  // [N]
    float* factors = nullptr;          // [N]
  };

 private:
  const Engine* engine_ = nullptr;
  const Weights* weights_ = nullptr;  // the model's
  ParameterStore* store_ = nullptr;
  DeviceBuffer memory_;
  std::vector<Product> products_;
  float *u_ = nullptr, *h_ = nullptr, *gram_ = nullptr;  // of the largest product
  bool fresh_ = false, begins_ = true;
};

}  // namespace chaku
