// Tokens per second of many texts at once, by how many there are, in turn within one run so that ratios hold on a busy
// machine, and how much of a step the weights take to be read once; and that each text's logits are those it has alone.
// Weights are random, of a 1B shape in Q4_K and Q6_K.
//   step_bench [--texts 1,8,32] [--context 256] [--steps 8] [--rounds 5] [--threads 0] [--adapters 0] [--layers 16]
//              [--activations f32|int16|int8] [--prompts 4,64,512]
// With --prompts instead what it takes to read so many tokens of one text.
// --cpu 1 counts processor time in place of time: on a busy machine, with one thread.
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/random.h"
#include "infer/pool.h"

using namespace chaku;

namespace {

struct Arguments {
  std::vector<int32_t> texts = {1, 8, 32}, prompts;
  int32_t context = 256, steps = 8, rounds = 5, threads = 0, adapters = 0, layers = 16, cpu = 0;
  ActivationFormat activations = ActivationFormat::kF32;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const auto number = [&] { return std::atoi(argv[i + 1]); };
    const auto numbers = [&] {
      std::vector<int32_t> all;
      for (const char* at = argv[i + 1]; at != nullptr; at = std::strchr(at, ','), at += at != nullptr)
        all.push_back(std::atoi(at));
      return all;
    };
    if (name == "--texts") {
      a.texts = numbers();
    } else if (name == "--prompts") {
      a.prompts = numbers();
    } else if (name == "--context") {
      a.context = number();
    } else if (name == "--steps") {
      a.steps = number();
    } else if (name == "--rounds") {
      a.rounds = number();
    } else if (name == "--threads") {
      a.threads = number();
    } else if (name == "--adapters") {
      a.adapters = number();
    } else if (name == "--cpu") {
      a.cpu = number();
    } else if (name == "--activations") {
      const std::string format = argv[i + 1];
      a.activations = format == "int8"    ? ActivationFormat::kInt8
                      : format == "int16" ? ActivationFormat::kInt16
                                          : ActivationFormat::kF32;
    } else if (name == "--layers") {
      a.layers = number();
    } else {
      std::fprintf(stderr, "unknown option %s\n", argv[i]);
      std::exit(2);
    }
  }
  return a;
}

std::shared_ptr<Model> make_model(const Arguments& a) {
  constexpr int32_t kWidth = 2048, kVocab = 128256, kHeads = 32, kKvHeads = 8, kHeadDim = 64, kFf = 8192;
  auto model = std::make_shared<Model>(std::make_shared<const Engine>(a.threads, CpuPath::kAuto),
                                       make_decoder_spec(a.layers, kWidth, kVocab));
  RopeSpec rope;
  rope.n_dims = kHeadDim;
  for (int i = 0; i < kHeadDim / 2; ++i) rope.inverse_frequencies.push_back(std::pow(5e5, -2.0 * i / kHeadDim));
  LayerSpec layer;
  layer.rope = model->add_rope(rope);
  layer.n_heads = kHeads;
  layer.n_kv_heads = kKvHeads;
  layer.head_dim = kHeadDim;
  layer.ff_width = kFf;
  layer.attention_scale = 1.0f / std::sqrt(static_cast<float>(kHeadDim));
  for (int32_t l = 0; l < a.layers; ++l) model->set_layer(l, layer);
  uint64_t seed = 0;
  const auto set = [&](Module module, int32_t l, DType dtype, int64_t rows, int64_t columns) {
    TensorOptions t;
    t.module = module;
    t.layer = l;
    t.dtype = dtype;
    t.shape = {rows, columns};
    const bool norm = rows == 1;
    model->set_tensor_random(t, norm ? 1.0f : 0.0f, norm ? 0.0f : 1.0f / std::sqrt(static_cast<float>(columns)),
                             ++seed);
  };
  set(Module::kTokenEmbedding, -1, DType::kQ6_K, kVocab, kWidth);
  set(Module::kOutputNorm, -1, DType::kF32, 1, kWidth);
  for (int32_t l = 0; l < a.layers; ++l) {
    const DType more = l % 2 == 0 ? DType::kQ6_K : DType::kQ4_K;  // as Q4_K_M has it of half the layers
    set(Module::kAttnNorm, l, DType::kF32, 1, kWidth);
    set(Module::kFfnNorm, l, DType::kF32, 1, kWidth);
    set(Module::kAttnQ, l, DType::kQ4_K, kHeads * kHeadDim, kWidth);
    set(Module::kAttnK, l, DType::kQ4_K, kKvHeads * kHeadDim, kWidth);
    set(Module::kAttnV, l, more, kKvHeads * kHeadDim, kWidth);
    set(Module::kAttnOutput, l, DType::kQ4_K, kWidth, kHeads * kHeadDim);
    set(Module::kFfnGate, l, DType::kQ4_K, kFf, kWidth);
    set(Module::kFfnUp, l, DType::kQ4_K, kFf, kWidth);
    set(Module::kFfnDown, l, more, kWidth, kFf);
  }
  model->seal();
  return model;
}

std::shared_ptr<Adapter> make_adapter(const std::shared_ptr<Model>& model, uint64_t seed) {
  constexpr int32_t kRank = 16;
  auto adapter = std::make_shared<Adapter>(model);
  for (int32_t l = 0; l < model->spec().n_layers(); ++l)
    for (const Module module : {Module::kAttnQ, Module::kAttnV}) {
      const Shape shape = model->spec().shape(module, l);
      std::vector<float> a(static_cast<size_t>(kRank * shape.columns)), b(static_cast<size_t>(kRank * shape.rows));
      const Philox random(seed, static_cast<uint64_t>(l) << 8 | static_cast<uint64_t>(module));
      for (size_t i = 0; i < a.size(); ++i) a[i] = 0.02f * random.normal(i);
      for (size_t i = 0; i < b.size(); ++i) b[i] = 0.02f * random.normal(a.size() + i);
      adapter->add(module, l, kRank, 1.0f, a, b);
    }
  return adapter;
}

double now(const Arguments& a) {
  timespec t;
  clock_gettime(a.cpu != 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Texts of `context` tokens, and steps of one token of each.
class Crowd {
 public:
  Crowd(const std::shared_ptr<Model>& model, const Arguments& a, int32_t n,
        const std::vector<std::shared_ptr<const Adapter>>& adapters)
      : a_(a),
        vocab_(model->spec().vocab_size),
        pool_(model, options(a, n)),
        logits_(static_cast<size_t>(n) * static_cast<size_t>(vocab_)) {
    for (int32_t i = 0; i < n; ++i) {
      texts_.push_back(std::make_unique<Sequence>(pool_.pages(), a.context + a.steps + 1));
      const float scale = 1.0f;
      if (!adapters.empty())
        texts_.back()->set_adapters({adapters[static_cast<size_t>(i) % adapters.size()]}, {&scale, 1});
      std::vector<int32_t> prompt;
      for (int32_t t = 0; t < a.context; ++t) prompt.push_back((i * 7919 + t * 104729) % vocab_);
      const StepPart part{texts_.back().get(), prompt, Role::kPrompt, LogitRows::kNone};
      pool_.step().run({&part, 1}, {});
    }
  }

  // Seconds of a step, the least of those that a round has.
  double round() {
    double least = 1e9;
    for (int32_t s = 0; s < a_.steps; ++s) {
      std::vector<int32_t> tokens;
      for (size_t i = 0; i < texts_.size(); ++i) tokens.push_back(static_cast<int32_t>(100 + s + 10 * i));
      std::vector<StepPart> parts;
      for (size_t i = 0; i < texts_.size(); ++i)
        parts.push_back({texts_[i].get(), {&tokens[i], 1}, Role::kGenerated, LogitRows::kLast});
      const double start = now(a_);
      pool_.step().run(parts, logits_);
      least = std::min(least, now(a_) - start);
    }
    for (const auto& text : texts_) text->truncate(a_.context);
    return least;
  }
  // Of the first text.
  std::vector<float> logits() const { return {logits_.begin(), logits_.begin() + vocab_}; }

 private:
  static PoolOptions options(const Arguments& a, int32_t n) {
    PoolOptions o;
    o.max_tokens = n * blocks_of(a.context + a.steps + 1) * kCacheBlockTokens;
    o.kv_dtype = DType::kF16;
    o.activations = a.activations;
    return o;
  }

  const Arguments& a_;
  int32_t vocab_;
  Pool pool_;
  std::vector<float> logits_;
  std::vector<std::unique_ptr<Sequence>> texts_;
};

// Milliseconds to read prompts of each length, in turn.
void read_prompts(const std::shared_ptr<Model>& model, const Arguments& a, double read) {
  const int32_t most = *std::max_element(a.prompts.begin(), a.prompts.end()), vocab = model->spec().vocab_size;
  PoolOptions o;
  o.max_tokens = blocks_of(most) * kCacheBlockTokens;
  o.kv_dtype = DType::kF16;
  Pool pool(model, o);
  std::vector<float> logits(static_cast<size_t>(vocab));
  std::vector<std::vector<double>> seconds(a.prompts.size());
  for (int32_t r = 0; r < a.rounds; ++r)
    for (size_t i = 0; i < a.prompts.size(); ++i) {
      Sequence text(pool.pages(), most);
      std::vector<int32_t> tokens;
      for (int32_t t = 0; t < a.prompts[i]; ++t) tokens.push_back(t * 7919 % vocab);
      const StepPart part{&text, tokens, Role::kPrompt, LogitRows::kLast};
      const double start = now(a);
      pool.step().run({&part, 1}, logits);
      seconds[i].push_back(now(a) - start);
    }
  std::printf("%s; weights are read in %.1f ms\ntokens  ms (least, most)\n", model->engine().kernels().name,
              read * 1e3);
  for (size_t i = 0; i < seconds.size(); ++i) {
    std::sort(seconds[i].begin(), seconds[i].end());
    std::printf("%6d %8.1f (%.1f, %.1f)\n", a.prompts[i], seconds[i][seconds[i].size() / 2] * 1e3,
                seconds[i].front() * 1e3, seconds[i].back() * 1e3);
  }
}

// Seconds in which all threads read so many bytes, the least of some tries.
double seconds_to_read(const Engine& engine, const Arguments& a, int64_t bytes) {
  constexpr int64_t kFloats = int64_t{64} << 20;  // beyond all caches
  const std::vector<float> floats(static_cast<size_t>(kFloats), 1.0f);
  double least = 1e9, sum = 0;
  for (int i = 0; i < 5; ++i) {
    const double start = now(a);
    engine.run(&KernelTable::squared_norm, SquaredNormProblem{floats.data(), kFloats, &sum});
    least = std::min(least, now(a) - start);
  }
  return least * static_cast<double>(bytes) / (4.0 * kFloats);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments a = parse(argc, argv);
  const auto model = make_model(a);
  if (!a.prompts.empty()) {
    read_prompts(model, a, seconds_to_read(model->engine(), a, model->weight_bytes()));
    return 0;
  }
  std::vector<std::shared_ptr<const Adapter>> adapters;
  for (int32_t i = 0; i < a.adapters; ++i) adapters.push_back(make_adapter(model, static_cast<uint64_t>(i + 1)));
  std::vector<std::unique_ptr<Crowd>> crowds;
  for (const int32_t n : a.texts) crowds.push_back(std::make_unique<Crowd>(model, a, n, adapters));
  std::vector<std::vector<double>> seconds(crowds.size());
  for (int32_t r = 0; r < a.rounds; ++r)
    for (size_t i = 0; i < crowds.size(); ++i) seconds[i].push_back(crowds[i]->round());
  bool same = true;
  double one = 0;
  const double read = seconds_to_read(model->engine(), a, model->weight_bytes());
  std::printf("%s, activations of %d digits, %d adapters, %d tokens before; weights are read in %.1f ms\n",
              model->engine().kernels().name, digits_of(a.activations), a.adapters, a.context, read * 1e3);
  std::printf("texts  tokens/s  to the first  step ms (least, most)  reading's share\n");
  for (size_t i = 0; i < crowds.size(); ++i) {
    std::sort(seconds[i].begin(), seconds[i].end());
    const double median = seconds[i][seconds[i].size() / 2], rate = a.texts[i] / median;
    if (i == 0) one = rate;
    same = same && crowds[i]->logits() == crowds[0]->logits();
    std::printf("%5d %9.2f %13.2f %8.1f (%.1f, %.1f) %10.0f %%\n", a.texts[i], rate, rate / one, median * 1e3,
                seconds[i].front() * 1e3, seconds[i].back() * 1e3, 100 * read / median);
  }
  if (!same) std::printf("the first text's logits DIFFER\n");
  return same ? 0 : 1;
}
