#include "kernels/router.h"

#include <functional>

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr Gating kGatings[] = {Gating::kSoftmax, Gating::kSoftmaxTopK, Gating::kSigmoid};

struct Routed {
  std::vector<int32_t> ids;
  Floats weights;
};

Routed route(const Floats& logits, int32_t n_experts, int32_t n_used, Gating gating, bool normalize,
             float scale = 1.0f) {
  const int64_t m = static_cast<int64_t>(logits.size()) / n_experts;
  Routed r{std::vector<int32_t>(static_cast<size_t>(m * n_used)), Floats(static_cast<size_t>(m * n_used))};
  reference_table().route({.logits = logits.data(),
                           .ids = r.ids.data(),
                           .weights = r.weights.data(),
                           .m = m,
                           .n_experts = n_experts,
                           .n_used = n_used,
                           .gating = gating,
                           .normalize = normalize,
                           .scale = scale},
                          queue_of(2));
  return r;
}

std::vector<int32_t> count(const std::vector<int32_t>& ids, int32_t n_experts) {
  std::vector<int32_t> counts(static_cast<size_t>(n_experts));
  for (const int32_t id : ids) ++counts[static_cast<size_t>(id)];
  return counts;
}

double balance(const Floats& logits, const std::vector<int32_t>& counts) {
  const int32_t n_experts = static_cast<int32_t>(counts.size());
  double loss = 0;
  reference_table().balance_loss({.logits = logits.data(),
                                  .counts = counts.data(),
                                  .m = static_cast<int64_t>(logits.size()) / n_experts,
                                  .n_experts = n_experts,
                                  .result = &loss},
                                 queue_of(1));
  return loss;
}

// d loss / d logits by central differences.
void check_gradient(const Floats& analytic, Floats logits, const std::function<double(const Floats&)>& loss) {
  constexpr float kStep = 1e-2f;
  for (size_t i = 0; i < logits.size(); ++i) {
    const float before = logits[i];
    logits[i] = before + kStep;
    const double up = loss(logits);
    logits[i] = before - kStep;
    const double difference = (up - loss(logits)) / (2.0 * kStep);
    logits[i] = before;
    CHECK(std::fabs(difference - analytic[i]) < 2e-4);
  }
}

}  // namespace

TEST(weights_of_each_gating) {
  const float ln2 = std::log(2.0f), ln3 = std::log(3.0f);
  const Floats logits = {0.0f, ln3, ln2, 0.0f};  // softmax: 1/7, 3/7, 2/7, 1/7
  const auto check = [&](Gating gating, bool normalize, float scale, float first, float second) {
    const Routed r = route(logits, 4, 2, gating, normalize, scale);
    CHECK(r.ids == (std::vector<int32_t>{1, 2}));
    const Floats expected = {first, second};
    CHECK_CLOSE(r.weights.data(), expected.data(), 2, 1e-6, 0.0);
  };
  check(Gating::kSoftmax, false, 1.0f, 3.0f / 7, 2.0f / 7);
  check(Gating::kSoftmax, true, 1.0f, 0.6f, 0.4f);
  check(Gating::kSoftmaxTopK, false, 2.0f, 1.2f, 0.8f);
  check(Gating::kSigmoid, false, 1.0f, 0.75f, 2.0f / 3);
  check(Gating::kSigmoid, true, 2.5f, 2.5f * 9 / 17, 2.5f * 8 / 17);
}

TEST(equal_logits_go_to_the_lower_index_and_nan_stays_in_range) {
  CHECK(route({1, 2, 2, 2}, 4, 2, Gating::kSoftmax, false).ids == (std::vector<int32_t>{1, 2}));
  CHECK(route({5, 5, 5}, 3, 3, Gating::kSigmoid, true).ids == (std::vector<int32_t>{0, 1, 2}));
  for (const Gating gating : kGatings)
    for (const int32_t id : route({NAN, NAN, 1, NAN, NAN, NAN, NAN, NAN}, 4, 3, gating, true).ids)
      CHECK(id >= 0 && id < 4);
}

TEST(logits_so_large_that_one_expert_takes_all) {
  for (const Gating gating : {Gating::kSoftmax, Gating::kSoftmaxTopK}) {
    const Routed r = route({-2000.0f, 3000.0f, 500.0f}, 3, 2, gating, true);
    CHECK_EQ(r.weights[0], 1.0f);
    CHECK_EQ(r.weights[1], 0.0f);
  }
}

TEST(route_backward) {
  constexpr int32_t kE = 6, kU = 3;
  constexpr int64_t kM = 5;
  const Floats logits = random_vector(kM * kE, 1, 1.5f), d_weights = random_vector(kM * kU, 2);
  for (const Gating gating : kGatings)
    for (const bool normalize : {false, true})
      for (const float balance_scale : {0.0f, 0.7f}) {
        const Routed r = route(logits, kE, kU, gating, normalize, 1.5f);
        const std::vector<int32_t> counts = count(r.ids, kE);
        std::vector<int32_t> ids = r.ids;
        Floats d_logits(logits.size(), kUntouched);
        reference_table().route_backward({.forward = {.logits = logits.data(),
                                                      .ids = ids.data(),
                                                      .m = kM,
                                                      .n_experts = kE,
                                                      .n_used = kU,
                                                      .gating = gating,
                                                      .normalize = normalize,
                                                      .scale = 1.5f},
                                          .d_weights = d_weights.data(),
                                          .counts = counts.data(),
                                          .balance_scale = balance_scale,
                                          .d_logits = d_logits.data()},
                                         queue_of(2));
        check_gradient(d_logits, logits, [&](const Floats& moved) {
          const Routed again = route(moved, kE, kU, gating, normalize, 1.5f);
          CHECK(again.ids == r.ids);  // no tie was crossed
          double loss = balance_scale * balance(moved, counts);
          for (size_t i = 0; i < d_weights.size(); ++i) loss += static_cast<double>(again.weights[i]) * d_weights[i];
          return loss;
        });
      }
}

TEST(balance_loss_is_least_when_even) {
  const Floats even(8 * 4, 0.0f);
  CHECK(std::fabs(balance(even, {4, 4, 4, 4}) - 2.0) < 1e-12);  // two experts each of eight tokens
  Floats skewed(8 * 4, 0.0f);
  for (size_t t = 0; t < 8; ++t) skewed[t * 4] = 3.0f;
  CHECK(balance(skewed, {8, 8, 0, 0}) > 3.0);
}

TEST(combine_rows) {
  for (const int64_t d : {1, 7, 16, 65, 300})
    for (const bool accumulate : {false, true}) {
      constexpr int64_t kM = 11;
      const Floats x = random_vector(3 * kM * d, 1), before = random_vector(kM * d, 2);
      std::vector<int32_t> rows;
      for (int32_t i = 0; i < 3 * kM; ++i) rows.push_back((i * 7 + 3) % (3 * kM));
      check_paths("combine_rows", kElementwise, [&](const KernelTable& table, Queue& queue) {
        Floats y = before;
        table.combine_rows({.x = x.data(),
                            .rows = rows.data(),
                            .y = y.data(),
                            .m = kM,
                            .d = d,
                            .n_used = 3,
                            .scale = 0.5f,
                            .accumulate = accumulate},
                           queue);
        return y;
      });
    }
}

TEST(row_dots) {
  for (const int64_t d : {1, 7, 16, 65, 300}) {
    constexpr int64_t kM = 21;
    const Floats a = random_vector(kM * d, 1), b = random_vector(kM * d, 2);
    check_paths("row_dots", kProduct, [&](const KernelTable& table, Queue& queue) {
      Floats result(kM, kUntouched);
      table.row_dots({.a = a.data(), .b = b.data(), .result = result.data(), .m = kM, .d = d}, queue);
      return result;
    });
  }
}

TEST(slots_are_sorted_by_expert_and_then_by_token) {
  constexpr int64_t kM = 3;
  constexpr int32_t kExperts = 4, kUsed = 2;
  const int32_t ids[] = {3, 0, 0, 2, 3, 2};
  const float weights[] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f};
  std::vector<int32_t> slots(6), tokens(6), counts(kExperts), offsets(kExperts + 1);
  Floats slot_weights(6);
  reference_table().sort_slots({ids, weights, slots.data(), tokens.data(), slot_weights.data(), counts.data(),
                                offsets.data(), kM, kExperts, kUsed},
                               queue_of(1));
  CHECK((slots == std::vector<int32_t>{4, 0, 1, 2, 5, 3}));
  CHECK((tokens == std::vector<int32_t>{0, 1, 1, 2, 0, 2}));
  CHECK((slot_weights == Floats{0.2f, 0.3f, 0.4f, 0.6f, 0.1f, 0.5f}));
  CHECK((counts == std::vector<int32_t>{2, 0, 2, 2}));
  CHECK((offsets == std::vector<int32_t>{0, 2, 2, 4, 6}));
}

TEST(sigmoid_and_its_gradient) {
  Floats y = {-30.0f, -1.0f, 0.0f, 2.0f};
  const Floats x = y;
  reference_table().sigmoid({y.data(), 4}, queue_of(1));
  Floats dy(4, 2.0f);
  reference_table().sigmoid_backward({y.data(), dy.data(), 4}, queue_of(1));
  for (size_t i = 0; i < 4; ++i) {
    const double s = 1.0 / (1.0 + std::exp(-static_cast<double>(x[i])));
    CHECK(y[i] == static_cast<float>(s));
    CHECK(std::fabs(dy[i] - 2.0 * s * (1.0 - s)) < 1e-6);
  }
}
