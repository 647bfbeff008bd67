// The reference path against formulas written out by hand: products with weights of every format, and the small ops.
#include <functional>

#include "data.h"
#include "kernels/table.h"
#include "test.h"

using namespace chaku;
using test::random_vector;

namespace {

using Floats = std::vector<float>;

const KernelTable& table = reference_table();

Queue& queue() {
  static Queue threads(2);
  return threads;
}

}  // namespace

TEST(products_of_every_format_equal_decode_then_multiply) {
  constexpr int64_t kM = 18, kN = 3, kK = 768;
  for (const DType dtype : test::all_dtypes()) {
    const test::Weights w = test::random_weights(dtype, kN, kK, 11);
    const Floats dense = test::decoded(w.matrix), bias = random_vector(kN, 4);
    const Floats x = random_vector(kM * kK, 5), dy = random_vector(kM * kN, 6);
    Floats y(kM * kN, 2.0f), dx(kM * kK, 3.0f), expected_y = y, expected_dx = dx;
    for (int64_t m = 0; m < kM; ++m) {
      for (int64_t n = 0; n < kN; ++n) {
        double sum = 0;
        for (int64_t k = 0; k < kK; ++k) sum += static_cast<double>(x[m * kK + k]) * dense[n * kK + k];
        expected_y[m * kN + n] = static_cast<float>(2.0 + 0.25 * sum + bias[n]);
      }
      for (int64_t k = 0; k < kK; ++k) {
        double sum = 0;
        for (int64_t n = 0; n < kN; ++n) sum += static_cast<double>(dy[m * kN + n]) * dense[n * kK + k];
        expected_dx[m * kK + k] = static_cast<float>(3.0 + 0.5 * sum);
      }
    }
    table.matmul({.x = x.data(),
                  .x_stride = kK,
                  .w = w.matrix,
                  .bias = bias.data(),
                  .y = y.data(),
                  .y_stride = kN,
                  .m = kM,
                  .scale = 0.25f,
                  .accumulate = true},
                 queue());
    table.matmul_backward({.dy = dy.data(),
                           .dy_stride = kN,
                           .w = w.matrix,
                           .dx = dx.data(),
                           .dx_stride = kK,
                           .m = kM,
                           .scale = 0.5f,
                           .accumulate = true},
                          queue());
    CHECK_CLOSE(y.data(), expected_y.data(), kM * kN, 1e-6, 1e-6);
    CHECK_CLOSE(dx.data(), expected_dx.data(), kM * kK, 1e-6, 1e-6);
    const int32_t ids[2] = {2, 0};
    Floats rows(2 * kK);
    table.gather({.w = w.matrix, .ids = ids, .y = rows.data(), .m = 2, .scale = 2.0f}, queue());
    for (int64_t k = 0; k < kK; ++k) {
      CHECK_EQ(rows[k], 2.0f * dense[2 * kK + k]);
      CHECK_EQ(rows[kK + k], 2.0f * dense[k]);
    }
  }
}

TEST(attention_over_one_key_returns_its_value) {
  const Floats q = random_vector(8, 1), k = random_vector(4, 2), v = random_vector(4, 3);
  Floats o(8), lse(2);
  const AttentionSpan span{0, 1, 0, 1};
  table.attention({.q = q.data(),
                   .k = k.data(),
                   .v = v.data(),
                   .o = o.data(),
                   .lse = lse.data(),
                   .q_stride = 8,
                   .kv_stride = 4,
                   .o_stride = 8,
                   .n_heads = 2,
                   .n_kv_heads = 1,
                   .head_dim = 4,
                   .scale = 1.0f,
                   .spans = &span,
                   .n_spans = 1},
                  queue());
  for (int i = 0; i < 8; ++i) CHECK_EQ(o[i], v[i % 4]);
  for (int h = 0; h < 2; ++h) {
    double score = 0;
    for (int i = 0; i < 4; ++i) score += static_cast<double>(q[h * 4 + i]) * k[i];
    CHECK(std::fabs(lse[h] - score) < 1e-6);
  }
}

TEST(cross_entropy_counts_the_lowest_of_equal_logits) {
  Floats logits = {1.0f, 3.0f, 3.0f, 0.0f};
  const int32_t target_low = 1, target_high = 2;
  const float weight = 1.0f;
  double loss = 0;
  uint8_t correct = 9;
  CrossEntropyProblem p{.logits = logits.data(),
                        .targets = &target_low,
                        .weights = &weight,
                        .losses = &loss,
                        .correct = &correct,
                        .m = 1,
                        .v = 4};
  table.cross_entropy(p, queue());
  CHECK_EQ(static_cast<int>(correct), 1);
  CHECK(std::fabs(loss - std::log(std::exp(-2.0) + 2.0 + std::exp(-3.0))) < 1e-12);
  p.targets = &target_high;
  table.cross_entropy(p, queue());
  CHECK_EQ(static_cast<int>(correct), 0);
}

TEST(dropout_keeps_the_share_it_should_and_repeats) {
  constexpr int64_t kN = 100000;
  const Floats x(kN, 1.0f);
  Floats y(kN), again(kN);
  DropoutProblem p{.x = x.data(), .y = y.data(), .n = kN, .probability = 0.25f, .seed = 1, .stream = 2};
  table.dropout(p, queue());
  p.y = again.data();
  table.dropout(p, queue());
  CHECK(y == again);
  int64_t kept = 0;
  for (const float v : y) {
    CHECK(v == 0.0f || v == 1.0f / 0.75f);
    kept += v != 0.0f;
  }
  CHECK(kept > 74000 && kept < 76000);
}

TEST(adamw_first_step_is_the_learning_rate_times_the_sign) {
  Floats parameter = {1.0f, -2.0f}, gradient = {0.5f, -4.0f}, m(2), v(2);
  table.adamw({.parameter = parameter.data(),
               .gradient = gradient.data(),
               .moment1 = m.data(),
               .moment2 = v.data(),
               .n = 2,
               .step = 1,
               .learning_rate = 0.1f,
               .weight_decay = 0.01f,
               .gradient_scale = 2.0f},
              queue());
  CHECK(std::fabs(parameter[0] - (1.0 - 0.1 * (1.0 + 0.01))) < 1e-6);
  CHECK(std::fabs(parameter[1] - (-2.0 - 0.1 * (-1.0 - 0.02))) < 1e-6);
  CHECK(std::fabs(m[0] - 0.1) < 1e-6 && std::fabs(v[1] - 0.064) < 1e-6);  // betas are floats
  CHECK_EQ(gradient[0], 0.0f);
  CHECK_EQ(gradient[1], 0.0f);
}

TEST(squared_norm_of_a_long_vector) {
  const Floats x(5000001, 0.5f);
  double result = 0;
  table.squared_norm({.x = x.data(), .n = static_cast<int64_t>(x.size()), .result = &result}, queue());
  CHECK_EQ(result, 0.25 * 5000001);
}
