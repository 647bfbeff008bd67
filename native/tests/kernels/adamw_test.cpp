#include "kernels/adamw.h"

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

TEST(steps_early_and_late) {
  for (const int64_t n : {1, 15, 16, 17, 8191, 8193})
    for (const int64_t step : {1, 10, 100000}) {
      const Floats parameter = random_vector(n, 1), gradient = random_vector(n, 2, 0.1f);
      const Floats m = random_vector(n, 3, 0.1f);
      Floats v = random_vector(n, 4, 0.1f);
      for (float& x : v) x = x * x;
      check_paths("adamw n" + std::to_string(n), kAdamW, [&](const KernelTable& table, Queue& queue) {
        Floats out = parameter;  // parameter, moments, gradient
        out.insert(out.end(), m.begin(), m.end());
        out.insert(out.end(), v.begin(), v.end());
        out.insert(out.end(), gradient.begin(), gradient.end());
        table.adamw({.parameter = out.data(),
                     .gradient = out.data() + 3 * n,
                     .moment1 = out.data() + n,
                     .moment2 = out.data() + 2 * n,
                     .n = n,
                     .step = step,
                     .learning_rate = 1e-2f,
                     .weight_decay = 0.1f,
                     .gradient_scale = 0.7f},
                    queue);
        return out;
      });
    }
}
