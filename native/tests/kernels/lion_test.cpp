#include "kernels/lion.h"

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

TEST(steps_of_all_lengths) {
  for (const int64_t n : {1, 15, 16, 17, 8191, 8193}) {
    const Floats parameter = random_vector(n, 1), gradient = random_vector(n, 2, 0.1f), m = random_vector(n, 3, 0.1f);
    check_paths("lion n" + std::to_string(n), kAdamW, [&](const KernelTable& table, Queue& queue) {
      Floats out = parameter;  // parameter, moment, gradient
      out.insert(out.end(), m.begin(), m.end());
      out.insert(out.end(), gradient.begin(), gradient.end());
      table.lion({.parameter = out.data(),
                  .gradient = out.data() + 2 * n,
                  .moment = out.data() + n,
                  .n = n,
                  .learning_rate = 1e-2f,
                  .weight_decay = 0.1f,
                  .gradient_scale = 0.7f},
                 queue);
      return out;
    });
  }
}

// By hand: what points nowhere moves by its decay alone.
TEST(moves_by_the_learning_rate) {
  check_paths("lion by hand", kAdamW, [&](const KernelTable& table, Queue& queue) {
    Floats parameter = {1.0f, 1.0f, 1.0f}, gradient = {0.5f, -9.0f, 0.0f}, moment = {-0.02f, 0.0f, 0.0f};
    table.lion({.parameter = parameter.data(),
                .gradient = gradient.data(),
                .moment = moment.data(),
                .n = 3,
                .learning_rate = 0.1f,
                .weight_decay = 0.5f},
               queue);
    const double expected[] = {1.0 - 0.1 * 1.5, 1.0 + 0.1 * 0.5, 1.0 - 0.1 * 0.5};
    for (size_t i = 0; i < 3; ++i) CHECK(std::fabs(parameter[i] - expected[i]) < 1e-6);
    CHECK(std::fabs(moment[0] - (-0.99 * 0.02 + 0.01 * 0.5)) < 1e-7);
    parameter.insert(parameter.end(), moment.begin(), moment.end());
    return parameter;
  });
}
