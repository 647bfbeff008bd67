// Selection of experts with a bias and by groups, against the rule written out.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/data.h"
#include "kernels/paths.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int32_t kExperts = 12, kUsed = 3, kTokens = 40;

// The experts that the rule selects for logits z, the best first.
std::vector<int32_t> selected(const float* z, const RouteProblem& p) {
  double total = 0;
  for (int32_t e = 0; e < kExperts; ++e) total += std::exp(static_cast<double>(z[e]));
  std::vector<double> scores;
  for (int32_t e = 0; e < kExperts; ++e) {
    const double power = std::exp(static_cast<double>(z[e]));
    scores.push_back((p.gating == Gating::kSigmoid ? power / (1 + power) : power / total) +
                     (p.bias != nullptr ? p.bias[e] : 0.0f));
  }
  const int32_t size = p.n_groups > 1 ? kExperts / p.n_groups : kExperts;
  std::vector<std::pair<double, int32_t>> groups;
  for (int32_t g = 0; g < kExperts / size; ++g) {
    std::vector<double> of(scores.begin() + g * size, scores.begin() + (g + 1) * size);
    std::sort(of.rbegin(), of.rend());
    groups.push_back({-(of[0] + of[1]), g});
  }
  std::sort(groups.begin(), groups.end());
  if (p.n_groups > 1) groups.resize(static_cast<size_t>(p.n_groups_used));
  std::vector<int32_t> order;
  for (const auto& [score, g] : groups)
    for (int32_t e = g * size; e < (g + 1) * size; ++e) order.push_back(e);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return scores[static_cast<size_t>(a)] != scores[static_cast<size_t>(b)]
               ? scores[static_cast<size_t>(a)] > scores[static_cast<size_t>(b)]
               : a < b;
  });
  order.resize(kUsed);
  return order;
}

void check(Gating gating, bool biased, int32_t n_groups, int32_t n_groups_used) {
  const std::vector<float> logits = random_vector(kTokens * kExperts, 5), bias = random_vector(kExperts, 6);
  std::vector<int32_t> ids(kTokens * kUsed);
  std::vector<float> weights(ids.size());
  RouteProblem p{logits.data(), ids.data(), weights.data(), kTokens, kExperts, kUsed, gating};
  p.bias = biased ? bias.data() : nullptr;
  p.n_groups = n_groups;
  p.n_groups_used = n_groups_used;
  Queue queue(2);
  reference_table().route(p, queue);
  for (int32_t t = 0; t < kTokens; ++t) {
    const std::vector<int32_t> expected = selected(logits.data() + t * kExperts, p);
    CHECK(std::equal(expected.begin(), expected.end(), ids.begin() + t * kUsed));
    // The weights know nothing of the bias.
    const double z = logits[static_cast<size_t>(t * kExperts + expected[0])];
    if (gating == Gating::kSigmoid)
      CHECK(std::fabs(weights[static_cast<size_t>(t * kUsed)] - 1 / (1 + std::exp(-z))) < 1e-6);
  }
}

}  // namespace

TEST(a_bias_decides_the_selection_alone) {
  check(Gating::kSigmoid, true, 0, 0);
  check(Gating::kSoftmax, true, 0, 0);
}

TEST(the_best_groups_alone_are_selected_from) {
  for (const int32_t used : {1, 2, 3}) {
    check(Gating::kSigmoid, true, 3, used);
    check(Gating::kSoftmax, false, 3, used);
  }
}
