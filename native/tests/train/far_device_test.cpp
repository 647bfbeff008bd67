// Whole trainings and generations on a device whose memory the host cannot touch: the numbers are those of the CPU, to
// the bit.
#include "device/far_device.h"

#include <cstring>

#include "infer/single_text.h"
#include "model/tiny_kinds.h"
#include "train/merging.h"
#include "train/trainer.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int32_t kTokens = 25;

template <class T>
std::span<T> given(bool far, std::vector<T>& values) {
  return far ? host_copy(std::span<const T>(values)) : std::span<T>(values);
}

std::shared_ptr<const Engine> far_engine(const TinyOptions& o) {
  ChosenDevice chosen;
  chosen.device = std::make_unique<const FarDevice>(o.n_threads, o.path);
  return std::make_shared<const Engine>(std::move(chosen));
}

std::vector<TinyKind> all_kinds() {
  std::vector<TinyKind> kinds = tiny_kinds();
  TinyOptions experts;
  experts.experts = {6, 2, 24, 40, Gating::kSoftmax, true, 1.0f};
  experts.biases = false;
  kinds.push_back({"experts and a shared one", experts});
  TinyOptions sinks;
  sinks.experts = {4, 2, 24, 0, Gating::kSoftmaxTopK, false, 1.0f};
  sinks.biases = sinks.sinks = true;
  kinds.push_back({"experts with biases, sinks", sinks});
  return kinds;
}

uint64_t targets_of(const DecoderSpec& spec) {
  uint64_t bits = uint64_t{1} << static_cast<int32_t>(Module::kOutput);
  for (int32_t l = 0; l < spec.n_layers(); ++l)
    for (int32_t i = 0; i < kLayerLinears; ++i)
      if (const Module module = kLinearModules[static_cast<size_t>(i)];
          spec.has(l, static_cast<LayerLinear>(i)) && is_adaptable(module))
        bits |= uint64_t{1} << static_cast<int32_t>(module);
  return bits;
}

TrainerOptions options_of(const DecoderSpec& spec, TrainMode mode) {
  TrainerOptions o;
  o.mode = mode;
  o.max_tokens = 32;
  o.n_kept = 1;
  if (spec.layers.back().experts.n_experts > 0) o.load_balance = 0.1f;
  if (mode == TrainMode::kFull) return o;
  o.rank = 3;
  o.dropout = 0.1f;
  o.targets = targets_of(spec);
  o.seed = 5;
  return o;
}

void append(std::vector<double>& all, std::span<const float> values) {
  all.insert(all.end(), values.begin(), values.end());
}

// Losses of all micro-batches, then every slot of every parameter.
std::vector<double> train(const std::shared_ptr<Model>& model, const TrainerOptions& options, bool far) {
  Trainer trainer(model, options);
  std::vector<int32_t> tokens = tiny_tokens(kTokens, 48), targets(tokens.begin() + 1, tokens.end());
  std::vector<int32_t> starts = {0, 9, kTokens};
  targets.push_back(0);
  std::vector<float> weights(kTokens, 1.0f);
  weights[8] = weights[24] = 0.0f;
  const auto far_tokens = given(far, tokens), far_targets = given(far, targets), far_starts = given(far, starts);
  const auto far_weights = given(far, weights);
  std::vector<double> all;
  for (int64_t step = 0; step < 2; ++step) {
    const TrainingBatch batch{step, far_tokens, {far_targets.data(), far_weights.data()}, far_starts};
    const Loss loss = trainer.accumulate(batch), clean = trainer.evaluate(batch);
    StepOptions o;
    o.learning_rate = 0.01f;
    o.max_grad_norm = 1.0f;
    all.insert(all.end(), {loss.loss_sum, loss.balance, clean.loss_sum, trainer.step(o).grad_norm});
    trainer.accumulate(batch);
  }
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    for (const Slot slot : {Slot::kValue, Slot::kGradient, Slot::kMoment1, Slot::kMoment2})
      append(all, trainer.read(i, slot));
  return all;
}

// One adapter over the attention's output and the head.
std::shared_ptr<Adapter> some_adapter(const std::shared_ptr<Model>& model, uint64_t seed) {
  auto adapter = std::make_shared<Adapter>(model);
  const auto add = [&](Module module, int32_t layer) {
    const Shape shape = model->spec().shape(module, layer);
    const TinyOptions o{.seed = seed};
    adapter->add(module, layer, 2, 0.5f, tiny_values(o, module, layer, TensorKind::kLoraA, 2 * shape.columns, 0, 0.2f),
                 tiny_values(o, module, layer, TensorKind::kLoraB, 2 * shape.rows, 0, 0.2f));
  };
  add(Module::kAttnOutput, model->spec().n_layers() - 1);
  add(Module::kOutput, -1);
  return adapter;
}

// Logits of a prompt in two parts and of ten greedy tokens, under two adapters; then what went into the head.
std::vector<double> generate(const std::shared_ptr<Model>& model, bool far) {
  SingleText text(model, {40, 16, 0, 0, DType::kF16});
  text.collect_inputs();
  const auto replacing = some_adapter(model, 2);
  replacing->replace(Module::kTokenEmbedding, tiny_values({.seed = 9}, Module::kTokenEmbedding, -1, TensorKind::kWeight,
                                                          48 * int64_t{model->spec().width}, 0, 0.5f));
  replacing->replace_output_as_embedding();
  text.set_adapters({replacing, some_adapter(model, 3)}, std::vector<float>{1.0f, 0.5f});
  std::vector<int32_t> prompt = tiny_tokens(20, 48);
  std::vector<float> room(20 * 48);
  const auto tokens = given(far, prompt);
  const auto logits = given(far, room);
  std::vector<double> all;
  text.eval(tokens, Role::kPrompt, LogitRows::kAll, logits);
  append(all, logits);
  const std::span<float> last = logits.subspan(19 * 48);
  for (int n = 0; n < 10; ++n) {
    tokens[0] = static_cast<int32_t>(std::max_element(last.begin(), last.end()) - last.begin());
    text.eval(tokens.first(1), Role::kGenerated, LogitRows::kLast, last);
    append(all, last);
  }
  const std::vector<double> squares = text.inputs(Module::kOutput, -1).squares;
  all.insert(all.end(), squares.begin(), squares.end());
  return all;
}

// The same on both devices. The far engine ends before the next one begins.
template <class Run>
void check_same(const TinyKind& kind, const char* what, const Run& run) {
  TinyOptions o = kind.options;
  const std::vector<double> near = run(tiny_decoder(o), false);
  o.engine = far_engine(o);
  const std::vector<double> far = run(tiny_decoder(o), true);
  if (near.size() != far.size() || std::memcmp(near.data(), far.data(), near.size() * sizeof(double)) != 0)
    report(kind.name.c_str(), 0, std::string(what) + ": other bits on the far device");
}

}  // namespace

TEST(lora_trainings_are_the_same) {
  for (const TinyKind& kind : all_kinds())
    check_same(kind, "LoRA", [](const auto& model, bool far) {
      return train(model, options_of(model->spec(), TrainMode::kLora), far);
    });
}

TEST(merge_aware_trainings_are_the_same) {
  for (const TinyKind& kind : all_kinds())
    check_same(kind, "merge-aware", [](const auto& model, bool far) {
      TrainerOptions o = options_of(model->spec(), TrainMode::kLora);
      o.targets &= ~(uint64_t{1} << static_cast<int32_t>(Module::kAttnKvB));
      o.merge = merging(model->spec(), o.targets, DType::kQ8_0, 2);
      return train(model, o, far);
    });
}

TEST(trainings_that_subtract_a_pair_are_the_same) {
  for (const TinyKind& kind : all_kinds())
    check_same(kind, "a pair subtracted", [](const auto& model, bool far) {
      TrainerOptions o = options_of(model->spec(), TrainMode::kLora);
      o.targets &= ~(uint64_t{1} << static_cast<int32_t>(Module::kAttnKvB));
      o.subtracts_frozen = true;
      return train(model, o, far);
    });
}

TEST(trainings_with_saved_modules_are_the_same) {
  for (const TinyKind& kind : all_kinds())
    check_same(kind, "saved modules", [](const auto& model, bool far) {
      TrainerOptions o = options_of(model->spec(), TrainMode::kLora);
      o.targets &= ~(uint64_t{1} << static_cast<int32_t>(Module::kOutput));
      o.saved = uint64_t{1} << static_cast<int32_t>(Module::kTokenEmbedding);
      if (!model->weights().tied) o.saved |= uint64_t{1} << static_cast<int32_t>(Module::kOutput);
      return train(model, o, far);
    });
}

TEST(full_trainings_are_the_same) {
  for (const TinyKind& kind : all_kinds())
    check_same(kind, "full", [](const auto& model, bool far) {
      return train(model, options_of(model->spec(), TrainMode::kFull), far);
    });
}

TEST(generations_are_the_same) {
  for (const TinyKind& kind : all_kinds())
    check_same(kind, "generation", [](const auto& model, bool far) { return generate(model, far); });
}
