// Whole decoders on the emulated device: generations under adapters, and gradients and steps of trainings, beside the
// CPU's reference. All that is computed runs in CUDA kernels; the device's memory is closed to the host.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cuda/device_under_test.h"
#include "device/cuda_device.h"
#include "infer/single_text.h"
#include "kernels/cuda/queue.cuh"
#include "kernels/cuda/simt/device_memory.h"
#include "kernels/cuda/simt/options.h"
#include "model/expect_error.h"
#include "model/tiny_kinds.h"
#include "test.h"
#include "train/merging.h"
#include "train/trainer.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int32_t kTokens = 17;
// As norms: of the difference of all numbers over theirs. Sums of float32 in another order; the same over a cache of
// halves, where a few numbers fall on the other side of a border; operands of bfloat16.
constexpr double kFloat32 = 2e-5, kHalves = 1e-4, kBf16 = 2e-2;

std::shared_ptr<const Engine> emulated_engine(bool tensor_cores, int32_t gpu_layers = -1) {
  const cuda::Library& library = device_library();
  ChosenDevice chosen;
  chosen.device = std::make_unique<const CudaDevice>(library, tensor_cores ? *library.tensor : *library.float32, 0);
  chosen.gpu_layers = gpu_layers;
  return std::make_shared<const Engine>(std::move(chosen));
}

std::vector<TinyKind> kinds() {
  std::vector<TinyKind> all = {{"plain", {}}};
  TinyOptions quantized;
  quantized.dtype = DType::kQ8_0;
  quantized.ff_width = 64;
  all.push_back({"Q8_0", quantized});
  TinyOptions experts;
  experts.experts = {6, 2, 24, 40, Gating::kSoftmax, true, 1.0f};
  all.push_back({"experts and a shared one", experts});
  TinyOptions sinks;
  sinks.experts = {4, 2, 24, 0, Gating::kSoftmaxTopK, false, 1.0f};
  sinks.biases = sinks.sinks = true;
  all.push_back({"experts with biases, sinks", sinks});
  for (const TinyKind& kind : tiny_kinds()) all.push_back(kind);
  return all;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, size = 0;
  if (a.size() != b.size()) return HUGE_VAL;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

// The same on the reference and on the device, within `bound`.
template <class Run>
void check_close(const TinyKind& kind, const char* what, bool tensor_cores, double bound, const Run& run) {
  TinyOptions o = kind.options;
  o.path = CpuPath::kReference;
  const std::vector<double> expected = run(tiny_decoder(o));
  o.engine = emulated_engine(tensor_cores);
  const double apart = distance(run(tiny_decoder(o)), expected);
  if (!(apart <= bound))
    report(kind.name.c_str(), 0, std::string(what) + ": apart by " + std::to_string(apart / bound) + " x the bound");
}

void append(std::vector<double>& all, std::span<const float> values) {
  all.insert(all.end(), values.begin(), values.end());
}

std::shared_ptr<Adapter> some_adapter(const std::shared_ptr<Model>& model) {
  auto adapter = std::make_shared<Adapter>(model);
  const auto add = [&](Module module, int32_t layer) {
    const Shape shape = model->spec().shape(module, layer);
    const TinyOptions o{.seed = 2};
    adapter->add(module, layer, 2, 0.5f, tiny_values(o, module, layer, TensorKind::kLoraA, 2 * shape.columns, 0, 0.2f),
                 tiny_values(o, module, layer, TensorKind::kLoraB, 2 * shape.rows, 0, 0.2f));
  };
  add(Module::kAttnOutput, model->spec().n_layers() - 1);
  add(Module::kOutput, -1);
  return adapter;
}

// Logits of a prompt in two parts and of three tokens.
std::vector<double> generate(const std::shared_ptr<Model>& model, DType cache) {
  SingleText text(model, {40, 16, 0, 0, cache});
  text.set_adapters({some_adapter(model)}, std::vector<float>{0.7f});
  const std::vector<int32_t> tokens = tiny_tokens(kTokens, 48);
  std::vector<float> logits(kTokens * 48);
  std::vector<double> all;
  text.eval(tokens, Role::kPrompt, LogitRows::kAll, logits);
  append(all, logits);
  for (const int32_t token : {3, 41, 7}) {
    text.eval(std::vector<int32_t>{token}, Role::kGenerated, LogitRows::kLast, std::span(logits).first(48));
    append(all, std::span(logits).first(48));
  }
  return all;
}

// A loss, all gradients, and the loss behind a step.
struct Training {
  TrainMode mode = TrainMode::kLora;
  bool offload = false;
  int32_t n_kept = 1;
  bool magnitudes = false;          // DoRA's
  DType merged_into = DType::kF32;  // trained through the quantizer of a merge, where it is another
};

std::vector<double> train(const std::shared_ptr<Model>& model, const Training& training) {
  TrainerOptions options;
  options.mode = training.mode;
  options.max_tokens = 32;
  options.n_kept = training.n_kept;
  options.offload = training.offload;
  if (training.mode == TrainMode::kLora) {
    options.rank = 3;
    options.dropout = 0.1f;
    options.targets = uint64_t{1} << static_cast<int32_t>(Module::kAttnOutput);
    options.seed = 5;
    options.magnitudes = training.magnitudes;
    if (training.merged_into != DType::kF32)
      options.merge = merging(model->spec(), options.targets, training.merged_into, 3);
  }
  Trainer trainer(model, options);
  const std::vector<int32_t> tokens = tiny_tokens(kTokens, 48), starts = {0, 9, kTokens};
  std::vector<int32_t> targets(tokens.begin() + 1, tokens.end());
  targets.push_back(0);
  std::vector<float> weights(kTokens, 1.0f);
  weights[8] = weights[16] = 0.0f;
  const TrainingBatch batch{0, tokens, {targets.data(), weights.data()}, starts};
  std::vector<double> all = {trainer.accumulate(batch).loss_sum};
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    append(all, trainer.read(i, Slot::kGradient));
  StepOptions step;
  step.learning_rate = 1e-3f;
  all.push_back(trainer.step(step).grad_norm);
  all.push_back(trainer.evaluate(batch).loss_sum);
  if (!training.magnitudes) return all;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)  // that the step moved
    append(all, trainer.read(i, Slot::kValue));
  return all;
}

}  // namespace

TEST(generations) {
  for (const TinyKind& kind : kinds())
    check_close(kind, "generation", false, kFloat32, [](const auto& model) { return generate(model, DType::kF32); });
}

TEST(generations_over_a_cache_of_halves) {
  for (const TinyKind& kind : kinds())
    check_close(kind, "generation", false, kHalves, [](const auto& model) { return generate(model, DType::kF16); });
}

TEST(generations_on_tensor_cores) {
  for (const TinyKind& kind : {kinds()[0], kinds()[1]})
    check_close(kind, "generation", true, kBf16, [](const auto& model) { return generate(model, DType::kF16); });
}

TEST(lora_trainings) {
  for (const TinyKind& kind : kinds())
    check_close(kind, "LoRA", false, kFloat32, [](const auto& model) { return train(model, {}); });
}

TEST(dora_trainings) {
  Training dora;
  dora.magnitudes = true;
  for (const TinyKind& kind : {kinds()[0], kinds()[1], kinds()[8]})
    check_close(kind, "DoRA", false, kFloat32, [&](const auto& model) { return train(model, dora); });
}

TEST(trainings_through_a_merge_s_quantizer) {
  Training merged;
  merged.merged_into = DType::kQ4_0;
  for (const TinyKind& kind : {kinds()[0], kinds()[1]})
    check_close(kind, "merge-aware", false, kFloat32, [&](const auto& model) { return train(model, merged); });
}

TEST(full_trainings) {
  for (const TinyKind& kind : {kinds()[0], kinds()[3], kinds()[4], kinds()[8]})
    check_close(kind, "full", false, kFloat32, [](const auto& model) { return train(model, {TrainMode::kFull}); });
}

TEST(trainings_on_tensor_cores) {
  check_close(kinds()[0], "full", true, kBf16, [](const auto& model) { return train(model, {TrainMode::kFull}); });
}

namespace {

// Depths at which layers come in pairs, one alone, and all.
std::vector<TinyKind> deep_kinds() {
  std::vector<TinyKind> deep = {kinds()[1], kinds()[2]};
  deep[0].options.n_layers = 5;
  deep[1].options.n_layers = 4;
  return deep;
}

}  // namespace

// Wherever weights lie, and whenever the streams run, the bits are those of weights that stay.
TEST(layers_that_come_when_they_are_needed) {
  for (const TinyKind& kind : deep_kinds()) {
    const auto run = [&](TrainMode mode, int32_t gpu_layers, unsigned order) {
      simt::options().order = order;
      TinyOptions o = kind.options;
      o.engine = emulated_engine(false, gpu_layers);
      const std::shared_ptr<Model> model = tiny_decoder(o);
      CHECK_EQ(model->host_bytes() > 0, gpu_layers >= 0 && gpu_layers < o.n_layers);
      std::vector<double> all = generate(model, DType::kF32);
      for (const double value : train(model, {mode})) all.push_back(value);
      simt::options().order = 0;
      return all;
    };
    const std::vector<double> resident[] = {run(TrainMode::kLora, -1, 0), run(TrainMode::kFull, -1, 0)};
    // Each number of layers with streams in an order that is drawn and in one that is not, one of them a full training.
    for (int32_t n = 0; n < kind.options.n_layers; ++n)
      for (const bool drawn : {false, true}) {
        const unsigned at = static_cast<unsigned>(n), order = drawn ? 7 + at : at % 2;
        const TrainMode mode = drawn == (at / 2 % 2 == 0) ? TrainMode::kFull : TrainMode::kLora;
        if (run(mode, n, order) != resident[mode == TrainMode::kFull])
          report(kind.name.c_str(), 0, std::to_string(n) + " layers stay, order " + std::to_string(order));
      }
  }
}

// Before anything is allocated, with what would fit.
TEST(weights_that_do_not_fit) {
  TinyOptions o = kinds()[1].options;
  o.n_layers = 6;
  o.engine = emulated_engine(false);
  const WeightSizes sizes = tiny_decoder(o)->weight_sizes();
  const auto room = [&](int64_t n_bytes) {
    simt::options().device_bytes = simt::allocated_device_bytes() + static_cast<size_t>(n_bytes);
  };
  const size_t all = simt::options().device_bytes;
  room(sizes.on_device(2) + sizes.layers[0] / 2);
  CHECK_ERROR(Code::kMemoryLimit, "of 6 of 6 layers", tiny_decoder(o));
  CHECK_ERROR(Code::kMemoryLimit, "; with gpu_layers 2 the weights fit", tiny_decoder(o));
  room(sizes.outside);
  CHECK_ERROR(Code::kMemoryLimit, "what is outside layers alone, with windows of two, does not fit", tiny_decoder(o));
  simt::options().device_bytes = all;
  const std::shared_ptr<Model> model = tiny_decoder(o);
  const int64_t text = Pool::plan(*model, {40, 16, 0, 0, DType::kF32}).total_bytes() - model->weight_bytes();
  room(text - 2 * sizes.layers[0]);
  CHECK_ERROR(Code::kMemoryLimit, "; with gpu_layers 2 it fits", SingleText(model, {40, 16, 0, 0, DType::kF32}));
  simt::options().device_bytes = all;
}

// Wherever a block's input waits for the backward pass, beside weights that stay or come, of every kind that is deep
// enough. All streams' orders, with weights that come and without, for two kinds; the others take turns.
TEST(activations_that_wait_in_the_host_s_memory) {
  unsigned seed = 2;
  for (TinyKind kind : kinds()) {
    const bool all_ways = seed < 4;
    kind.options.n_layers = std::max(kind.options.n_layers, 5);
    const auto run = [&](const Training& training, int32_t gpu_layers, unsigned order) {
      simt::options().order = order;
      TinyOptions o = kind.options;
      o.engine = emulated_engine(false, gpu_layers);
      std::vector<double> all = train(tiny_decoder(o), training);
      simt::options().order = 0;
      return all;
    };
    const bool full = seed % 4 == 2;
    const TrainMode mode = full ? TrainMode::kFull : TrainMode::kLora;
    const std::vector<double> expected = run({mode, false, 1}, -1, 0);
    const unsigned in_order = seed % 2, drawn = ++seed;
    for (const unsigned order : {in_order, drawn})
      for (const int32_t gpu_layers : {-1, 2})
        if (all_ways || (order == drawn && (gpu_layers == 2) == (seed / 4 % 2 == 0)))
          if (run({mode, true, static_cast<int32_t>(order % 2)}, gpu_layers, order) != expected)
            report(kind.name.c_str(), 0,
                   "order " + std::to_string(order) + ", gpu_layers " + std::to_string(gpu_layers));
  }
}

TEST(what_waits_in_the_host_s_memory_is_planned) {
  TinyOptions o = kinds()[0].options;
  o.n_layers = 6;
  o.engine = emulated_engine(false);
  const std::shared_ptr<Model> model = tiny_decoder(o);
  TrainerOptions options;
  options.mode = TrainMode::kFull;
  options.max_tokens = 32;
  options.n_kept = 0;
  const MemoryPlan all = Trainer::plan(*model, options);
  options.offload = true;
  const MemoryPlan some = Trainer::plan(*model, options);
  const int64_t stream = int64_t{32} * o.width * 4;
  CHECK_EQ(some.host_bytes - all.host_bytes, 4 * stream);
  CHECK_EQ(all.activation_bytes - some.activation_bytes, 4 * stream);
  o.engine = nullptr;
  CHECK_EQ(Trainer::plan(*tiny_decoder(o), options).host_bytes, 0);
}

namespace {

// What a model computes on a queue with graphs, or without; the environment is as it was afterwards.
struct Computed {
  std::vector<double> values;
  cuda::LaunchCounts counts;
};
template <class Run>
Computed compute(TinyOptions o, bool graphs, bool tensor_cores, int32_t gpu_layers, const Run& run) {
  if (!graphs) setenv("CHAKU_CUDA_GRAPHS", "off", 1);
  o.engine = emulated_engine(tensor_cores, gpu_layers);
  unsetenv("CHAKU_CUDA_GRAPHS");
  Computed c;
  const std::shared_ptr<Model> model = tiny_decoder(o);
  const cuda::CudaQueue& queue = cuda::cuda_queue(o.engine->device().queue());
  const cuda::LaunchCounts before = queue.counts();
  c.values = run(model);
  c.counts = queue.counts();
  c.counts.kernels -= before.kernels;
  c.counts.alone -= before.alone;
  return c;
}

// Two texts beside each other in lengths: their tokens alternate, one under an adapter.
std::vector<double> generate_long(const std::shared_ptr<Model>& model) {
  std::vector<double> all;
  std::vector<float> logits(48);
  SingleText texts[] = {{model, {64, 16, 0, 0, DType::kF16}}, {model, {64, 16, 0, 0, DType::kF16}}};
  texts[0].set_adapters({some_adapter(model)}, std::vector<float>{0.7f});
  texts[0].eval(tiny_tokens(kTokens, 48), Role::kPrompt, LogitRows::kLast, logits);
  texts[1].eval(tiny_tokens(5, 48), Role::kPrompt, LogitRows::kLast, logits);
  for (int32_t i = 0; i < 12; ++i) {
    SingleText& text = texts[i % 3 == 0];
    text.eval(std::vector<int32_t>{(7 * i + 3) % 48}, Role::kGenerated, LogitRows::kLast, logits);
    append(all, logits);
  }
  return all;
}

// Steps of trainings on batches of several lengths; the rate, the number of the step and dropout's counter change.
std::vector<double> train_long(const std::shared_ptr<Model>& model, TrainMode mode) {
  TrainerOptions options;
  options.mode = mode;
  options.max_tokens = 32;
  if (mode == TrainMode::kLora) {
    options.rank = 3;
    options.dropout = 0.1f;
    options.targets = uint64_t{1} << static_cast<int32_t>(Module::kAttnOutput);
    options.seed = 5;
  }
  Trainer trainer(model, options);
  std::vector<double> all;
  for (int32_t i = 0; i < 5; ++i) {
    const int32_t n = i == 3 ? 9 : kTokens;
    const std::vector<int32_t> tokens = tiny_tokens(n, 48), starts = {0, n};
    std::vector<int32_t> targets(tokens.begin() + 1, tokens.end());
    targets.push_back(0);
    std::vector<float> weights(static_cast<size_t>(n), 1.0f);
    const TrainingBatch batch{i, tokens, {targets.data(), weights.data()}, starts};
    all.push_back(trainer.accumulate(batch).loss_sum);
    StepOptions step;
    step.learning_rate = 1e-2f / static_cast<float>(1 + i);
    all.push_back(trainer.step(step).grad_norm);
  }
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    append(all, trainer.read(i, Slot::kValue));
  return all;
}

std::vector<double> all_long(const std::shared_ptr<Model>& model) {
  std::vector<double> all = generate_long(model);
  for (const TrainMode mode : {TrainMode::kLora, TrainMode::kFull})
    for (const double value : train_long(model, mode)) all.push_back(value);
  return all;
}

}  // namespace

// Whatever changes from step to step, and whenever the streams run.
TEST(steps_from_graphs_have_the_bits_of_launched_ones) {
  unsigned order = 0;
  const std::vector<TinyKind> all = kinds();
  for (const TinyKind& kind : {all[0], all[1], all[2], all[4], all[8]}) {
    const Computed launched = compute(kind.options, false, false, -1, all_long);
    CHECK_EQ(launched.counts.graphs, 0);
    CHECK_EQ(launched.counts.alone, launched.counts.kernels);
    simt::options().order = order++;
    const Computed replayed = compute(kind.options, true, order % 2 == 0, -1, all_long);
    simt::options().order = 0;
    const Computed expected = order % 2 == 0 ? compute(kind.options, false, true, -1, all_long) : launched;
    if (replayed.values != expected.values) report(kind.name.c_str(), 0, "order " + std::to_string(order - 1));
    CHECK_EQ(replayed.counts.kernels, expected.counts.kernels);
    CHECK(replayed.counts.alone < replayed.counts.kernels / 2);
    CHECK(replayed.counts.nodes_set > 0 && replayed.counts.nodes_set < replayed.counts.kernels);
  }
}

TEST(graphs_of_layers_that_come_when_they_are_needed) {
  TinyOptions o = kinds()[1].options;
  o.n_layers = 4;
  const Computed launched = compute(o, false, false, 1, all_long);
  for (const unsigned order : {0u, 1u, 9u}) {
    simt::options().order = order;
    const Computed replayed = compute(o, true, false, 1, all_long);
    simt::options().order = 0;
    CHECK(replayed.values == launched.values);
    CHECK(replayed.counts.graphs > 0);
  }
}

// A graph that keeps what it was made with is seen in every number that depends on what changes.
TEST(stale_arguments_of_graphs_are_noticed) {
  const TinyOptions o = kinds()[0].options;
  for (const auto& run : {+[](const std::shared_ptr<Model>& m) { return generate_long(m); },
                          +[](const std::shared_ptr<Model>& m) { return train_long(m, TrainMode::kLora); },
                          +[](const std::shared_ptr<Model>& m) { return train_long(m, TrainMode::kFull); }}) {
    const std::vector<double> expected = compute(o, false, false, -1, run).values;
    simt::options().lose_node_updates = true;
    bool seen = false;
    try {
      seen = compute(o, true, false, -1, run).values != expected;
    } catch (const Error&) {
      seen = true;
    }
    simt::options().lose_node_updates = false;
    CHECK(seen);
  }
}
