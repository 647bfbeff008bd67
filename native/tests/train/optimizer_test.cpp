#include <cmath>
#include <limits>

#include "model/expect_error.h"
#include "model/tiny_decoder.h"
#include "train/trainer.h"

using namespace chaku;
using namespace chaku::test;

namespace {

Trainer make(TrainMode mode, OptimizerKind optimizer = OptimizerKind::kAdamW) {
  TrainerOptions o;
  o.mode = mode;
  o.optimizer = optimizer;
  o.max_tokens = 8;
  o.rank = 1;
  o.targets = 1u << static_cast<int32_t>(Module::kAttnQ);
  TinyOptions tiny;
  tiny.biases = true;
  return Trainer(tiny_decoder(tiny), o);
}

// Makes weight_sum 4 and sets every gradient to `value`.
void gradients(Trainer& trainer, float value) {
  const std::vector<int32_t> tokens = {1, 2, 3}, targets = {2, 3, 4}, starts = {0, 3};
  const std::vector<float> weights = {1.0f, 2.0f, 1.0f};
  trainer.accumulate({0, tokens, {targets.data(), weights.data()}, starts});
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    trainer.write(i, Slot::kGradient, std::vector<float>(static_cast<size_t>(trainer.parameter(i).size()), value));
}

int64_t n_floats(const Trainer& trainer) {
  int64_t n = 0;
  for (const Parameter& p : trainer.parameters()) n += p.size();
  return n;
}

StepOptions plain() {
  StepOptions o;
  o.learning_rate = 0.1f;
  o.epsilon = 0.0f;
  return o;
}

}  // namespace

// The first step of Adam moves by the learning rate, whatever the gradient.
TEST(first_step) {
  Trainer trainer = make(TrainMode::kLora);
  const auto before = trainer.read(0, Slot::kValue);
  const float old = before[0];
  gradients(trainer, 2.0f);
  const StepResult result = trainer.step(plain());
  CHECK(std::fabs(trainer.read(0, Slot::kValue)[0] - (old - 0.1f)) < 1e-6f);
  CHECK(std::fabs(trainer.read(0, Slot::kMoment1)[0] - 0.1f * 0.5f) < 1e-7f);
  CHECK(std::fabs(result.grad_norm - 0.5 * std::sqrt(static_cast<double>(n_floats(trainer)))) < 1e-6);
}

TEST(clipping_scales_the_whole_gradient) {
  Trainer trainer = make(TrainMode::kLora);
  gradients(trainer, 2.0f);
  StepOptions o = plain();
  o.max_grad_norm = 0.25f;
  trainer.step(o);
  const double clipped = 0.25 / std::sqrt(static_cast<double>(n_floats(trainer)));
  CHECK(std::fabs(trainer.read(0, Slot::kMoment1)[0] - 0.1 * clipped) < 1e-8);
  gradients(trainer, 1e-6f);
  o.max_grad_norm = 100.0f;  // above the norm: left alone
  trainer.step(o);
  CHECK(std::fabs(trainer.read(0, Slot::kMoment1)[0] - (0.09 * clipped + 0.1 * 0.25e-6)) < 1e-8);
}

TEST(values_are_clipped_before_the_norm) {
  Trainer trainer = make(TrainMode::kLora);
  gradients(trainer, 2.0f);  // 0.5 of the mean loss
  std::vector<float> g = trainer.read(0, Slot::kGradient);
  g[0] = -0.2f;  // 0.05
  trainer.write(0, Slot::kGradient, g);
  StepOptions o = plain();
  o.max_grad_value = 0.1f;
  const double before = std::sqrt(0.05 * 0.05 + 0.25 * static_cast<double>(n_floats(trainer) - 1));
  CHECK(std::fabs(trainer.step(o).grad_norm - before) < 1e-6);
  CHECK(std::fabs(trainer.read(0, Slot::kMoment1)[0] + 0.1 * 0.05) < 1e-8);
  CHECK(std::fabs(trainer.read(0, Slot::kMoment1)[1] - 0.1 * 0.1) < 1e-8);
  Trainer both = make(TrainMode::kLora);
  gradients(both, 2.0f);
  o.max_grad_norm = 0.05f;
  both.step(o);
  const double clipped = 0.05 / std::sqrt(static_cast<double>(n_floats(both)));
  CHECK(std::fabs(both.read(0, Slot::kMoment1)[0] - 0.1 * clipped) < 1e-8);
}

TEST(lion_has_one_moment) {
  Trainer trainer = make(TrainMode::kLora, OptimizerKind::kLion);
  const float old = trainer.read(0, Slot::kValue)[0];
  gradients(trainer, 2.0f);
  StepOptions o = plain();
  o.beta2 = 0.99f;
  trainer.step(o);
  CHECK(std::fabs(trainer.read(0, Slot::kValue)[0] - (old - 0.1f)) < 1e-6f);
  CHECK(std::fabs(trainer.read(0, Slot::kMoment1)[0] - 0.01f * 0.5f) < 1e-7f);
  CHECK_ERROR(Code::kInvalidArgument, "one moment", trainer.read(0, Slot::kMoment2));
  CHECK_ERROR(Code::kInvalidArgument, "one moment", trainer.write(0, Slot::kMoment2, trainer.read(0, Slot::kMoment1)));
}

// Seven steps of 8-bit moments stay near those of float32, and a trainer that takes up the state goes on with its bits.
TEST(moments_of_8_bits) {
  for (const OptimizerKind kind : {OptimizerKind::kAdamW8Bit, OptimizerKind::kLion8Bit}) {
    const bool lion = is_lion(kind);
    Trainer wide = make(TrainMode::kFull, lion ? OptimizerKind::kLion : OptimizerKind::kAdamW);
    Trainer narrow = make(TrainMode::kFull, kind), resumed = make(TrainMode::kFull, kind);
    StepOptions o = plain();
    o.learning_rate = 0.01f;
    o.epsilon = 1e-8f;
    const auto step = [&](Trainer& trainer) {
      const std::vector<int32_t> tokens = {1, 2, 3}, targets = {2, 3, 4}, starts = {0, 3};
      const std::vector<float> weights = {1.0f, 2.0f, 1.0f};
      trainer.accumulate({0, tokens, {targets.data(), weights.data()}, starts});
      trainer.step(o);
    };
    std::vector<std::vector<float>> first;
    for (int32_t p = 0; p < static_cast<int32_t>(wide.parameters().size()); ++p)
      first.push_back(wide.read(p, Slot::kValue));
    for (int i = 0; i < 7; ++i) {
      step(wide);
      step(narrow);
    }
    double moved = 0.0, apart = 0.0;
    for (int32_t p = 0; p < static_cast<int32_t>(wide.parameters().size()); ++p) {
      const auto a = wide.read(p, Slot::kValue), b = narrow.read(p, Slot::kValue);
      const std::vector<float>& old = first[static_cast<size_t>(p)];
      for (size_t i = 0; i < a.size(); ++i) {
        apart += (a[i] - b[i]) * (a[i] - b[i]);
        moved += (a[i] - old[i]) * (a[i] - old[i]);
      }
      for (const Slot slot : {Slot::kValue, Slot::kMoment1, Slot::kMoment2})
        if (moment_of(slot) < n_moments(kind)) resumed.write(p, slot, narrow.read(p, slot));
    }
    CHECK(apart > 0.0 && moved > 0.0);
    CHECK(apart < 0.05 * moved);
    resumed.set_step(7);
    step(narrow);
    step(resumed);
    for (int32_t p = 0; p < static_cast<int32_t>(wide.parameters().size()); ++p)
      for (const Slot slot : {Slot::kValue, Slot::kMoment1, Slot::kMoment2})
        if (moment_of(slot) < n_moments(kind)) CHECK(resumed.read(p, slot) == narrow.read(p, slot));
  }
}

TEST(the_plan_counts_what_moments_take) {
  const auto model = tiny_decoder({});
  const auto optimizer_bytes = [&](OptimizerKind kind) {
    TrainerOptions o;
    o.mode = TrainMode::kFull;
    o.max_tokens = 8;
    o.optimizer = kind;
    return Trainer::plan(*model, o).optimizer_bytes;
  };
  const int64_t adamw = optimizer_bytes(OptimizerKind::kAdamW), floats = adamw / 8;
  CHECK_EQ(optimizer_bytes(OptimizerKind::kLion), adamw / 2);
  // The tiny model is open as a whole, where a large one is open by pieces.
  CHECK_EQ(optimizer_bytes(OptimizerKind::kAdamW8Bit), 2 * (floats + floats / 64 + 4 * floats));
  CHECK_EQ(moment_bytes(OptimizerKind::kAdamW8Bit, int64_t{1} << 30),
           2 * ((int64_t{1} << 30) + (int64_t{1} << 24) + 4 * Moments::kPiece));
}

TEST(decay_is_for_matrices_only) {
  Trainer trainer = make(TrainMode::kFull);
  std::vector<float> before;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    before.push_back(trainer.read(i, Slot::kValue)[0]);
  gradients(trainer, 0.0f);
  StepOptions o = plain();
  o.weight_decay = 0.5f;
  o.epsilon = 1e-8f;
  trainer.step(o);
  for (size_t i = 0; i < before.size(); ++i) {
    const Parameter& p = trainer.parameters()[i];
    const bool matrix = p.kind == TensorKind::kWeight && p.shape.rows > 1;
    const float expected = matrix ? before[i] * (1.0f - 0.1f * 0.5f) : before[i];
    CHECK(std::fabs(trainer.read(static_cast<int32_t>(i), Slot::kValue)[0] - expected) <= 1e-6f * std::fabs(expected));
  }
}

TEST(lora_plus_moves_b_faster) {
  Trainer trainer = make(TrainMode::kLora);
  const float a = trainer.read(0, Slot::kValue)[0], b = trainer.read(1, Slot::kValue)[0];
  gradients(trainer, 1.0f);
  StepOptions o = plain();
  o.b_rate_ratio = 8.0f;
  trainer.step(o);
  CHECK(std::fabs(a - trainer.read(0, Slot::kValue)[0] - 0.1f) < 1e-6f);
  CHECK(std::fabs(b - trainer.read(1, Slot::kValue)[0] - 0.8f) < 1e-6f);
}

TEST(gradients_that_are_not_finite_skip_the_step) {
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    Trainer trainer = make(TrainMode::kLora);
    const float old = trainer.read(0, Slot::kValue)[0];
    gradients(trainer, 1.0f);
    std::vector<float> g(static_cast<size_t>(trainer.parameter(3).size()), 1.0f);
    g[2] = bad;
    trainer.write(3, Slot::kGradient, g);
    const StepResult result = trainer.step(plain());
    CHECK(result.skipped);
    CHECK(!std::isfinite(result.grad_norm));
    CHECK_EQ(result.step, 0);
    CHECK_EQ(trainer.read(0, Slot::kValue)[0], old);
    CHECK_EQ(trainer.read(3, Slot::kGradient)[2], 0.0f);
    CHECK_EQ(trainer.read(0, Slot::kMoment1)[0], 0.0f);
    gradients(trainer, 1.0f);
    CHECK_EQ(trainer.step(plain()).step, 1);
  }
}

TEST(bad_step_options) {
  Trainer trainer = make(TrainMode::kLora);
  gradients(trainer, 1.0f);
  const auto refused = [&](const char* part, auto change) {
    StepOptions o = plain();
    change(o);
    CHECK_ERROR(Code::kInvalidArgument, part, trainer.step(o));
  };
  refused("learning_rate", [](auto& o) { o.learning_rate = NAN; });
  refused("learning_rate", [](auto& o) { o.learning_rate = -1.0f; });
  refused("learning_rate", [](auto& o) { o.learning_rate = INFINITY; });
  refused("beta1", [](auto& o) { o.beta1 = 1.0f; });
  refused("beta2", [](auto& o) { o.beta2 = -0.1f; });
  refused("epsilon", [](auto& o) { o.epsilon = -1.0f; });
  refused("weight_decay", [](auto& o) { o.weight_decay = NAN; });
  refused("max_grad_norm", [](auto& o) { o.max_grad_norm = -1.0f; });
  refused("max_grad_value", [](auto& o) { o.max_grad_value = -1.0f; });
  refused("b_rate_ratio", [](auto& o) { o.b_rate_ratio = -1.0f; });
  CHECK_EQ(trainer.step(plain()).step, 1);
}
