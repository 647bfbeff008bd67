// What rounding the operands of large products to bfloat16 does to a model: logits keep three digits, and training goes
// the same way. Those of generated tokens are not rounded.
#include <cmath>

#include "infer/single_text.h"
#include "kernels/path_choice.h"
#include "kernels/table_here.h"
#include "model/tiny_decoder.h"
#include "test.h"
#include "train/trainer.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr CpuPath kRounding[] = {CpuPath::kAmx, CpuPath::kAvx512Bf16};

TinyOptions tiny(CpuPath path) {
  TinyOptions o;
  o.width = 64;
  o.ff_width = 96;
  o.path = path;
  return o;
}

std::vector<float> logits(CpuPath path, int32_t n_tokens, Role role = Role::kPrompt) {
  const auto model = tiny_decoder(tiny(path));
  SingleText text(model, {64});
  std::vector<float> out(static_cast<size_t>(n_tokens) * 48);
  text.eval(tiny_tokens(n_tokens, 48, 3), role, LogitRows::kAll, out);
  return out;
}

// The loss of each of 60 steps.
std::vector<double> losses(CpuPath path) {
  TrainerOptions options;
  options.max_tokens = 32;
  options.rank = 4;
  options.scale = 2.0f;
  for (const Module m : kDenseModules) options.targets |= 1u << static_cast<int32_t>(m);
  Trainer trainer(tiny_decoder(tiny(path)), options);
  StepOptions step;
  step.learning_rate = 1e-2f;
  std::vector<double> result;
  const std::vector<int32_t> tokens = tiny_tokens(25, 48, 5), starts = {0, 25};
  const std::vector<int32_t> targets(tokens.begin() + 1, tokens.end());
  std::vector<int32_t> shifted = targets;
  shifted.push_back(0);
  std::vector<float> weights(25, 1.0f);
  weights.back() = 0.0f;
  for (int64_t i = 0; i < 60; ++i) {
    const Loss loss = trainer.accumulate({i, tokens, {shifted.data(), weights.data()}, starts});
    result.push_back(loss.loss_sum / loss.weight_sum);
    trainer.step(step);
  }
  return result;
}

}  // namespace

TEST(logits_keep_three_digits) {
  const std::vector<float> exact = logits(kFloat32Path, 40);
  double squares = 0;
  for (const float v : exact) squares += double{v} * v;
  const double typical = std::sqrt(squares / static_cast<double>(exact.size()));
  for (const CpuPath path : kRounding)
    if (table_here(path) != nullptr)
      CHECK_CLOSE(logits(path, 40).data(), exact.data(), static_cast<int64_t>(exact.size()), 0.03 * typical, 0.0);
}

TEST(generated_tokens_are_not_rounded) {
  for (const CpuPath path : kRounding)
    if (table_here(path) != nullptr) {
      CHECK(logits(path, 9, Role::kGenerated) == logits(kFloat32Path, 9, Role::kGenerated));
      CHECK(logits(path, 1) != logits(kFloat32Path, 1));
    }
}

TEST(training_goes_the_same_way) {
  const std::vector<double> exact = losses(kFloat32Path);
  CHECK(exact.back() < 0.5 * exact.front());
  for (const CpuPath path : kRounding) {
    if (table_here(path) == nullptr) continue;
    const std::vector<double> rounded = losses(path);
    for (size_t i = 0; i < exact.size(); ++i) CHECK(std::fabs(rounded[i] - exact[i]) < 0.02 * exact.front());
  }
}
