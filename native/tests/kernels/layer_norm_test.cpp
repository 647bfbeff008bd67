#include "kernels/layer_norm.h"

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kWidths[] = {1, 7, 8, 15, 16, 17, 64, 100, 1030, 2048};

}  // namespace

TEST(forward_of_odd_widths_and_row_counts) {
  for (const int64_t d : kWidths)
    for (const int64_t m : {1, 16, 17})
      for (const int64_t weight_rows : {1, 3})
        for (const bool biased : {false, true}) {
          const Floats x = random_vector(m * (d + 3), 1, 3.0f), weight = random_vector(weight_rows * d, 2);
          const Floats bias = random_vector(weight_rows * d, 3);
          check_paths("layer_norm d" + std::to_string(d), kNorm, [&](const KernelTable& table, Queue& queue) {
            const size_t y_size = static_cast<size_t>(m * (d + 1));
            Floats out(y_size + static_cast<size_t>(m), kUntouched);  // y, then inverse_deviation
            table.layer_norm({.x = x.data(),
                              .weight = weight.data(),
                              .bias = biased ? bias.data() : nullptr,
                              .y = out.data(),
                              .inverse_deviation = out.data() + y_size,
                              .m = m,
                              .d = d,
                              .x_stride = d + 3,
                              .y_stride = d + 1,
                              .weight_rows = weight_rows},
                             queue);
            return out;
          });
        }
}

// A mean far from zero must not eat the digits of what differs from it.
TEST(a_large_mean) {
  Floats x = random_vector(4 * 100, 1);
  for (float& v : x) v += 1000.0f;
  const Floats weight(100, 1.0f);
  check_paths("layer_norm of a large mean", {2e-4, 1e-4}, [&](const KernelTable& table, Queue& queue) {
    Floats out = x;  // in place
    table.layer_norm(
        {.x = out.data(), .weight = weight.data(), .y = out.data(), .m = 4, .d = 100, .x_stride = 100, .y_stride = 100},
        queue);
    return out;
  });
}

TEST(backward_of_odd_widths_overwriting_accumulating_and_in_place) {
  for (const int64_t d : kWidths)
    for (const int64_t weight_rows : {1, 4})
      for (const bool accumulate : {false, true})
        for (const bool in_place : {false, true}) {
          if (accumulate && in_place) continue;
          constexpr int64_t kM = 19;
          const int64_t stride = d + 2;
          const Floats x = random_vector(kM * stride, 1), weight = random_vector(weight_rows * d, 2);
          const Floats dy = random_vector(kM * stride, 3), r = random_vector(kM, 4);
          check_paths("layer_norm_backward d" + std::to_string(d), kNorm, [&](const KernelTable& table, Queue& queue) {
            Floats out = dy;  // dx, then dweight, then dbias
            out.resize(out.size() + static_cast<size_t>(2 * weight_rows * d), 0.5f);
            table.layer_norm_backward({.x = x.data(),
                                       .weight = weight.data(),
                                       .inverse_deviation = r.data(),
                                       .dy = in_place ? out.data() : dy.data(),
                                       .dx = out.data(),
                                       .dweight = out.data() + dy.size(),
                                       .dbias = out.data() + dy.size() + weight_rows * d,
                                       .m = kM,
                                       .d = d,
                                       .x_stride = stride,
                                       .dy_stride = stride,
                                       .dx_stride = stride,
                                       .accumulate = accumulate,
                                       .weight_rows = weight_rows},
                                      queue);
            return out;
          });
        }
}
