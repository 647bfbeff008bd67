// Gradients of a trainer against finite differences of its loss.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "model/tiny_decoder.h"
#include "test.h"
#include "train/trainer.h"

namespace chaku::test {

// Three sequences packed into one row; some positions carry no weight.
struct PackedRow {
  std::vector<int32_t> tokens, targets, starts;
  std::vector<float> weights;

  explicit PackedRow(int32_t vocab) {
    tokens = tiny_tokens(19, vocab);
    starts = {0, 7, 8, 19};
    targets = tiny_tokens(19, vocab, 11);
    for (size_t i = 0; i < tokens.size(); ++i) weights.push_back(i % 5 == 3 ? 0.0f : 0.5f + 0.25f * (i % 3));
  }

  TrainingBatch batch() const { return {3, tokens, {targets.data(), weights.data()}, starts}; }
};

inline uint64_t bit(Module m) { return uint64_t{1} << static_cast<int32_t>(m); }

inline double loss_at(Trainer& trainer, const PackedRow& row, int32_t index, const std::vector<float>& base, size_t at,
                      float delta, float load_balance) {
  std::vector<float> moved = base;
  moved[at] += delta;
  trainer.write(index, Slot::kValue, moved);
  const Loss loss = trainer.accumulate(row.batch());  // with the dropout of its batch index
  return loss.loss_sum + load_balance * loss.weight_sum * loss.balance;
}

// Central differences at a few coordinates of every parameter. Float32 activations leave some 1e-7 of the loss as
// noise, which a wide step divides; a step too wide has the curvature of the loss in it. Where the first step is too
// noisy, a wider one has to agree: a wrong gradient agrees with neither.
inline void check_gradients(Trainer& trainer, const PackedRow& row, const std::string& what = "",
                            float load_balance = 0.0f) {
  const Loss loss = trainer.accumulate(row.batch());
  CHECK(loss.n_weighted > 10);
  std::vector<std::vector<float>> gradients;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    const auto gradient = trainer.read(i, Slot::kGradient);
    gradients.emplace_back(gradient.begin(), gradient.end());
  }
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    const Parameter& p = trainer.parameter(i);
    const auto read = trainer.read(i, Slot::kValue);
    const std::vector<float> base(read.begin(), read.end());
    const std::vector<float>& gradient = gradients[static_cast<size_t>(i)];
    float largest = 0.0f;
    for (const float g : gradient) largest = std::max(largest, std::fabs(g));
    if (!(largest > 0.05f))  // far above the noise
      report(__FILE__, __LINE__,
             what + " " + module_name(p.module, p.layer) + ": a gradient of " + std::to_string(largest) +
                 " checks nothing");
    const Philox random(5, static_cast<uint64_t>(i));
    for (uint64_t n = 0; n < 6; ++n) {
      const size_t at = random.words(n)[0] % base.size();
      double difference = 0.0;
      const auto agrees = [&](float step) {
        const double up = loss_at(trainer, row, i, base, at, step, load_balance);
        const double down = loss_at(trainer, row, i, base, at, -step, load_balance);
        difference = (up - down) / (2.0 * step);
        const double tolerance = 0.003 * largest + 0.003 * std::fabs(difference) + 3e-4;
        return std::fabs(difference - gradient[at]) <= tolerance;
      };
      if (!agrees(1.0f / 128) && !agrees(1.0f / 64)) {
        report(__FILE__, __LINE__,
               what + " " + module_name(p.module, p.layer) + " kind " + std::to_string(static_cast<int>(p.kind)) +
                   " [" + std::to_string(at) + "]: difference " + std::to_string(difference) + ", gradient " +
                   std::to_string(gradient[at]));
      }
    }
    trainer.write(i, Slot::kValue, base);
  }
}

// B starts at zero, where A has no gradient: give it values.
inline void fill_b(Trainer& trainer) {
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    const Parameter& p = trainer.parameter(i);
    if (p.kind != TensorKind::kLoraB) continue;
    const Philox random(9, static_cast<uint64_t>(i));
    std::vector<float> values(static_cast<size_t>(p.size()));
    for (size_t n = 0; n < values.size(); ++n) values[n] = 0.3f * random.normal(n);
    trainer.write(i, Slot::kValue, values);
  }
}

inline TrainerOptions lora_options(uint64_t targets) {
  TrainerOptions o;
  o.max_tokens = 24;
  o.rank = 3;
  o.scale = 0.7f;
  o.targets = targets;
  o.seed = 4;
  return o;
}

inline TrainerOptions full_options() {
  TrainerOptions o;
  o.mode = TrainMode::kFull;
  o.max_tokens = 24;
  return o;
}

}  // namespace chaku::test
