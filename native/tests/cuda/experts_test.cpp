// Routing and slots of experts on the emulated device: the same experts as the reference, and the same weights.
#include "kernels/paths.h"
#include "kernels/router.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kM = 23;
constexpr Tolerance kWeights = {1e-9, 1e-6};

struct Routing {
  int32_t n_experts, n_used;
  Gating gating;
  bool normalize = false, bias = false;
  int32_t n_groups = 0, n_groups_used = 0;
};

// Of a few values, so that some are equal.
Floats logits_of(const Routing& r) {
  Floats z = random_vector(kM * r.n_experts, 1, 2.0f);
  for (float& x : z) x = std::round(x * 4) / 4;
  return z;
}

const Routing kRoutings[] = {
    {1, 1, Gating::kSoftmax},
    {8, 2, Gating::kSoftmax, true},
    {33, 5, Gating::kSoftmaxTopK},
    {100, 8, Gating::kSigmoid, true},
    {64, 6, Gating::kSigmoid, true, true, 8, 4},
    {64, 6, Gating::kSoftmax, false, false, 8, 3},
    {40, 4, Gating::kSoftmaxTopK, true, true},
};

struct Routed {
  std::vector<int32_t> ids;
  Floats weights, d_logits;
};

Routed route(const KernelTable& table, int order, const Routing& r, const Floats& z, const Floats& bias,
             const Floats& d_weights, const std::vector<int32_t>& counts) {
  Routed out;
  out.ids.resize(static_cast<size_t>(kM * r.n_used));
  out.weights.resize(out.ids.size());
  out.d_logits.resize(z.size());
  const RouteProblem p{.logits = z.data(),
                       .ids = out.ids.data(),
                       .weights = out.weights.data(),
                       .m = kM,
                       .n_experts = r.n_experts,
                       .n_used = r.n_used,
                       .gating = r.gating,
                       .normalize = r.normalize,
                       .scale = 1.5f,
                       .bias = r.bias ? bias.data() : nullptr,
                       .n_groups = r.n_groups,
                       .n_groups_used = r.n_groups_used};
  table.route(p, queue_of(order));
  table.route_backward({p, d_weights.data(), counts.data(), 0.1f, out.d_logits.data()}, queue_of(order));
  return out;
}

}  // namespace

TEST(experts_and_their_weights) {
  for (const Routing& r : kRoutings) {
    const Floats z = logits_of(r), bias = random_vector(r.n_experts, 2, 0.3f), dw = random_vector(kM * r.n_used, 3);
    std::vector<int32_t> counts;
    for (int32_t e = 0; e < r.n_experts; ++e) counts.push_back(e % 5);
    const Routed expected = route(reference_table(), 1, r, z, bias, dw, counts);
    for (const int order : {1, 2, 3}) {
      const Routed actual = route(emulated_float32_table(), order, r, z, bias, dw, counts);
      CHECK(actual.ids == expected.ids);
      const int64_t n = static_cast<int64_t>(expected.weights.size());
      CHECK_CLOSE(actual.weights.data(), expected.weights.data(), n, kWeights.absolute, kWeights.relative);
      CHECK_CLOSE(actual.d_logits.data(), expected.d_logits.data(), static_cast<int64_t>(z.size()), 1e-8, 1e-5);
    }
    const auto balance = [&](const KernelTable& table) {
      double result = 0;
      table.balance_loss({z.data(), counts.data(), kM, r.n_experts, &result}, queue_of(1));
      return result;
    };
    const double expected_loss = balance(reference_table());
    CHECK(std::fabs(balance(emulated_float32_table()) - expected_loss) <= 1e-12 * expected_loss);
  }
}

TEST(slots_are_sorted_by_expert_and_token) {
  for (const int64_t m : {1, 100, 400})
    for (const int32_t n_experts : {1, 7, 40}) {
      constexpr int32_t kUsed = 3;
      std::vector<int32_t> ids;
      for (int64_t i = 0; i < m * kUsed; ++i) ids.push_back(static_cast<int32_t>(i * i % 31 % n_experts));
      const Floats weights = random_vector(m * kUsed, 5);
      const auto sort = [&](const KernelTable& table, int order) {
        std::vector<int32_t> all(static_cast<size_t>(2 * m * kUsed + 2 * n_experts + 1));
        Floats slot_weights(weights.size());
        int32_t* slots = all.data();
        int32_t *tokens = slots + m * kUsed, *counts = tokens + m * kUsed, *offsets = counts + n_experts;
        table.sort_slots(
            {ids.data(), weights.data(), slots, tokens, slot_weights.data(), counts, offsets, m, n_experts, kUsed},
            queue_of(order));
        for (const float w : slot_weights) all.push_back(static_cast<int32_t>(w * 1e6f));
        return all;
      };
      const auto expected = sort(reference_table(), 1);
      for (const int order : {1, 2, 3}) CHECK(sort(emulated_float32_table(), order) == expected);
    }
}
