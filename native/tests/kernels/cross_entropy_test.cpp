#include "kernels/cross_entropy.h"

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

void check(const Floats& logits, int64_t m, int64_t v, const std::string& what, float soft_cap = 0.0f,
           Tolerance tolerance = kCrossEntropy) {
  std::vector<int32_t> targets(static_cast<size_t>(m));
  Floats weights(static_cast<size_t>(m));
  for (size_t i = 0; i < targets.size(); ++i) {
    targets[i] = static_cast<int32_t>(i * 7919 % static_cast<size_t>(v));
    weights[i] = i % 3 == 2 ? 0.0f : 0.5f + static_cast<float>(i % 2);
  }
  for (const bool gradient : {false, true})
    check_paths(what, tolerance, [&](const KernelTable& table, Queue& queue) {
      Floats out = logits;  // the gradient, then losses and hits
      std::vector<double> losses(targets.size(), -1.0);
      std::vector<uint8_t> correct(targets.size(), 9);
      table.cross_entropy({.logits = out.data(),
                           .targets = targets.data(),
                           .weights = weights.data(),
                           .losses = losses.data(),
                           .correct = correct.data(),
                           .m = m,
                           .v = v,
                           .gradient = gradient,
                           .soft_cap = soft_cap},
                          queue);
      out.insert(out.end(), losses.begin(), losses.end());
      out.insert(out.end(), correct.begin(), correct.end());
      return out;
    });
}

}  // namespace

TEST(vocabularies_around_a_vector) {
  for (const int64_t v : {1, 2, 15, 16, 17, 127, 128, 129, 1000, 32003})
    check(random_vector(5 * v, 1, 3.0f), 5, v, "cross_entropy v" + std::to_string(v));
}

TEST(soft_capped) {
  for (const int64_t v : {1, 17, 1000})
    for (const float magnitude : {0.5f, 3.0f, 30.0f})
      check(random_vector(5 * v, 1, magnitude), 5, v, "soft-capped cross_entropy v" + std::to_string(v), 7.0f,
            {2e-6, 1e-5});
}

TEST(masked_and_huge_logits) {
  Floats logits = random_vector(6 * 100, 2, 50.0f);
  for (size_t i = 0; i < logits.size(); i += 3) logits[i] = i % 2 == 0 ? -HUGE_VALF : -1e30f;
  for (size_t i = 0; i < 6; ++i) logits[i * 100 + i * 7919 % 100] = 20.0f;  // the targets stay finite
  check(logits, 6, 100, "cross_entropy with masks");
}

TEST(equal_logits) { check(Floats(4 * 50, 2.5f), 4, 50, "cross_entropy of equals"); }
