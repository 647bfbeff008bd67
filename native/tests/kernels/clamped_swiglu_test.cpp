#include "kernels/elementwise.h"
#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kSizes[] = {1, 7, 16, 17, 65, 8193};

// Beyond the limits on both sides, and a little within them.
Floats spread(int64_t n, uint64_t seed) { return random_vector(n, seed, 6.0f); }

}  // namespace

TEST(forward_on_every_path) {
  for (const int64_t n : kSizes) {
    const Floats gate = spread(n, 1), up = spread(n, 2);
    check_paths("clamped_swiglu", kElementwise, [&](const KernelTable& table, Queue& queue) {
      Floats y = gate;  // in place
      table.gated_activation(
          {.gate = y.data(), .up = up.data(), .y = y.data(), .n = n, .activation = Activation::kClampedSwiGlu}, queue);
      return y;
    });
  }
}

TEST(backward_on_every_path) {
  for (const int64_t n : kSizes) {
    const Floats gate = spread(n, 1), up = spread(n, 2), dy = random_vector(n, 3);
    check_paths("clamped_swiglu backward", {1e-6, 2e-6}, [&](const KernelTable& table, Queue& queue) {
      Floats out = gate;
      out.insert(out.end(), up.begin(), up.end());
      table.gated_activation_backward({.gate = out.data(),
                                       .up = out.data() + n,
                                       .dy = dy.data(),
                                       .dgate = out.data(),
                                       .dup = out.data() + n,
                                       .n = n,
                                       .activation = Activation::kClampedSwiGlu},
                                      queue);
      return out;
    });
  }
}

TEST(values_beyond_the_limits_are_those_at_them) {
  const Floats gate = {7.0f, 9.0f, 1e30f, 1.0f, 1.0f, -1e30f}, up = {0.5f, 0.5f, 0.5f, 8.0f, -1e30f, 1.0f};
  const float s7 = 7.0f / (1.0f + std::exp(-1.702f * 7.0f)), s1 = 1.0f / (1.0f + std::exp(-1.702f));
  const Floats expected = {1.5f * s7, 1.5f * s7, 1.5f * s7, 8.0f * s1, -6.0f * s1, 0.0f};
  Floats y(6), dgate(6), dup(6);
  const Floats dy(6, 1.0f);
  const KernelTable& table = reference_table();
  table.gated_activation({gate.data(), up.data(), y.data(), 6, Activation::kClampedSwiGlu}, queue_of(1));
  CHECK_CLOSE(y.data(), expected.data(), 6, 1e-6, 1e-6);
  table.gated_activation_backward(
      {gate.data(), up.data(), dy.data(), dgate.data(), dup.data(), 6, Activation::kClampedSwiGlu}, queue_of(1));
  CHECK(dgate[0] == 0.0f && dgate[1] == 0.0f && dgate[2] == 0.0f && dgate[3] != 0.0f);
  CHECK(dup[0] != 0.0f && dup[3] == 0.0f && dup[4] == 0.0f);
}

TEST(backward_is_the_derivative) {
  constexpr int64_t kN = 60;
  const Floats gate = random_vector(kN, 1, 2.0f), up = random_vector(kN, 2, 2.0f), dy(kN, 1.0f);
  Floats dgate(kN), dup(kN);
  const auto value = [&](const Floats& g, const Floats& u) {
    Floats y(kN);
    reference_table().gated_activation({g.data(), u.data(), y.data(), kN, Activation::kClampedSwiGlu}, queue_of(1));
    return y;
  };
  reference_table().gated_activation_backward(
      {gate.data(), up.data(), dy.data(), dgate.data(), dup.data(), kN, Activation::kClampedSwiGlu}, queue_of(1));
  constexpr float kStep = 1.0f / 128;
  for (const bool of_gate : {true, false}) {
    Floats above = of_gate ? gate : up, below = above;
    for (int64_t i = 0; i < kN; ++i) {
      above[i] += kStep;
      below[i] -= kStep;
    }
    const Floats high = of_gate ? value(above, up) : value(gate, above);
    const Floats low = of_gate ? value(below, up) : value(gate, below);
    Floats difference(kN);
    for (int64_t i = 0; i < kN; ++i) difference[i] = (high[i] - low[i]) / (2 * kStep);
    CHECK_CLOSE((of_gate ? dgate : dup).data(), difference.data(), kN, 1e-3, 1e-3);
  }
}
