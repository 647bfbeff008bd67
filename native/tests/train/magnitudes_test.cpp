// DoRA: gradients with the rows' lengths taken as constants, the beginning, and that nothing but the parameters
// decides.
#include "train/magnitudes.h"

#include "base/error.h"
#include "kernels/tolerances.h"
#include "model/tiny_kinds.h"
#include "quant/codec.h"
#include "train/gradients.h"

using namespace chaku;
using namespace chaku::test;

namespace {

// The products that may have magnitudes.
uint64_t targets_of(const TinyOptions& tiny) {
  const DecoderSpec& spec = tiny_decoder(tiny)->spec();
  uint64_t bits = 0;
  for (int32_t i = 0; i < kLayerLinears; ++i)
    for (int32_t l = 0; l < spec.n_layers(); ++l)
      if (spec.has(l, static_cast<LayerLinear>(i))) bits |= bit(kLinearModules[static_cast<size_t>(i)]);
  for (const Module m : {Module::kAttnKB, Module::kAttnVB, Module::kAttnKvB, Module::kRouter, Module::kSharedRouter})
    bits &= ~bit(m);
  return bits;
}

TrainerOptions dora_options(const TinyOptions& tiny) {
  TrainerOptions o = lora_options(targets_of(tiny));
  o.magnitudes = true;
  return o;
}

// Of the rows of W + s B A, in float64.
std::vector<double> lengths(const Model& model, const Trainer& trainer, int32_t a_index) {
  const Parameter& a = trainer.parameter(a_index);
  const Matrix& w =
      model.weights().layers[static_cast<size_t>(a.layer)].linears[static_cast<size_t>(linear_of(a.module))].w;
  std::vector<float> values(static_cast<size_t>(w.rows * w.columns));
  dequantize(w.dtype, static_cast<const std::byte*>(w.data), values.data(), w.rows * w.columns);
  const std::vector<float> as = trainer.read(a_index, Slot::kValue), bs = trainer.read(a_index + 1, Slot::kValue);
  const int64_t rank = a.shape.rows, k = w.columns;
  std::vector<double> result;
  for (int64_t n = 0; n < w.rows; ++n) {
    double sum = 0;
    for (int64_t c = 0; c < k; ++c) {
      double value = values[static_cast<size_t>(n * k + c)];
      for (int64_t r = 0; r < rank; ++r)
        value += double{a.scale} * bs[static_cast<size_t>(n * rank + r)] * as[static_cast<size_t>(r * k + c)];
      sum += value * value;
    }
    result.push_back(std::sqrt(sum));
  }
  return result;
}

// Magnitudes that differ from the lengths.
void fill_magnitudes(Trainer& trainer) {
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    if (trainer.parameter(i).kind != TensorKind::kMagnitude) continue;
    std::vector<float> values = trainer.read(i, Slot::kValue);
    const Philox random(21, static_cast<uint64_t>(i));
    for (size_t n = 0; n < values.size(); ++n) values[n] *= 1.0f + 0.3f * (random.uniform(n) - 0.5f);
    trainer.write(i, Slot::kValue, values);
  }
}

// The loss with a value moved and the magnitudes moved along with the lengths, so that what divides stays as it was.
double loss_at_constant_factors(const Model& model, Trainer& trainer, const PackedRow& row, int32_t index,
                                const std::vector<float>& base, size_t at, float delta) {
  const Parameter& p = trainer.parameter(index);
  std::vector<float> moved = base;
  moved[at] += delta;
  if (p.kind == TensorKind::kMagnitude) {
    trainer.write(index, Slot::kValue, moved);
    return trainer.accumulate(row.batch()).loss_sum;
  }
  const int32_t a = p.kind == TensorKind::kLoraA ? index : index - 1;
  const std::vector<float> magnitudes = trainer.read(a + 2, Slot::kValue);
  const std::vector<double> before = lengths(model, trainer, a);
  trainer.write(index, Slot::kValue, moved);
  const std::vector<double> after = lengths(model, trainer, a);
  std::vector<float> along(magnitudes.size());
  for (size_t n = 0; n < along.size(); ++n) along[n] = static_cast<float>(magnitudes[n] * after[n] / before[n]);
  trainer.write(a + 2, Slot::kValue, along);
  const double loss = trainer.accumulate(row.batch()).loss_sum;
  trainer.write(a + 2, Slot::kValue, magnitudes);
  trainer.write(index, Slot::kValue, base);
  return loss;
}

void check(const TinyOptions& tiny, TrainerOptions o, const std::string& what) {
  const auto model = tiny_decoder(tiny);
  Trainer trainer(model, o);
  fill_b(trainer);
  fill_magnitudes(trainer);
  const PackedRow row(tiny.vocab);
  trainer.accumulate(row.batch());
  std::vector<std::vector<float>> gradients;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    gradients.push_back(trainer.read(i, Slot::kGradient));
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    const Parameter& p = trainer.parameter(i);
    const std::vector<float> base = trainer.read(i, Slot::kValue);
    const std::vector<float>& gradient = gradients[static_cast<size_t>(i)];
    const std::string name =
        what + " " + module_name(p.module, p.layer) + " kind " + std::to_string(static_cast<int>(p.kind));
    float largest = 0.0f;
    for (const float g : gradient) largest = std::max(largest, std::fabs(g));
    if (!(largest > 0.01f)) report(__FILE__, __LINE__, name + ": a gradient of " + std::to_string(largest));
    const Philox random(5, static_cast<uint64_t>(i));
    for (uint64_t n = 0; n < 4; ++n) {
      const size_t at = random.words(n)[0] % base.size();
      double difference = 0.0;
      const auto agrees = [&](float step) {
        const double up = loss_at_constant_factors(*model, trainer, row, i, base, at, step);
        const double down = loss_at_constant_factors(*model, trainer, row, i, base, at, -step);
        difference = (up - down) / (2.0 * step);
        return std::fabs(difference - gradient[at]) <= 0.003 * largest + 0.003 * std::fabs(difference) + 3e-4;
      };
      if (!agrees(1.0f / 128) && !agrees(1.0f / 64))
        report(__FILE__, __LINE__,
               name + " [" + std::to_string(at) + "]: difference " + std::to_string(difference) + ", gradient " +
                   std::to_string(gradient[at]));
    }
    trainer.write(i, Slot::kValue, base);
  }
}

bool has_experts(const TinyOptions& tiny) { return tiny_decoder(tiny)->spec().layers[0].experts.n_experts > 0; }

std::vector<float> gradients_of(Trainer& trainer, const TinyOptions& tiny) {
  fill_b(trainer);
  fill_magnitudes(trainer);
  trainer.accumulate(PackedRow(tiny.vocab).batch());
  std::vector<float> all;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    const std::vector<float> g = trainer.read(i, Slot::kGradient);
    all.insert(all.end(), g.begin(), g.end());
  }
  return all;
}

}  // namespace

TEST(gradients_of_every_kind) {
  for (const TinyKind& kind : tiny_kinds())
    if (!has_experts(kind.options)) check(kind.options, dora_options(kind.options), kind.name);
}

TEST(gradients_with_biases_scales_and_dropout) {
  TinyOptions o;
  o.biases = o.head_norms = true;
  o.embedding_scale = 1.5f;
  o.residual_scale = 0.6f;
  check(o, dora_options(o), "rich");
  TrainerOptions dropped = dora_options(o);
  dropped.dropout = 0.3f;
  check(o, dropped, "dropout");
}

// It begins as LoRA does: with what A and B add, and magnitudes that are the lengths.
TEST(it_begins_with_what_the_pairs_add) {
  for (const bool filled : {false, true}) {
    TinyOptions tiny;
    tiny.path = float32_path();
    Trainer lora(tiny_decoder(tiny), lora_options(targets_of(tiny)));
    const auto model = tiny_decoder(tiny);
    Trainer dora(model, dora_options(tiny));
    if (filled) {
      for (int32_t i = 0; i < static_cast<int32_t>(lora.parameters().size()); ++i) {
        std::vector<float> values = lora.read(i, Slot::kValue);
        const Philox random(9, static_cast<uint64_t>(i));
        for (size_t n = 0; n < values.size(); ++n) values[n] += 0.2f * random.normal(n);
        lora.write(i, Slot::kValue, values);
        dora.write(i / 2 * 3 + i % 2, Slot::kValue, values);
      }
    }
    const PackedRow row(tiny.vocab);
    CHECK(std::fabs(lora.evaluate(row.batch()).loss_sum - dora.evaluate(row.batch()).loss_sum) < 1e-4);
    const std::vector<double> expected = lengths(*model, dora, 0);
    const std::vector<float> magnitudes = dora.read(2, Slot::kValue);
    for (size_t n = 0; n < expected.size(); ++n) CHECK(std::fabs(magnitudes[n] - expected[n]) < 1e-5 * expected[n]);
  }
}

// Layers that are computed again, threads, and what was written to a second trainer make the same bits.
TEST(parameters_alone_decide) {
  for (const TinyKind& kind : tiny_kinds()) {
    if (has_experts(kind.options)) continue;
    std::vector<std::vector<float>> all;
    for (const int32_t n_kept : {0, 1, 2}) {
      TrainerOptions o = dora_options(kind.options);
      o.n_kept = n_kept;
      Trainer trainer(tiny_decoder(kind.options), o);
      all.push_back(gradients_of(trainer, kind.options));
    }
    if (all[0] != all[2] || all[1] != all[2])
      report(__FILE__, __LINE__, kind.name + ": other gradients after computing again");
  }
  const TinyOptions tiny;
  Trainer one(tiny_decoder(tiny), dora_options(tiny)), two(tiny_decoder(tiny), dora_options(tiny));
  const PackedRow row(tiny.vocab);
  const StepOptions step{.learning_rate = 0.01f};
  one.accumulate(row.batch());
  one.step(step);
  for (int32_t i = 0; i < static_cast<int32_t>(one.parameters().size()); ++i)
    for (const Slot slot : {Slot::kValue, Slot::kMoment1, Slot::kMoment2}) two.write(i, slot, one.read(i, slot));
  two.set_step(1);
  for (Trainer* t : {&one, &two}) {
    t->accumulate(row.batch());
    t->step(step);
  }
  for (int32_t i = 0; i < static_cast<int32_t>(one.parameters().size()); ++i)
    CHECK(one.read(i, Slot::kValue) == two.read(i, Slot::kValue));
  CHECK_EQ(one.evaluate(row.batch()).loss_sum, two.evaluate(row.batch()).loss_sum);
}

TEST(packed_equals_unpacked) {
  const TinyOptions tiny;
  const PackedRow row(tiny.vocab);
  Trainer packed(tiny_decoder(tiny), dora_options(tiny)), apart(tiny_decoder(tiny), dora_options(tiny));
  for (Trainer* t : {&packed, &apart}) {
    fill_b(*t);
    fill_magnitudes(*t);
  }
  packed.accumulate(row.batch());
  for (size_t s = 0; s + 1 < row.starts.size(); ++s) {
    const size_t begin = static_cast<size_t>(row.starts[s]), end = static_cast<size_t>(row.starts[s + 1]);
    const std::vector<int32_t> starts = {0, static_cast<int32_t>(end - begin)};
    apart.accumulate({0,
                      {row.tokens.data() + begin, end - begin},
                      {row.targets.data() + begin, row.weights.data() + begin},
                      starts});
  }
  for (int32_t i = 0; i < static_cast<int32_t>(packed.parameters().size()); ++i) {
    const auto a = packed.read(i, Slot::kGradient), b = apart.read(i, Slot::kGradient);
    CHECK_CLOSE(a.data(), b.data(), static_cast<int64_t>(a.size()), 1e-4, 1e-3);
  }
}

TEST(misuse) {
  const auto refused = [](uint64_t targets, bool merges) {
    TrainerOptions o = lora_options(targets);
    o.magnitudes = true;
    if (merges) o.merge.every = 1;
    bool threw = false;
    try {
      Trainer trainer(tiny_decoder({}), o);
    } catch (const Error&) {
      threw = true;
    }
    CHECK(threw);
  };
  refused(bit(Module::kOutput), false);
  refused(bit(Module::kAttnQ), true);
}

TEST(memory_is_planned) {
  const TinyOptions tiny;
  const auto model = tiny_decoder(tiny);
  const TrainerOptions dora = dora_options(tiny);
  TrainerOptions lora = dora;
  lora.magnitudes = false;
  const MemoryPlan with = Trainer::plan(*model, dora), without = Trainer::plan(*model, lora);
  CHECK(with.parameter_bytes > without.parameter_bytes && with.activation_bytes > without.activation_bytes);
}

// Noise is of training alone, the same for a batch index, as large as it should be, and changes no gradient's meaning.
TEST(embedding_noise) {
  const TinyOptions tiny;
  const PackedRow row(tiny.vocab);
  TrainerOptions o = lora_options(bit(Module::kAttnQ) | bit(Module::kFfnDown));
  Trainer plain(tiny_decoder(tiny), o);
  o.embedding_noise = 5.0f;
  Trainer noisy(tiny_decoder(tiny), o), again(tiny_decoder(tiny), o);
  CHECK_EQ(plain.evaluate(row.batch()).loss_sum, noisy.evaluate(row.batch()).loss_sum);
  const double loss = noisy.accumulate(row.batch()).loss_sum;
  CHECK(loss != plain.accumulate(row.batch()).loss_sum);
  CHECK_EQ(loss, again.accumulate(row.batch()).loss_sum);
  TrainingBatch other = row.batch();
  ++other.index;
  CHECK(loss != noisy.accumulate(other).loss_sum);
  Trainer checked(tiny_decoder(tiny), o);
  fill_b(checked);
  check_gradients(checked, row, "noise");
  o.embedding_noise = -1.0f;
  bool threw = false;
  try {
    Trainer refused(tiny_decoder(tiny), o);
  } catch (const Error&) {
    threw = true;
  }
  CHECK(threw);
}
