#include "train/trainer.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "infer/single_text.h"
#include "model/expect_error.h"
#include "model/tiny_decoder.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr uint32_t bit(Module m) { return 1u << static_cast<int32_t>(m); }

uint32_t all_targets() {
  uint32_t bits = bit(Module::kOutput);
  for (const Module m : kDenseModules) bits |= bit(m);
  return bits;
}

TrainerOptions lora() {
  TrainerOptions o;
  o.max_tokens = 32;
  o.rank = 4;
  o.scale = 2.0f;
  o.targets = all_targets();
  o.seed = 1;
  return o;
}

TrainerOptions full() {
  TrainerOptions o;
  o.mode = TrainMode::kFull;
  o.max_tokens = 32;
  return o;
}

// Two packed sequences, each position predicting the next token.
struct NextTokens {
  std::vector<int32_t> tokens, targets, starts = {0, 9, 25};
  std::vector<float> weights;

  explicit NextTokens(uint64_t seed = 7) : tokens(tiny_tokens(25, 48, seed)), weights(25, 1.0f) {
    targets.assign(tokens.begin() + 1, tokens.end());
    targets.push_back(0);
    weights[8] = weights[24] = 0.0f;
  }
  TrainingBatch batch(int64_t index = 0) const { return {index, tokens, {targets.data(), weights.data()}, starts}; }
};

StepOptions steps(float rate) {
  StepOptions o;
  o.learning_rate = rate;
  o.max_grad_norm = 1.0f;
  o.weight_decay = 0.01f;
  return o;
}

std::vector<float> everything(const Trainer& trainer) {
  std::vector<float> all;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    for (const Slot slot : {Slot::kValue, Slot::kGradient, Slot::kMoment1, Slot::kMoment2}) {
      const auto values = trainer.read(i, slot);
      all.insert(all.end(), values.begin(), values.end());
    }
  return all;
}

// State after three steps of two micro-batches, the gradients of another one on top.
std::vector<float> train_a_little(TinyOptions tiny, TrainerOptions options, int n_threads) {
  tiny.n_threads = n_threads;
  Trainer trainer(tiny_decoder(tiny), options);
  for (int64_t i = 0; i < 3; ++i) {
    trainer.accumulate(NextTokens(1).batch(2 * i));
    trainer.accumulate(NextTokens(2).batch(2 * i + 1));
    trainer.step(steps(1e-2f));
  }
  trainer.accumulate(NextTokens(3).batch(6));
  return everything(trainer);
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TinyOptions rich() {
  TinyOptions o;
  o.n_layers = 3;
  o.biases = o.head_norms = true;
  o.window = 5;
  return o;
}

// LoRA within layers, the embedding and what it is tied to whole.
TrainerOptions saving() {
  TrainerOptions o = lora();
  o.targets &= ~uint64_t{bit(Module::kOutput)};
  o.saved = bit(Module::kTokenEmbedding) | bit(Module::kOutput);
  return o;
}

void overfit(TrainerOptions options, float rate, int n_steps) {
  Trainer trainer(tiny_decoder({}), options);
  const NextTokens data;
  const Loss before = trainer.evaluate(data.batch());
  for (int i = 0; i < n_steps; ++i) {
    trainer.accumulate(data.batch(i));
    CHECK(!trainer.step(steps(rate)).skipped);
  }
  const Loss after = trainer.evaluate(data.batch());
  CHECK_EQ(after.n_weighted, 23);
  CHECK_EQ(after.n_correct, 23);
  CHECK(before.loss_sum / before.weight_sum > 2.0);
  CHECK(after.loss_sum / after.weight_sum < 0.05);
}

}  // namespace

TEST(lora_overfits_a_row) { overfit(lora(), 2e-2f, 150); }

TEST(saved_modules_overfit_a_row) { overfit(saving(), 1e-2f, 100); }

// What a checkpoint holds is all that the next steps depend on.
TEST(saved_modules_go_on_from_their_state_to_the_same_bits) {
  for (const bool tied : {true, false})
    for (const OptimizerKind kind : {OptimizerKind::kAdamW, OptimizerKind::kAdamW8Bit, OptimizerKind::kLion}) {
      TinyOptions tiny = rich();
      tiny.tied = tied;
      tiny.dtype = DType::kQ8_0;
      tiny.ff_width = 64;
      TrainerOptions options = saving();
      options.optimizer = kind;
      const auto more = [&](Trainer& t, int64_t from) {
        for (int64_t i = from; i < from + 2; ++i) {
          t.accumulate(NextTokens(1 + static_cast<uint64_t>(i)).batch(i));
          t.step(steps(1e-2f));
        }
      };
      std::vector<Slot> slots = {Slot::kValue, Slot::kMoment1};
      if (n_moments(kind) == 2) slots.push_back(Slot::kMoment2);
      Trainer one(tiny_decoder(tiny), options), other(tiny_decoder(tiny), options);
      CHECK_EQ(one.parameters().size(), 3u * 14 + (tied ? 1 : 2));
      more(one, 0);
      for (int32_t i = 0; i < static_cast<int32_t>(one.parameters().size()); ++i)
        for (const Slot slot : slots) other.write(i, slot, one.read(i, slot));
      other.set_step(2);
      more(one, 2);
      more(other, 2);
      for (int32_t i = 0; i < static_cast<int32_t>(one.parameters().size()); ++i)
        for (const Slot slot : slots) CHECK(same_bits(one.read(i, slot), other.read(i, slot)));
    }
}

// Untrained copies of what is quantized are the model to the last bit of its decoded weights.
TEST(saved_modules_begin_as_the_model) {
  TinyOptions tiny;
  tiny.dtype = DType::kQ8_0;
  tiny.ff_width = 64;
  tiny.tied = false;
  const auto model = tiny_decoder(tiny);
  Trainer plain(model, lora()), saved(model, saving());
  const NextTokens data;
  CHECK(std::fabs(plain.evaluate(data.batch()).loss_sum - saved.evaluate(data.batch()).loss_sum) < 1e-4);
  const MemoryPlan without = Trainer::plan(*model, lora()), with = Trainer::plan(*model, saving());
  CHECK(with.parameter_bytes - without.parameter_bytes > 2 * (2 * 48 * 32 - 4 * (48 + 32)) * 4 - 4096);
  CHECK_EQ(with.optimizer_bytes, with.parameter_bytes);
}

TEST(what_cannot_be_saved_is_refused) {
  const auto model = tiny_decoder({});
  const auto refused = [&](Code code, const char* part, auto change) {
    TrainerOptions o = saving();
    change(o);
    CHECK_ERROR(code, part, Trainer(model, o));
  };
  const auto invalid = Code::kInvalidArgument;
  refused(invalid, "saved of token_embedding and output", [](auto& o) { o.saved |= bit(Module::kAttnQ); });
  refused(invalid, "got output alone", [](auto& o) { o.saved = bit(Module::kOutput); });
  refused(invalid, "among targets or saved", [](auto& o) { o.targets |= bit(Module::kOutput); });
  refused(invalid, "beside LoRA alone", [](auto& o) { o.mode = TrainMode::kFull; });
  refused(Code::kUnsupported, "without subtracts_frozen", [](auto& o) { o.subtracts_frozen = true; });
  refused(Code::kUnsupported, "without merge-aware", [](auto& o) { o.merge.every = 1; });
}

TEST(full_training_overfits_a_row) { overfit(full(), 1e-2f, 100); }

TEST(threads_do_not_change_a_bit) {
  TrainerOptions dropped = lora();
  dropped.dropout = 0.2f;
  for (const TrainerOptions& options : {dropped, full(), saving()}) {
    const auto one = train_a_little(rich(), options, 1);
    CHECK(same_bits(one, train_a_little(rich(), options, 2)));
    CHECK(same_bits(one, train_a_little(rich(), options, 3)));
  }
}

TEST(kept_activations_do_not_change_a_bit) {
  TrainerOptions dropped = lora();
  dropped.dropout = 0.2f;
  for (TrainerOptions options : {dropped, full(), saving()}) {
    options.n_kept = 0;
    const auto recomputed = train_a_little(rich(), options, 2);
    for (options.n_kept = 1; options.n_kept <= 3; ++options.n_kept)
      CHECK(same_bits(recomputed, train_a_little(rich(), options, 2)));
  }
}

TEST(evaluation_is_the_forward_pass_of_inference) {
  const auto model = tiny_decoder(rich());
  Trainer trainer(model, lora());
  const NextTokens data;
  std::vector<float> weights(9, 1.0f);
  const std::vector<int32_t> starts = {0, 9};
  const Loss loss = trainer.evaluate({0, {data.tokens.data(), 9}, {data.targets.data(), weights.data()}, starts});
  SingleText text(model, {16});
  std::vector<float> logits(9 * 48);
  text.eval({data.tokens.data(), 9}, Role::kPrompt, LogitRows::kAll, logits);
  double expected = 0;
  for (size_t t = 0; t < 9; ++t) {
    double sum = 0;
    for (size_t v = 0; v < 48; ++v) sum += std::exp(static_cast<double>(logits[t * 48 + v]));
    expected += std::log(sum) - logits[t * 48 + static_cast<size_t>(data.targets[t])];
  }
  CHECK(std::fabs(loss.loss_sum - expected) < 1e-4);
}

// What was trained whole is worn as it was seen.
TEST(saved_modules_are_worn_as_they_were_trained) {
  for (const bool tied : {true, false}) {
    TinyOptions tiny = rich();
    tiny.tied = tied;
    const auto model = tiny_decoder(tiny);
    Trainer trainer(model, saving());
    for (int64_t i = 0; i < 3; ++i) {
      trainer.accumulate(NextTokens(1).batch(i));
      trainer.step(steps(3e-2f));
    }
    auto adapter = std::make_shared<Adapter>(model);
    const auto& parameters = trainer.parameters();
    for (int32_t i = 0; i < static_cast<int32_t>(parameters.size()); ++i) {
      const Parameter& p = parameters[static_cast<size_t>(i)];
      if (p.kind == TensorKind::kLoraA)
        adapter->add(p.module, p.layer, 4, 2.0f, trainer.read(i, Slot::kValue), trainer.read(i + 1, Slot::kValue));
      else if (p.kind == TensorKind::kWeight)
        adapter->replace(p.module, trainer.read(i, Slot::kValue));
    }
    if (tied) adapter->replace_output_as_embedding();
    const NextTokens data;
    const std::vector<float> weights(9, 1.0f);
    const std::vector<int32_t> starts = {0, 9};
    std::vector<float> expected(9 * 48), logits(9 * 48), base(9 * 48);
    trainer.logits({0, {data.tokens.data(), 9}, {data.targets.data(), weights.data()}, starts}, expected);
    SingleText text(model, {16}), bare(model, {16});
    bare.eval({data.tokens.data(), 9}, Role::kPrompt, LogitRows::kAll, base);
    text.set_adapters({adapter}, std::vector<float>{1.0f});
    text.collect_inputs();
    text.eval({data.tokens.data(), 9}, Role::kPrompt, LogitRows::kAll, logits);
    CHECK_CLOSE(logits.data(), expected.data(), 9 * 48, 1e-4, 1e-4);
    CHECK_EQ(text.inputs(Module::kOutput, -1).n_rows[0], 9);
    float furthest = 0;
    for (size_t i = 0; i < base.size(); ++i) furthest = std::max(furthest, std::fabs(base[i] - logits[i]));
    CHECK(furthest > 0.1f);
  }
}

TEST(accumulation_is_normalised_by_all_weights) {
  const NextTokens first(1), second(2);
  Trainer trainer(tiny_decoder({}), full());
  const Loss a = trainer.accumulate(first.batch()), b = trainer.accumulate(second.batch());
  double squares = 0;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    for (const float g : trainer.read(i, Slot::kGradient)) squares += static_cast<double>(g) * g;
  const StepResult result = trainer.step(steps(1e-3f));
  CHECK(std::fabs(result.grad_norm - std::sqrt(squares) / (a.weight_sum + b.weight_sum)) < 1e-6 * result.grad_norm);
  CHECK_EQ(result.step, 1);
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    for (const float g : trainer.read(i, Slot::kGradient)) CHECK_EQ(g, 0.0f);
}

TEST(restored_state_goes_on_with_the_same_bits) {
  const NextTokens data;
  TrainerOptions options = lora();
  options.dropout = 0.1f;
  Trainer first(tiny_decoder(rich()), options), second(tiny_decoder(rich()), options);
  const auto advance = [&](Trainer& t, int64_t index) {
    t.accumulate(data.batch(index));
    return t.step(steps(1e-2f)).step;
  };
  advance(first, 0);
  advance(first, 1);
  for (int32_t i = 0; i < static_cast<int32_t>(first.parameters().size()); ++i)
    for (const Slot slot : {Slot::kValue, Slot::kMoment1, Slot::kMoment2}) second.write(i, slot, first.read(i, slot));
  second.set_step(2);
  CHECK_EQ(advance(first, 2), 3);
  CHECK_EQ(advance(second, 2), 3);
  CHECK(same_bits(everything(first), everything(second)));
}

TEST(dropout_differs_by_batch_and_not_in_evaluation) {
  TrainerOptions options = lora();
  options.dropout = 0.5f;
  options.targets = bit(Module::kAttnQ);
  Trainer trainer(tiny_decoder({}), options);
  for (int32_t i = 1; i < static_cast<int32_t>(trainer.parameters().size()); i += 2)
    trainer.write(i, Slot::kValue, std::vector<float>(static_cast<size_t>(trainer.parameter(i).size()), 0.3f));
  const NextTokens data;
  const double zero = trainer.accumulate(data.batch(0)).loss_sum, one = trainer.accumulate(data.batch(1)).loss_sum;
  CHECK(zero != one);
  CHECK_EQ(zero, trainer.accumulate(data.batch(0)).loss_sum);
  CHECK_EQ(trainer.evaluate(data.batch(0)).loss_sum, trainer.evaluate(data.batch(1)).loss_sum);
}

TEST(plan_grows_with_what_is_kept) {
  const auto model = tiny_decoder({});
  TrainerOptions options = lora();
  options.n_kept = 0;
  const MemoryPlan least = Trainer::plan(*model, options);
  options.n_kept = 2;
  const MemoryPlan most = Trainer::plan(*model, options);
  CHECK(most.activation_bytes > least.activation_bytes);
  CHECK_EQ(most.scratch_bytes, least.scratch_bytes);
  options.n_kept = -1;
  options.memory_limit_bytes = least.total_bytes();
  CHECK_EQ(Trainer::plan(*model, options).total_bytes(), least.total_bytes());
  options.memory_limit_bytes = most.total_bytes();
  CHECK_EQ(Trainer::plan(*model, options).total_bytes(), most.total_bytes());
  options.memory_limit_bytes = least.total_bytes() - 1;
  CHECK_ERROR(Code::kMemoryLimit, "[trainer] expected at most", Trainer(model, options));
  CHECK_EQ(most.optimizer_bytes, most.parameter_bytes);
}

TEST(bad_options) {
  const auto model = tiny_decoder({});
  const auto refused = [&](const char* part, auto change) {
    TrainerOptions o = lora();
    change(o);
    CHECK_ERROR(Code::kInvalidArgument, part, Trainer(model, o));
  };
  refused("mode", [](auto& o) { o.mode = static_cast<TrainMode>(2); });
  refused("max_tokens", [](auto& o) { o.max_tokens = 0; });
  refused("max_tokens", [](auto& o) { o.max_tokens = INT32_MAX; });
  refused("rank", [](auto& o) { o.rank = -1; });
  refused("scale", [](auto& o) { o.scale = NAN; });
  refused("dropout", [](auto& o) { o.dropout = 1.0f; });
  refused("dropout", [](auto& o) { o.dropout = NAN; });
  refused("targets", [](auto& o) { o.targets = 0; });
  refused("targets", [](auto& o) { o.targets = bit(Module::kAttnNorm); });
  refused("memory_limit_bytes", [](auto& o) { o.memory_limit_bytes = -1; });
  CHECK_ERROR(Code::kInvalidState, "sealed", Trainer(bare_decoder({}), lora()));
}

TEST(bad_batches) {
  Trainer trainer(tiny_decoder({}), lora());
  const auto refused = [&](const char* part, auto change) {
    NextTokens data;
    int64_t index = 0;
    change(data, index);
    CHECK_ERROR(Code::kInvalidArgument, part, trainer.accumulate(data.batch(index)));
    CHECK_ERROR(Code::kInvalidArgument, part, trainer.evaluate(data.batch(index)));
  };
  refused("1..32 tokens", [](NextTokens& d, int64_t&) { d.tokens.resize(33); });
  refused("got 48 (position 3)", [](NextTokens& d, int64_t&) { d.tokens[3] = 48; });
  refused("targets", [](NextTokens& d, int64_t&) { d.targets[3] = -1; });
  refused("weights", [](NextTokens& d, int64_t&) { d.weights[3] = -0.5f; });
  refused("weights", [](NextTokens& d, int64_t&) { d.weights[3] = NAN; });
  refused("weights", [](NextTokens& d, int64_t&) { d.weights[3] = INFINITY; });
  refused("starts", [](NextTokens& d, int64_t&) { d.starts[0] = 1; });
  refused("starts", [](NextTokens& d, int64_t&) { d.starts.back() = 24; });
  refused("rising", [](NextTokens& d, int64_t&) { d.starts = {0, 9, 9, 25}; });
  refused("rising", [](NextTokens& d, int64_t&) { d.starts = {0, 100, 25}; });
  refused("index", [](NextTokens&, int64_t& i) { i = -1; });
  NextTokens data;
  data.targets[8] = -100;  // of weight 0: not read
  trainer.accumulate(data.batch());
}

TEST(a_row_without_weights_changes_nothing) {
  Trainer trainer(tiny_decoder({}), lora());
  NextTokens data;
  data.weights.assign(25, 0.0f);
  const Loss loss = trainer.accumulate(data.batch());
  CHECK_EQ(loss.n_weighted, 0);
  CHECK_EQ(loss.loss_sum, 0.0);
  CHECK_ERROR(Code::kInvalidState, "weighted tokens", trainer.step(steps(1e-3f)));
}

TEST(slots_are_checked) {
  Trainer trainer(tiny_decoder({}), lora());
  const std::vector<float> one(1);
  CHECK_ERROR(Code::kInvalidArgument, "got -1", trainer.read(-1, Slot::kValue));
  CHECK_ERROR(Code::kInvalidArgument, "index in 0..29, got 30", trainer.read(30, Slot::kValue));
  CHECK_ERROR(Code::kInvalidArgument, "expected 128 floats, got 1 (attn_q of layer 0)",
              trainer.write(0, Slot::kValue, one));
  CHECK_ERROR(Code::kInvalidArgument, "step >= 0", trainer.set_step(-1));
}

TEST(cancelled_accumulate_drops_the_gradients) {
  TinyOptions o;
  o.n_layers = 30;
  o.width = 128;
  o.ff_width = 256;
  TrainerOptions options = lora();
  options.max_tokens = 1024;
  Trainer trainer(tiny_decoder(o), options);
  const std::vector<int32_t> tokens(1024, 1), starts = {0, 1024};
  const std::vector<float> weights(1024, 1.0f);
  trainer.accumulate(NextTokens().batch());
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done.load()) trainer.cancel();
  });
  CHECK_ERROR(Code::kCancelled, "cancelled", trainer.accumulate({0, tokens, {tokens.data(), weights.data()}, starts}));
  done.store(true);
  other.join();
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    for (const float g : trainer.read(i, Slot::kGradient)) CHECK_EQ(g, 0.0f);
  CHECK_ERROR(Code::kInvalidState, "weighted tokens", trainer.step(steps(1e-3f)));
}

TEST(sequences_stay_within_the_embedded_positions) {
  TinyOptions o;
  o.n_positions = 6;
  TrainerOptions options;
  options.max_tokens = 16;
  options.rank = 2;
  options.targets = 1u << static_cast<int32_t>(Module::kAttnQ);
  Trainer trainer(tiny_decoder(o), options);
  const std::vector<int32_t> tokens(12, 1), one = {0, 12}, two = {0, 6, 12};
  const std::vector<float> weights(12, 1.0f);
  trainer.evaluate({0, tokens, {tokens.data(), weights.data()}, two});
  CHECK_ERROR(Code::kInvalidArgument, "6 positions, got 12 (sequence 0)",
              trainer.evaluate({0, tokens, {tokens.data(), weights.data()}, one}));
}

TEST(targets_that_the_model_lacks_are_refused) {
  TinyOptions o;
  o.gated = false;
  TrainerOptions options;
  options.max_tokens = 16;
  options.rank = 2;
  options.targets = 1u << static_cast<int32_t>(Module::kFfnGate);
  CHECK_ERROR(Code::kInvalidArgument, "targets that the model has", Trainer(tiny_decoder(o), options));
}
