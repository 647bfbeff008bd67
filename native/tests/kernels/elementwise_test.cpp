#include "kernels/elementwise.h"

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kSizes[] = {1, 7, 8, 15, 16, 17, 63, 64, 65, 8191, 8192, 8193, 20001};

}  // namespace

// GELU by tanh rounds its argument before the exponential: its tail is right to fewer digits. GELU itself takes the
// normal distribution from a formula of seven digits after the point.
constexpr Tolerance tolerance_of(Activation activation) {
  if (activation == Activation::kGelu) return {2e-6, 2e-6};
  return activation == Activation::kGeluTanh ? Tolerance{5e-7, 2e-6} : kElementwise;
}

constexpr Activation kActivations[] = {Activation::kSilu, Activation::kGeluTanh, Activation::kGelu,
                                       Activation::kSigmoid, Activation::kIdentity};

TEST(gated_activation) {
  for (const Activation activation : kActivations)
    for (const bool gated : {true, false})
      for (const int64_t n : kSizes) {
        const Floats gate = random_vector(n, 1, 4.0f), up = random_vector(n, 2);
        check_paths("gated_activation", tolerance_of(activation), [&](const KernelTable& table, Queue& queue) {
          Floats y = gate;  // in place
          table.gated_activation(
              {.gate = y.data(), .up = gated ? up.data() : nullptr, .y = y.data(), .n = n, .activation = activation},
              queue);
          return y;
        });
      }
}

// exp over its whole range, through silu: x sigmoid(x) of numbers from -200 to 200, infinities and denormals: within
// three units in the last place.
TEST(gated_activation_of_extreme_gates) {
  Floats gate;
  for (float x = -200.0f; x <= 200.0f; x += 0.0371f) gate.push_back(x);
  for (const float x : {0.0f, -0.0f, 1e-40f, -1e-40f, 1e30f, -1e30f, HUGE_VALF}) gate.push_back(x);
  const int64_t n = static_cast<int64_t>(gate.size());
  const Floats up(gate.size(), 1.0f);
  check_paths("gated_activation of extremes", {2e-43, 4e-7}, [&](const KernelTable& table, Queue& queue) {
    Floats y(gate.size());
    table.gated_activation({.gate = gate.data(), .up = up.data(), .y = y.data(), .n = n}, queue);
    return y;
  });
}

TEST(gated_activation_backward) {
  for (const Activation activation : kActivations)
    for (const bool gated : {true, false})
      for (const int64_t n : kSizes) {
        const Floats gate = random_vector(n, 1, 4.0f), up = random_vector(n, 2), dy = random_vector(n, 3);
        check_paths("gated_activation_backward", tolerance_of(activation), [&](const KernelTable& table, Queue& queue) {
          Floats out = gate;  // dgate over gate, then dup over up
          out.insert(out.end(), up.begin(), up.end());
          table.gated_activation_backward({.gate = out.data(),
                                           .up = gated ? out.data() + n : nullptr,
                                           .dy = dy.data(),
                                           .dgate = out.data(),
                                           .dup = gated ? out.data() + n : nullptr,
                                           .n = n,
                                           .activation = activation},
                                          queue);
          return out;
        });
      }
}

// Where squares and cubes overflow, GELU is 0 or its argument, and its slope 0 or 1.
TEST(gelu_of_extremes) {
  const Floats gate = {0.0f, -0.0f, 1e-40f, 30.0f, -30.0f, 1e13f, -1e13f, 1e30f, -1e30f};
  const int64_t n = static_cast<int64_t>(gate.size());
  const Floats ones(gate.size(), 1.0f);
  check_paths("gelu of extremes", {1e-30, 1e-6}, [&](const KernelTable& table, Queue& queue) {
    Floats out(2 * gate.size());
    table.gated_activation({.gate = gate.data(), .y = out.data(), .n = n, .activation = Activation::kGeluTanh}, queue);
    table.gated_activation_backward(
        {.gate = gate.data(), .dy = ones.data(), .dgate = out.data() + n, .n = n, .activation = Activation::kGeluTanh},
        queue);
    return out;
  });
}

TEST(soft_cap) {
  for (const int64_t n : kSizes)
    for (const float magnitude : {0.01f, 1.0f, 100.0f}) {
      const Floats x = random_vector(n, 1, magnitude);
      check_paths("soft_cap", kElementwise, [&](const KernelTable& table, Queue& queue) {
        Floats out = x;
        table.soft_cap({.x = out.data(), .n = n, .cap = 5.0f}, queue);
        return out;
      });
    }
}

TEST(scale_rows) {
  for (const int64_t n : kSizes) {
    const Floats x = random_vector(3 * n, 1), factors = {0.5f, -1.0f, 3.0f};
    check_paths("scale_rows", kElementwise, [&](const KernelTable& table, Queue& queue) {
      Floats out = x;
      table.scale_rows({.x = out.data(), .factors = factors.data(), .m = 3, .n = n}, queue);
      return out;
    });
  }
}

TEST(axpby) {
  for (const int64_t n : kSizes) {
    const Floats x = random_vector(n, 1), y = random_vector(n, 2);
    check_paths("axpby", kElementwise, [&](const KernelTable& table, Queue& queue) {
      Floats out = y;
      table.axpby({.x = x.data(), .y = out.data(), .n = n, .a = 0.5f, .b = -2.0f}, queue);
      return out;
    });
  }
}

TEST(clamp) {
  for (const int64_t n : kSizes) {
    const Floats x = random_vector(n, 1, 3.0f);
    check_paths("clamp", kExact, [&](const KernelTable& table, Queue& queue) {
      Floats out = x;
      table.clamp({.x = out.data(), .n = n, .limit = 0.75f}, queue);
      return out;
    });
  }
}

// The draws are the same bits on every path: a run may move to another machine.
TEST(dropout) {
  for (const int64_t n : kSizes)
    for (const float probability : {0.0f, 0.1f, 0.9f}) {
      const Floats x = random_vector(n, 1);
      check_paths("dropout", kExact, [&](const KernelTable& table, Queue& queue) {
        Floats out = x;
        table.dropout({.x = out.data(),
                       .y = out.data(),
                       .n = n,
                       .probability = probability,
                       .seed = 0x123456789abcdef0u,
                       .stream = 0xfedcba9876543210u},
                      queue);
        return out;
      });
    }
}

TEST(squared_norm) {
  for (const int64_t n : {int64_t{1}, int64_t{17}, int64_t{8192}, int64_t{8193}, int64_t{9000001}})
    for (const float magnitude : {0.0f, 1.0f, 1e10f}) {
      const Floats x = random_vector(n, 1, magnitude);
      check_paths("squared_norm", kElementwise, [&](const KernelTable& table, Queue& queue) {
        double result = -1.0;
        table.squared_norm({.x = x.data(), .n = n, .result = &result}, queue);
        return Floats{static_cast<float>(result)};
      });
    }
}
