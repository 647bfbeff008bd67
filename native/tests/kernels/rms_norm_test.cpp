#include "kernels/rms_norm.h"

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kWidths[] = {1, 7, 8, 15, 16, 17, 64, 100, 2048, 2050};

}  // namespace

TEST(forward_of_odd_widths_and_row_counts) {
  for (const int64_t d : kWidths)
    for (const int64_t m : {1, 16, 17})
      for (const float magnitude : {0.0f, 1e-8f, 1.0f, 1e8f}) {
        const Floats x = random_vector(m * (d + 3), 1, magnitude), weight = random_vector(d, 2);
        check_paths("rms_norm d" + std::to_string(d), kNorm, [&](const KernelTable& table, Queue& queue) {
          const size_t y_size = static_cast<size_t>(m * (d + 1));
          Floats out(y_size + static_cast<size_t>(m), kUntouched);  // y, then inverse_rms
          table.rms_norm({.x = x.data(),
                          .weight = weight.data(),
                          .y = out.data(),
                          .inverse_rms = out.data() + y_size,
                          .m = m,
                          .d = d,
                          .x_stride = d + 3,
                          .y_stride = d + 1},
                         queue);
          return out;
        });
      }
}

// Heads with weights of their own: row m uses weights m % weight_rows.
TEST(weights_per_row) {
  constexpr int64_t kM = 20, kD = 19, kRows = 5;
  const Floats x = random_vector(kM * kD, 1), weight = random_vector(kRows * kD, 2), dy = random_vector(kM * kD, 3);
  check_paths("rms_norm with weights per row", kNorm, [&](const KernelTable& table, Queue& queue) {
    Floats out(kM * kD + kM + kM * kD + kRows * kD, 0.25f);  // y, inverse_rms, dx, dweight
    float *y = out.data(), *r = y + kM * kD, *dx = r + kM, *dweight = dx + kM * kD;
    table.rms_norm({.x = x.data(),
                    .weight = weight.data(),
                    .y = y,
                    .inverse_rms = r,
                    .m = kM,
                    .d = kD,
                    .x_stride = kD,
                    .y_stride = kD,
                    .weight_rows = kRows},
                   queue);
    table.rms_norm_backward({.x = x.data(),
                             .weight = weight.data(),
                             .inverse_rms = r,
                             .dy = dy.data(),
                             .dx = dx,
                             .dweight = dweight,
                             .m = kM,
                             .d = kD,
                             .x_stride = kD,
                             .dy_stride = kD,
                             .dx_stride = kD,
                             .weight_rows = kRows},
                            queue);
    return out;
  });
}

TEST(backward_of_odd_widths_overwriting_accumulating_and_in_place) {
  for (const int64_t d : kWidths)
    for (const bool accumulate : {false, true})
      for (const bool in_place : {false, true}) {
        if (accumulate && in_place) continue;
        constexpr int64_t kM = 19;
        const int64_t stride = d + 2;
        const Floats x = random_vector(kM * stride, 1), weight = random_vector(d, 2);
        const Floats dy = random_vector(kM * stride, 3), r = random_vector(kM, 4);
        check_paths("rms_norm_backward d" + std::to_string(d), kNorm, [&](const KernelTable& table, Queue& queue) {
          Floats out = dy;  // dx, then dweight
          out.resize(out.size() + static_cast<size_t>(d), 0.5f);
          table.rms_norm_backward({.x = x.data(),
                                   .weight = weight.data(),
                                   .inverse_rms = r.data(),
                                   .dy = in_place ? out.data() : dy.data(),
                                   .dx = out.data(),
                                   .dweight = out.data() + dy.size(),
                                   .m = kM,
                                   .d = d,
                                   .x_stride = stride,
                                   .dy_stride = stride,
                                   .dx_stride = stride,
                                   .accumulate = accumulate},
                                  queue);
          return out;
        });
      }
}
