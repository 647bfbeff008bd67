// Shapes of products for the tests of their kernels.
#pragma once

#include <cmath>
#include <string>

#include "kernels/matmul.h"
#include "paths.h"

namespace chaku::test {

struct Shape {
  int64_t m, n, k;
};

inline std::string describe(const char* op, DType dtype, Shape s) {
  return std::string(op) + " " + dtype_info(dtype).name + " m" + std::to_string(s.m) + " n" + std::to_string(s.n) +
         " k" + std::to_string(s.k);
}

inline double root_mean_square(const Floats& values) {
  double squares = 0;
  for (const float v : values) squares += static_cast<double>(v) * v;
  return std::sqrt(squares / static_cast<double>(values.size()));
}

// dw and dbias, added to what is there, with the bias and without.
inline void check_weight_gradient(Shape s) {
  const int64_t dy_stride = s.n + 3, x_stride = s.k + 1;
  const Floats dy = random_vector(s.m * dy_stride, 41), x = random_vector(s.m * x_stride, 42);
  for (const bool bias : {false, true})
    check_paths(describe("weight_gradient", DType::kF32, s), kProduct, [&](const KernelTable& table, Queue& queue) {
      Floats out(static_cast<size_t>(s.n * s.k + s.n), 0.5f);  // dw, then dbias
      table.weight_gradient({.dy = dy.data(),
                             .dy_stride = dy_stride,
                             .x = x.data(),
                             .x_stride = x_stride,
                             .dw = out.data(),
                             .dbias = bias ? out.data() + s.n * s.k : nullptr,
                             .m = s.m,
                             .n = s.n,
                             .k = s.k,
                             .scale = 0.5f},
                            queue);
      return out;
    });
}

}  // namespace chaku::test
