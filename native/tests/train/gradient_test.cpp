// End-to-end gradients against finite differences of the loss, for every kind of parameter.
#include <algorithm>

#include "model/tiny_decoder.h"
#include "test.h"
#include "train/trainer.h"

using namespace chaku;
using namespace chaku::test;

namespace {

// Three sequences packed into one row; some positions carry no weight.
struct Row {
  std::vector<int32_t> tokens, targets, starts;
  std::vector<float> weights;

  explicit Row(int32_t vocab) {
    tokens = tiny_tokens(19, vocab);
    starts = {0, 7, 8, 19};
    targets = tiny_tokens(19, vocab, 11);
    for (size_t i = 0; i < tokens.size(); ++i) weights.push_back(i % 5 == 3 ? 0.0f : 0.5f + 0.25f * (i % 3));
  }

  TrainingBatch batch() const { return {3, tokens, {targets.data(), weights.data()}, starts}; }
};

uint32_t bit(Module m) { return 1u << static_cast<int32_t>(m); }

uint32_t all_targets() {
  uint32_t bits = bit(Module::kOutput);
  for (const Module m : kLinearModules) bits |= bit(m);
  return bits;
}

double loss_at(Trainer& trainer, const Row& row, int32_t index, const std::vector<float>& base, size_t at,
               float delta) {
  std::vector<float> moved = base;
  moved[at] += delta;
  trainer.write(index, Slot::kValue, moved);
  return trainer.accumulate(row.batch()).loss_sum;  // with the dropout of its batch index
}

// Central differences at a few coordinates of every parameter: float32 activations leave about 1e-6 of the loss as
// noise, hence the wide step.
void check_gradients(Trainer& trainer, const Row& row) {
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
    CHECK(largest > 0.05f);  // far above the noise
    const Philox random(5, static_cast<uint64_t>(i));
    for (uint64_t n = 0; n < 6; ++n) {
      const size_t at = random.words(n)[0] % base.size();
      constexpr float kStep = 1.0f / 128;
      const double up = loss_at(trainer, row, i, base, at, kStep), down = loss_at(trainer, row, i, base, at, -kStep);
      const double difference = (up - down) / (2.0 * kStep);
      const double tolerance = 0.003 * largest + 0.003 * std::fabs(difference) + 3e-4;
      if (!(std::fabs(difference - gradient[at]) <= tolerance)) {
        report(__FILE__, __LINE__,
               module_name(p.module, p.layer) + " kind " + std::to_string(static_cast<int>(p.kind)) + " [" +
                   std::to_string(at) + "]: difference " + std::to_string(difference) + ", gradient " +
                   std::to_string(gradient[at]));
      }
    }
    trainer.write(i, Slot::kValue, base);
  }
}

// B starts at zero, where A has no gradient: give it values.
void fill_b(Trainer& trainer) {
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    const Parameter& p = trainer.parameter(i);
    if (p.kind != TensorKind::kLoraB) continue;
    const Philox random(9, static_cast<uint64_t>(i));
    std::vector<float> values(static_cast<size_t>(p.size()));
    for (size_t n = 0; n < values.size(); ++n) values[n] = 0.3f * random.normal(n);
    trainer.write(i, Slot::kValue, values);
  }
}

TrainerOptions lora_options(uint32_t targets) {
  TrainerOptions o;
  o.max_tokens = 24;
  o.rank = 3;
  o.scale = 0.7f;
  o.targets = targets;
  o.seed = 4;
  return o;
}

TrainerOptions full_options() {
  TrainerOptions o;
  o.mode = TrainMode::kFull;
  o.max_tokens = 24;
  return o;
}

void check_lora(const TinyOptions& tiny, uint32_t targets) {
  Trainer trainer(tiny_decoder(tiny), lora_options(targets));
  fill_b(trainer);
  check_gradients(trainer, Row(tiny.vocab));
}

void check_full(const TinyOptions& tiny) {
  Trainer trainer(tiny_decoder(tiny), full_options());
  check_gradients(trainer, Row(tiny.vocab));
}

// Everything at once that a decoder may have.
TinyOptions rich() {
  TinyOptions o;
  o.biases = true;
  o.head_norms = true;
  o.tied = false;
  o.window = 4;
  o.pairing = RopePairing::kHalves;
  o.embedding_scale = 1.5f;
  o.residual_scale = 0.6f;
  return o;
}

}  // namespace

TEST(lora_on_all_targets) { check_lora({}, all_targets()); }

TEST(lora_on_all_targets_of_a_rich_decoder) { check_lora(rich(), all_targets()); }

TEST(lora_with_logit_scale) {
  TinyOptions o;
  o.logit_scale = 0.8f;
  check_lora(o, all_targets());
}

TEST(lora_on_each_target_alone) {
  for (const Module m : kLinearModules) check_lora({}, bit(m));
  check_lora({}, bit(Module::kOutput));
}

TEST(lora_over_quantized_weights) {
  TinyOptions o;
  o.dtype = DType::kQ8_0;
  o.width = 32;
  o.ff_width = 64;
  check_lora(o, all_targets());
}

TEST(lora_with_dropout) {
  TrainerOptions o = lora_options(all_targets());
  o.dropout = 0.3f;
  Trainer trainer(tiny_decoder(rich()), o);
  fill_b(trainer);
  check_gradients(trainer, Row(rich().vocab));
}

TEST(full_tied) { check_full({}); }

TEST(full_rich_untied) { check_full(rich()); }

TEST(full_tied_with_scales_and_no_rope) {
  TinyOptions o;
  o.rope = false;
  o.embedding_scale = 2.0f;
  o.residual_scale = 0.5f;
  o.logit_scale = 0.7f;
  o.n_kv_heads = 4;
  check_full(o);
}

TEST(full_multi_query_with_window) {
  TinyOptions o;
  o.n_kv_heads = 1;
  o.window = 3;
  o.head_norms = true;
  check_full(o);
}

// Gradients of the packed row equal the sum of those of its sequences.
TEST(packed_equals_unpacked) {
  const TinyOptions tiny = rich();
  const Row row(tiny.vocab);
  Trainer packed(tiny_decoder(tiny), lora_options(all_targets()));
  Trainer apart(tiny_decoder(tiny), lora_options(all_targets()));
  fill_b(packed);
  fill_b(apart);
  const Loss whole = packed.accumulate(row.batch());
  Loss sum;
  for (size_t s = 0; s + 1 < row.starts.size(); ++s) {
    const size_t begin = static_cast<size_t>(row.starts[s]), end = static_cast<size_t>(row.starts[s + 1]);
    const std::vector<int32_t> starts = {0, static_cast<int32_t>(end - begin)};
    const Loss part = apart.accumulate({0,
                                        {row.tokens.data() + begin, end - begin},
                                        {row.targets.data() + begin, row.weights.data() + begin},
                                        starts});
    sum.loss_sum += part.loss_sum;
    sum.n_weighted += part.n_weighted;
    sum.n_correct += part.n_correct;
  }
  CHECK_EQ(whole.n_weighted, sum.n_weighted);
  CHECK_EQ(whole.n_correct, sum.n_correct);
  CHECK(std::fabs(whole.loss_sum - sum.loss_sum) < 1e-4);
  for (int32_t i = 0; i < static_cast<int32_t>(packed.parameters().size()); ++i) {
    const auto a = packed.read(i, Slot::kGradient), b = apart.read(i, Slot::kGradient);
    CHECK_CLOSE(a.data(), b.data(), static_cast<int64_t>(a.size()), 1e-4, 1e-3);
  }
}

// A position that only a seam separates from another sequence must not feel it.
TEST(sequences_do_not_see_each_other) {
  const TinyOptions tiny;
  Row row(tiny.vocab);
  Trainer trainer(tiny_decoder(tiny), lora_options(all_targets()));
  for (size_t i = 8; i < row.weights.size(); ++i) row.weights[i] = 0.0f;
  const double before = trainer.evaluate(row.batch()).loss_sum;
  for (size_t i = 8; i < row.tokens.size(); ++i) row.tokens[i] = (row.tokens[i] + 5) % tiny.vocab;
  CHECK_EQ(before, trainer.evaluate(row.batch()).loss_sum);
}
