// Pairs that begin with something which is subtracted (PiSSA): the beginning, gradients, and the products that find it.
#include "train/stacked_pairs.h"

#include <cmath>

#include "base/error.h"
#include "kernels/tolerances.h"
#include "model/expect_error.h"
#include "model/tiny_kinds.h"
#include "quant/codec.h"
#include "train/gradients.h"
#include "train/merging.h"

using namespace chaku;
using namespace chaku::test;

namespace {

uint64_t targets_of(const TinyOptions& tiny) {
  const DecoderSpec& spec = tiny_decoder(tiny)->spec();
  uint64_t bits = 0;
  for (int32_t i = 0; i < kLayerLinears; ++i) {
    const Module module = kLinearModules[static_cast<size_t>(i)];
    for (int32_t l = 0; l < spec.n_layers(); ++l)
      if (spec.has(l, static_cast<LayerLinear>(i)) && is_adaptable(module) && module != Module::kAttnKvB)
        bits |= bit(module);
  }
  return bits | bit(Module::kOutput);
}

TrainerOptions subtracting(const TinyOptions& tiny) {
  TrainerOptions o = lora_options(targets_of(tiny));
  o.subtracts_frozen = true;
  return o;
}

// A0 and B0 in both slots.
void begin(Trainer& trainer) {
  fill_b(trainer);
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    trainer.write(i, Slot::kFrozen, trainer.read(i, Slot::kValue));
}

// A and B that have left where they began.
void move(Trainer& trainer) {
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    std::vector<float> values = trainer.read(i, Slot::kValue);
    const Philox random(13, static_cast<uint64_t>(i));
    for (size_t n = 0; n < values.size(); ++n) values[n] += 0.15f * random.normal(n);
    trainer.write(i, Slot::kValue, values);
  }
}

int32_t n_parameters(const Trainer& trainer) { return static_cast<int32_t>(trainer.parameters().size()); }

}  // namespace

TEST(it_begins_as_the_base) {
  for (const TinyKind& kind : tiny_kinds()) {
    TinyOptions tiny = kind.options;
    tiny.path = float32_path();
    const PackedRow row(tiny.vocab);
    TrainerOptions o = subtracting(tiny);
    o.subtracts_frozen = false;
    Trainer base(tiny_decoder(tiny), o), fresh(tiny_decoder(tiny), subtracting(tiny)),
        begun(tiny_decoder(tiny), subtracting(tiny));
    const double loss = base.evaluate(row.batch()).loss_sum;
    CHECK_EQ(loss, fresh.evaluate(row.batch()).loss_sum);  // what is frozen is 0 until it is written
    begin(begun);
    const double other = begun.evaluate(row.batch()).loss_sum;
    if (!(std::fabs(other - loss) < 1e-4)) report(__FILE__, __LINE__, kind.name + ": " + std::to_string(other - loss));
    begun.accumulate(row.batch());
    for (int32_t i = 0; i < n_parameters(begun); ++i) {
      float largest = 0.0f;
      for (const float g : begun.read(i, Slot::kGradient)) largest = std::max(largest, std::fabs(g));
      CHECK(largest > 1e-3f);  // of A too, as its B is not 0
    }
  }
}

TEST(gradients_of_every_kind) {
  for (const TinyKind& kind : tiny_kinds()) {
    Trainer trainer(tiny_decoder(kind.options), subtracting(kind.options));
    begin(trainer);
    move(trainer);
    check_gradients(trainer, PackedRow(kind.options.vocab), kind.name);
  }
  const TinyOptions tiny;
  TrainerOptions o = subtracting(tiny);
  o.dropout = 0.3f;
  Trainer dropped(tiny_decoder(tiny), o);
  begin(dropped);
  move(dropped);
  check_gradients(dropped, PackedRow(tiny.vocab), "dropout");
}

// What is exported: a pair of twice the rank, with -B0.
TEST(it_is_a_pair_of_twice_the_rank) {
  TinyOptions tiny;
  tiny.path = float32_path();
  const PackedRow row(tiny.vocab);
  Trainer trainer(tiny_decoder(tiny), subtracting(tiny));
  begin(trainer);
  move(trainer);
  TrainerOptions o = subtracting(tiny);
  o.subtracts_frozen = false;
  o.rank *= 2;
  Trainer twice(tiny_decoder(tiny), o);
  for (int32_t i = 0; i < n_parameters(trainer); i += 2) {
    std::vector<float> a = trainer.read(i, Slot::kValue), b;
    const std::vector<float> a0 = trainer.read(i, Slot::kFrozen), b0 = trainer.read(i + 1, Slot::kFrozen),
                             b1 = trainer.read(i + 1, Slot::kValue);
    a.insert(a.end(), a0.begin(), a0.end());
    const size_t rank = 3;
    for (size_t n = 0; n < b0.size(); n += rank) {
      for (size_t r = 0; r < rank; ++r) b.push_back(b1[n + r]);
      for (size_t r = 0; r < rank; ++r) b.push_back(-b0[n + r]);
    }
    twice.write(i, Slot::kValue, a);
    twice.write(i + 1, Slot::kValue, b);
  }
  CHECK_EQ(trainer.evaluate(row.batch()).loss_sum, twice.evaluate(row.batch()).loss_sum);
}

// Another trainer that gets all of the state goes on to the same bits.
TEST(parameters_alone_decide) {
  const TinyOptions tiny;
  Trainer one(tiny_decoder(tiny), subtracting(tiny)), two(tiny_decoder(tiny), subtracting(tiny));
  const PackedRow row(tiny.vocab);
  const StepOptions step{.learning_rate = 0.01f};
  begin(one);
  one.accumulate(row.batch());
  one.step(step);
  for (int32_t i = 0; i < n_parameters(one); ++i)
    for (const Slot slot : {Slot::kValue, Slot::kMoment1, Slot::kMoment2, Slot::kFrozen})
      two.write(i, slot, one.read(i, slot));
  two.set_step(1);
  for (Trainer* t : {&one, &two}) {
    t->accumulate(row.batch());
    t->step(step);
  }
  for (int32_t i = 0; i < n_parameters(one); ++i) {
    CHECK(one.read(i, Slot::kValue) == two.read(i, Slot::kValue));
    CHECK(one.read(i, Slot::kFrozen) == two.read(i, Slot::kFrozen));
  }
  CHECK_EQ(one.evaluate(row.batch()).loss_sum, two.evaluate(row.batch()).loss_sum);
}

TEST(products_with_the_weights) {
  for (const TinyKind& kind : tiny_kinds()) {
    TinyOptions tiny = kind.options;
    tiny.path = float32_path();
    const auto model = tiny_decoder(tiny);
    const DecoderSpec& spec = model->spec();
    Trainer trainer(model, subtracting(tiny));
    for (int32_t i = 0; i < n_parameters(trainer); i += 2) {
      const Parameter& p = trainer.parameter(i);
      const int32_t linear = linear_of(p.module);
      const int64_t n_stacked = linear >= 0 ? spec.n_stacked(p.layer, static_cast<LayerLinear>(linear)) : 1;
      const Matrix w =
          linear >= 0 ? model->weights().layers[static_cast<size_t>(p.layer)].linears[static_cast<size_t>(linear)].w
                      : model->weights().output.w;
      std::vector<float> values(static_cast<size_t>(w.rows * w.columns));
      dequantize(w.dtype, static_cast<const std::byte*>(w.data), values.data(), w.rows * w.columns);
      const int64_t n = w.rows / n_stacked, k = w.columns, e = n_stacked - 1, m = 2;
      std::vector<float> x(static_cast<size_t>(m * k)), y(static_cast<size_t>(m * n)), back(x.size());
      const Philox random(3, static_cast<uint64_t>(i));
      for (size_t at = 0; at < x.size(); ++at) x[at] = random.normal(at);
      trainer.multiply(i, e, false, x, y);
      trainer.multiply(i, e, true, y, back);
      std::vector<float> expected(y.size()), expected_back(x.size());
      const float* own = values.data() + e * n * k;
      for (int64_t r = 0; r < m; ++r) {
        for (int64_t row = 0; row < n; ++row) {
          double sum = 0;
          for (int64_t c = 0; c < k; ++c) sum += double{x[static_cast<size_t>(r * k + c)]} * own[row * k + c];
          expected[static_cast<size_t>(r * n + row)] = static_cast<float>(sum);
        }
        for (int64_t c = 0; c < k; ++c) {
          double sum = 0;
          for (int64_t row = 0; row < n; ++row) sum += double{y[static_cast<size_t>(r * n + row)]} * own[row * k + c];
          expected_back[static_cast<size_t>(r * k + c)] = static_cast<float>(sum);
        }
      }
      CHECK_CLOSE(y.data(), expected.data(), m * n, 1e-4, 1e-4);
      CHECK_CLOSE(back.data(), expected_back.data(), m * k, 1e-3, 1e-4);
    }
  }
}

TEST(misuse) {
  const TinyOptions tiny;
  TrainerOptions o = subtracting(tiny);
  o.targets = bit(Module::kAttnQ);
  Trainer trainer(tiny_decoder(tiny), o);
  std::vector<float> x(32), y(32);
  CHECK_ERROR(Code::kInvalidArgument, "index of an A", trainer.multiply(1, 0, false, x, y));
  CHECK_ERROR(Code::kInvalidArgument, "expert in 0..0", trainer.multiply(0, 1, false, x, y));
  x.resize(31);
  CHECK_ERROR(Code::kInvalidArgument, "rows of 32", trainer.multiply(0, 0, false, x, y));
  o.magnitudes = true;
  CHECK_ERROR(Code::kUnsupported, "without magnitudes", Trainer refused(tiny_decoder(tiny), o));
  o.magnitudes = false;
  o.targets = bit(Module::kAttnQ) | bit(Module::kAttnKvB);
  CHECK_ERROR(Code::kUnsupported, "one weight", Trainer refused(tiny_decoder(tiny), o));
  o.targets = bit(Module::kAttnQ);
  o.merge = merging(tiny_decoder(tiny)->spec(), o.targets, DType::kF32, 1);
  CHECK_ERROR(Code::kUnsupported, "without merge-aware", Trainer refused(tiny_decoder(tiny), o));
}

TEST(memory_is_planned) {
  const TinyOptions tiny;
  const auto model = tiny_decoder(tiny);
  const TrainerOptions with = subtracting(tiny);
  TrainerOptions without = with;
  without.subtracts_frozen = false;
  const ParameterList pairs = lora_parameters(model->spec(), with.products());
  const int64_t more = Trainer::plan(*model, with).parameter_bytes - Trainer::plan(*model, without).parameter_bytes;
  CHECK_EQ(more, pairs.slot_bytes() + stacked_bytes(model->spec(), pairs));
  int64_t n_floats = 0;
  for (const Parameter& p : pairs.items) n_floats += p.size();
  CHECK(more >= 3 * n_floats * static_cast<int64_t>(sizeof(float)));
  CHECK(Trainer::plan(*model, with).activation_bytes > Trainer::plan(*model, without).activation_bytes);
}
