// Losses of sequences: log-probabilities out of a forward pass, and the backward pass with weights of either sign.
#include <cmath>

#include "model/expect_error.h"
#include "train/gradients.h"

using namespace chaku;
using namespace chaku::test;

namespace {

// Preferred and other answer, packed: -log sigmoid(beta (chosen - rejected - reference)).
struct Pair {
  std::vector<int32_t> tokens, targets, starts = {0, 9, 19};
  std::vector<float> weights;
  double reference = 0.0;  // chosen - rejected

  explicit Pair(int32_t vocab) : tokens(tiny_tokens(19, vocab)), targets(tiny_tokens(19, vocab, 11)) {
    for (int32_t i = 0; i < 19; ++i) weights.push_back(i % 9 < 3 || i == 18 ? 0.0f : 1.0f);
  }
  TrainingBatch batch(const std::vector<float>& by) const { return {3, tokens, {targets.data(), by.data()}, starts}; }
  TrainingBatch batch() const { return batch(weights); }
};

struct PairLoss {
  double loss, slope;  // its derivative by chosen - rejected
};

double margin(const Pair& pair, const std::vector<double>& log_probs) {
  double sum = 0.0;
  for (size_t i = 0; i < log_probs.size(); ++i)
    sum += (static_cast<int32_t>(i) < pair.starts[1] ? 1.0 : -1.0) * log_probs[i];
  return sum;
}

PairLoss pair_loss(const Pair& pair, const std::vector<double>& log_probs) {
  const double beta = 0.7, x = beta * (margin(pair, log_probs) - pair.reference);
  return {std::log1p(std::exp(-x)), -beta / (1.0 + std::exp(x))};
}

std::vector<double> log_probs(Trainer& trainer, const Pair& pair, bool backward_follows) {
  std::vector<double> values(pair.tokens.size());
  trainer.log_probs(pair.batch(), backward_follows, values);
  return values;
}

// The loss falls with a log-probability, as weight * cross-entropy does: the weight is the derivative's opposite.
std::vector<float> signed_weights(const Pair& pair, double slope) {
  std::vector<float> result = pair.weights;
  for (size_t i = 0; i < result.size(); ++i)
    result[i] *= static_cast<float>(static_cast<int32_t>(i) < pair.starts[1] ? -slope : slope);
  return result;
}

std::vector<std::vector<float>> all_gradients(const Trainer& trainer) {
  std::vector<std::vector<float>> result;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    result.push_back(trainer.read(i, Slot::kGradient));
  return result;
}

void check_finite_differences(TinyOptions tiny, TrainerOptions options) {
  const auto model = tiny_decoder(tiny);
  Trainer trainer(model, options);
  if (options.mode == TrainMode::kLora) fill_b(trainer);
  Pair pair(model->spec().vocab_size);
  const std::vector<double> values = log_probs(trainer, pair, true);
  pair.reference = margin(pair, values) - 0.4;
  const PairLoss at = pair_loss(pair, values);
  trainer.backward(pair.batch(signed_weights(pair, at.slope)), 1.0);
  const auto gradients = all_gradients(trainer);
  const auto moved = [&](int32_t p, std::vector<float> parameter, size_t n, float step) {
    parameter[n] += step;
    trainer.write(p, Slot::kValue, parameter);
    return pair_loss(pair, log_probs(trainer, pair, true)).loss;  // with the dropout of its batch index
  };
  for (int32_t p = 0; p < static_cast<int32_t>(gradients.size()); ++p) {
    const std::vector<float>& gradient = gradients[static_cast<size_t>(p)];
    const std::vector<float> base = trainer.read(p, Slot::kValue);
    float largest = 0.0f;
    for (const float g : gradient) largest = std::max(largest, std::fabs(g));
    CHECK(largest > 0.01f);
    const Philox random(5, static_cast<uint64_t>(p));
    for (uint64_t n = 0; n < 4; ++n) {
      const size_t i = random.words(n)[0] % base.size();
      bool agrees = false;
      for (const float step : {1.0f / 128, 1.0f / 64}) {
        const double difference = (moved(p, base, i, step) - moved(p, base, i, -step)) / (2.0 * step);
        agrees = agrees || std::fabs(difference - gradient[i]) <= 0.003 * largest + 3e-4;
      }
      CHECK(agrees);
    }
    trainer.write(p, Slot::kValue, base);
  }
}

}  // namespace

TEST(gradients_of_a_loss_over_a_pair_are_finite_differences) {
  check_finite_differences({}, full_options());
  TrainerOptions lora = lora_options(bit(Module::kAttnQ) | bit(Module::kFfnDown) | bit(Module::kOutput));
  check_finite_differences({}, lora);
  lora.dropout = 0.25f;
  check_finite_differences({}, lora);
}

TEST(backward_by_the_weights_of_accumulate_gives_its_bits) {
  TrainerOptions options = lora_options(bit(Module::kAttnV) | bit(Module::kFfnUp));
  options.dropout = 0.1f;
  const auto model = tiny_decoder({});
  Trainer one(model, options), other(model, options);
  const Pair pair(model->spec().vocab_size);
  const Loss expected = one.accumulate(pair.batch());
  double sum = 0.0;
  for (const double value : log_probs(other, pair, true)) sum -= value;
  const Loss loss = other.backward(pair.batch(), expected.weight_sum);
  CHECK(std::fabs(sum - expected.loss_sum) < 1e-12 * expected.loss_sum);
  CHECK(loss.loss_sum == expected.loss_sum);
  CHECK(all_gradients(one) == all_gradients(other));
  StepOptions step;
  step.learning_rate = 1e-3f;
  CHECK(one.step(step).grad_norm == other.step(step).grad_norm);
}

TEST(log_probs_without_backward_are_those_of_evaluate) {
  TrainerOptions options = lora_options(bit(Module::kAttnV));
  options.dropout = 0.5f;
  const auto model = tiny_decoder({});
  Trainer trainer(model, options);
  fill_b(trainer);
  const Pair pair(model->spec().vocab_size);
  double sum = 0.0;
  const std::vector<double> values = log_probs(trainer, pair, false);
  for (size_t i = 0; i < values.size(); ++i) {
    CHECK((values[i] == 0.0) == (pair.weights[i] == 0.0f));
    sum -= values[i];
  }
  CHECK(std::fabs(sum - trainer.evaluate(pair.batch()).loss_sum) < 1e-12 * sum);
  double dropped = 0.0;
  for (const double value : log_probs(trainer, pair, true)) dropped -= value;
  CHECK(std::fabs(sum - dropped) > 1e-4);
}

TEST(backward_is_refused_without_the_forward_pass_of_its_batch) {
  const auto model = tiny_decoder({});
  Trainer trainer(model, lora_options(bit(Module::kAttnV)));
  const Pair pair(model->spec().vocab_size);
  Pair changed = pair;
  changed.tokens[4] = (changed.tokens[4] + 1) % model->spec().vocab_size;
  StepOptions step;
  step.learning_rate = 1e-3f;
  const auto refused = [&](const Pair& what) {
    CHECK_ERROR(Code::kInvalidState, "the log_probs before it", trainer.backward(what.batch(), 1.0));
  };
  refused(pair);
  log_probs(trainer, pair, false);
  refused(pair);
  log_probs(trainer, pair, true);
  refused(changed);
  trainer.evaluate(pair.batch());
  refused(pair);
  log_probs(trainer, pair, true);
  trainer.backward(pair.batch(), 2.0);
  refused(pair);  // once
  log_probs(trainer, pair, true);
  trainer.step(step);
  refused(pair);
  log_probs(trainer, pair, true);
  CHECK_ERROR(Code::kInvalidArgument, "weight_sum > 0", trainer.backward(pair.batch(), 0.0));
}

TEST(a_weight_that_is_no_number_makes_the_step_be_skipped) {
  const auto model = tiny_decoder({});
  Trainer trainer(model, lora_options(bit(Module::kAttnV)));
  const Pair pair(model->spec().vocab_size);
  log_probs(trainer, pair, true);
  std::vector<float> weights = pair.weights;
  weights[5] = std::nanf("");
  trainer.backward(pair.batch(weights), 1.0);
  StepOptions step;
  step.learning_rate = 1e-3f;
  CHECK(trainer.step(step).skipped);
}
