#include "train/merged_weights.h"

#include <cmath>
#include <cstring>
#include <memory>

#include "model/expect_error.h"
#include "model/tiny_kinds.h"
#include "train/gradients.h"
#include "train/merging.h"

using namespace chaku;
using namespace chaku::test;

namespace {

// Rows of whole blocks of 32 all over.
TinyOptions wide() {
  TinyOptions o;
  o.ff_width = 64;
  o.biases = true;
  o.tied = false;
  return o;
}

TinyOptions experts() {
  TinyOptions o;
  o.experts = {4, 2, 32, 64, Gating::kSoftmax, true, 1.0f};
  return o;
}

uint64_t targets_of(const TinyOptions& tiny) {
  const DecoderSpec& spec = tiny_decoder(tiny)->spec();
  uint64_t bits = bit(Module::kOutput);
  for (int32_t l = 0; l < spec.n_layers(); ++l)
    for (int32_t i = 0; i < kLayerLinears; ++i) {
      const Module module = kLinearModules[static_cast<size_t>(i)];
      if (spec.has(l, static_cast<LayerLinear>(i)) && is_adaptable(module) && module != Module::kAttnKvB)
        bits |= bit(module);
    }
  return bits;
}

TrainerOptions merge_options(const TinyOptions& tiny, DType dtype, int32_t every) {
  TrainerOptions o = lora_options(targets_of(tiny));
  o.merge = merging(tiny_decoder(tiny)->spec(), o.targets, dtype, every);
  return o;
}

void advance(Trainer& trainer, const PackedRow& row, int n_steps) {
  StepOptions o;
  o.learning_rate = 0.02f;
  for (int i = 0; i < n_steps; ++i) {
    TrainingBatch batch = row.batch();
    batch.index = i;
    trainer.accumulate(batch);
    trainer.step(o);
  }
}

std::vector<float> everything(const Trainer& trainer) {
  std::vector<float> all;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    for (const Slot slot : {Slot::kValue, Slot::kGradient, Slot::kMoment1, Slot::kMoment2, Slot::kFrozen}) {
      const auto values = trainer.read(i, slot);
      all.insert(all.end(), values.begin(), values.end());
    }
  return all;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

using Floats = std::vector<float>;

// s B A of a slot's pair [E N,K], added to `onto` as a merge does: term by term in float64, rounded once.
void add_pair(const Trainer& trainer, int32_t a_index, Slot slot, float scale, int64_t n_stacked, Floats& onto) {
  const Floats a = trainer.read(a_index, slot), b = trainer.read(a_index + 1, slot);
  const int64_t k = trainer.parameter(a_index).shape.columns, r = trainer.parameter(a_index + 1).shape.columns;
  const int64_t rows = trainer.parameter(a_index + 1).shape.rows, each = rows / n_stacked;
  for (int64_t n = 0; n < rows; ++n)
    for (int64_t c = 0; c < k; ++c) {
      double sum = onto[static_cast<size_t>(n * k + c)];
      for (int64_t i = 0; i < r; ++i)
        sum += static_cast<double>(scale) * b[static_cast<size_t>(n * r + i)] *
               static_cast<double>(a[static_cast<size_t>((n / each * r + i) * k + c)]);
      onto[static_cast<size_t>(n * k + c)] = static_cast<float>(sum);
    }
}

Floats decoded(DType dtype, const std::vector<std::byte>& bytes, size_t n) {
  Floats values(n);
  dequantize(dtype, bytes.data(), values.data(), static_cast<int64_t>(n));
  return values;
}

// A decoder with tensors replaced by what `change` makes of their float32 values.
template <class Change>
std::shared_ptr<Model> changed_decoder(TinyOptions tiny, const Trainer& trainer, const Change& change) {
  const DecoderSpec spec = tiny_decoder(tiny)->spec();
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); i += 2) {
    const Parameter& p = trainer.parameter(i);
    const int32_t linear = linear_of(p.module);
    const int64_t n_stacked = linear >= 0 ? spec.n_stacked(p.layer, static_cast<LayerLinear>(linear)) : 1;
    const Shape shape = spec.shape(p.module, p.layer);
    const int64_t n = shape.rows * shape.columns;
    // As tiny_decoder() makes it: the token embedding, of deviation 1, where the output is tied.
    const bool tied = p.module == Module::kOutput && tiny.tied;
    const Floats drawn = tied ? tiny_values(tiny, Module::kTokenEmbedding, -1, TensorKind::kWeight, n, 0.0f, 1.0f)
                              : tiny_values(tiny, p.module, p.layer, TensorKind::kWeight, n, 0.0f,
                                            1.0f / std::sqrt(static_cast<float>(shape.columns)));
    std::vector<std::byte> encoded(static_cast<size_t>(row_bytes(tiny.dtype, shape.columns) * shape.rows));
    quantize(tiny.dtype, drawn.data(), encoded.data(), n);
    tiny.replaced[{p.layer, p.module}] =
        change(i, shape, n_stacked, decoded(tiny.dtype, encoded, static_cast<size_t>(n)));
  }
  if (tiny.replaced.contains({-1, Module::kOutput})) tiny.tied = false;
  return tiny_decoder(tiny);
}

// What a merge writes: W + s B A in the format that the options say.
std::shared_ptr<Model> merged_decoder(const TinyOptions& tiny, const Trainer& trainer, const TrainerOptions& o) {
  return changed_decoder(tiny, trainer, [&](int32_t i, Shape shape, int64_t n_stacked, Floats values) {
    add_pair(trainer, i, Slot::kValue, o.scale, n_stacked, values);
    TinyTensor tensor{o.merge.formats[static_cast<size_t>(i / 2)].dtype, {}};
    tensor.bytes.resize(static_cast<size_t>(row_bytes(tensor.dtype, shape.columns) * shape.rows));
    quantize(tensor.dtype, values.data(), tensor.bytes.data(), static_cast<int64_t>(values.size()));
    return tensor;
  });
}

// W_eff of a training pass: Q(W + s B0 A0) + s (B A - B0 A0), in float32.
std::shared_ptr<Model> lagging_decoder(const TinyOptions& tiny, const Trainer& trainer, const TrainerOptions& o) {
  return changed_decoder(tiny, trainer, [&](int32_t i, Shape shape, int64_t n_stacked, Floats values) {
    add_pair(trainer, i, Slot::kFrozen, o.scale, n_stacked, values);
    const DType dtype = o.merge.formats[static_cast<size_t>(i / 2)].dtype;
    std::vector<std::byte> encoded(static_cast<size_t>(row_bytes(dtype, shape.columns) * shape.rows));
    quantize(dtype, values.data(), encoded.data(), static_cast<int64_t>(values.size()));
    values = decoded(dtype, encoded, values.size());
    add_pair(trainer, i, Slot::kValue, o.scale, n_stacked, values);
    add_pair(trainer, i, Slot::kFrozen, -o.scale, n_stacked, values);
    TinyTensor tensor{DType::kF32, {}};
    tensor.bytes.resize(values.size() * sizeof(float));
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
    return tensor;
  });
}

// The loss of a decoder as it is: B is zero.
double plain_loss(const std::shared_ptr<Model>& model, const PackedRow& row) {
  return Trainer(model, lora_options(bit(Module::kAttnQ))).evaluate(row.batch()).loss_sum;
}

}  // namespace

TEST(evaluation_gives_the_loss_of_the_merged_weights_to_the_bit) {
  for (TinyOptions tiny : {wide(), experts(), TinyOptions{.ff_width = 64}})
    for (const DType base : {DType::kF32, DType::kQ4_0})
      for (const DType dtype : {DType::kQ4_0, DType::kQ8_0, DType::kIQ4_NL, DType::kBF16}) {
        tiny.dtype = base;
        const TrainerOptions o = merge_options(tiny, dtype, 3);
        Trainer trainer(tiny_decoder(tiny), o);
        const PackedRow row(tiny.vocab);
        advance(trainer, row, 5);
        const double merged = plain_loss(merged_decoder(tiny, trainer, o), row);
        CHECK_EQ(trainer.evaluate(row.batch()).loss_sum, merged);
        trainer.accumulate(row.batch());
        CHECK_EQ(trainer.evaluate(row.batch()).loss_sum, merged);
      }
}

TEST(super_blocks_are_merged_as_well) {
  TinyOptions tiny;
  tiny.width = tiny.ff_width = 256;
  tiny.n_layers = 1;
  for (const DType dtype : {DType::kQ4_K, DType::kQ6_K}) {
    TrainerOptions o = lora_options(bit(Module::kAttnQ) | bit(Module::kFfnUp));
    o.merge = merging(tiny_decoder(tiny)->spec(), o.targets, dtype, 2);
    Trainer trainer(tiny_decoder(tiny), o);
    const PackedRow row(tiny.vocab);
    advance(trainer, row, 3);
    CHECK_EQ(trainer.evaluate(row.batch()).loss_sum, plain_loss(merged_decoder(tiny, trainer, o), row));
  }
}

TEST(training_sees_the_copies_and_what_changed_since) {
  for (TinyOptions tiny : {wide(), experts()}) {
    const TrainerOptions o = merge_options(tiny, DType::kQ4_0, 4);
    Trainer trainer(tiny_decoder(tiny), o);
    const PackedRow row(tiny.vocab);
    advance(trainer, row, 4);
    // Four steps are done: copies are made anew, and the halves cancel.
    const double fresh = trainer.accumulate(row.batch()).loss_sum;
    CHECK(std::fabs(fresh - trainer.evaluate(row.batch()).loss_sum) < 1e-4);
    advance(trainer, row, 2);
    const double lagging = trainer.accumulate(row.batch()).loss_sum;
    CHECK(std::fabs(lagging - plain_loss(lagging_decoder(tiny, trainer, o), row)) < 1e-4);
    CHECK(std::fabs(lagging - trainer.evaluate(row.batch()).loss_sum) > 1e-3);
  }
}

// Straight-through: with the quantizer replaced by the identity, gradients are those of the loss that training sees,
// and those of a training that merges nothing.
TEST(gradients_are_those_without_the_quantizer) {
  for (const TinyOptions& tiny : {wide(), experts()}) {
    const TrainerOptions o = merge_options(tiny, DType::kF32, 2);
    TrainerOptions plain = o;
    plain.merge = {};
    const PackedRow row(tiny.vocab);
    Trainer trainer(tiny_decoder(tiny), o), other(tiny_decoder(tiny), plain);
    fill_b(trainer);
    fill_b(other);
    CHECK(std::fabs(trainer.accumulate(row.batch()).loss_sum - other.accumulate(row.batch()).loss_sum) < 1e-4);
    for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
      const Floats a = trainer.read(i, Slot::kGradient), b = other.read(i, Slot::kGradient);
      CHECK_CLOSE(a.data(), b.data(), static_cast<int64_t>(a.size()), 1e-4, 1e-3);
    }
  }
}

// Between copies the loss is smooth in A and B: differences say what its gradient is, the quantizer at work.
TEST(gradients_between_copies_by_differences) {
  for (TinyKind kind : tiny_kinds())
    check_gradients(
        *[&] {
          auto trainer =
              std::make_unique<Trainer>(tiny_decoder(kind.options), merge_options(kind.options, DType::kQ8_0, 3));
          advance(*trainer, PackedRow(kind.options.vocab), 1);
          fill_b(*trainer);
          return trainer;
        }(),
        PackedRow(kind.options.vocab), kind.name);
  TinyOptions all_used = experts();  // no step of a parameter changes a choice
  all_used.experts.n_used = all_used.experts.n_experts;
  for (TinyOptions tiny : {wide(), all_used})
    for (const float dropout : {0.0f, 0.3f}) {
      TrainerOptions o = merge_options(tiny, DType::kQ4_0, 3);
      o.dropout = dropout;
      Trainer trainer(tiny_decoder(tiny), o);
      fill_b(trainer);
      advance(trainer, PackedRow(tiny.vocab), 1);
      check_gradients(trainer, PackedRow(tiny.vocab), dropout > 0 ? "with dropout" : "");
    }
}

TEST(threads_and_recomputation_change_no_bit) {
  for (TinyOptions tiny : {wide(), experts()}) {
    std::vector<std::vector<float>> results;
    for (const int n_threads : {1, 2, 3})
      for (const int32_t n_kept : {0, 2}) {
        tiny.n_threads = n_threads;
        TrainerOptions o = merge_options(tiny, DType::kQ4_0, 2);
        o.n_kept = n_kept;
        Trainer trainer(tiny_decoder(tiny), o);
        advance(trainer, PackedRow(tiny.vocab), 3);
        results.push_back(everything(trainer));
      }
    for (const auto& result : results) CHECK(same_bits(result, results.front()));
  }
}

TEST(evaluations_change_no_bit_of_the_training) {
  const TinyOptions tiny = wide();
  const PackedRow row(tiny.vocab);
  Trainer quiet(tiny_decoder(tiny), merge_options(tiny, DType::kQ4_0, 3));
  Trainer asked(tiny_decoder(tiny), merge_options(tiny, DType::kQ4_0, 3));
  advance(quiet, row, 8);
  for (int i = 0; i < 8; ++i) {
    const double loss = asked.evaluate(row.batch()).loss_sum;
    TrainingBatch batch = row.batch();
    batch.index = i;
    asked.accumulate(batch);
    CHECK_EQ(asked.evaluate(row.batch()).loss_sum, loss);
    StepOptions o;
    o.learning_rate = 0.02f;
    asked.step(o);
  }
  CHECK(same_bits(everything(quiet), everything(asked)));
}

// At, before and after a step that makes copies; the trainer that takes the state over has seen other steps.
TEST(restored_state_goes_on_with_the_same_bits) {
  const TinyOptions tiny = wide();
  const PackedRow row(tiny.vocab);
  for (int done = 2; done <= 4; ++done) {
    Trainer first(tiny_decoder(tiny), merge_options(tiny, DType::kQ4_0, 3));
    Trainer second(tiny_decoder(tiny), merge_options(tiny, DType::kQ4_0, 3));
    advance(first, row, done);
    advance(second, row, 3);
    second.accumulate(row.batch());
    second.step({.learning_rate = 0.1f});
    for (int32_t i = 0; i < static_cast<int32_t>(first.parameters().size()); ++i)
      for (const Slot slot : {Slot::kValue, Slot::kMoment1, Slot::kMoment2, Slot::kFrozen})
        second.write(i, slot, first.read(i, slot));
    second.set_step(done);
    CHECK_EQ(first.evaluate(row.batch()).loss_sum, second.evaluate(row.batch()).loss_sum);
    advance(first, row, 3);
    advance(second, row, 3);
    CHECK(same_bits(everything(first), everything(second)));
  }
}

TEST(more_is_kept_of_what_is_learned) {
  TinyOptions tiny = wide();
  tiny.dtype = DType::kQ4_0;
  const PackedRow row(tiny.vocab);
  TrainerOptions o = merge_options(tiny, DType::kQ4_0, 1), plain = o;
  plain.merge = {};
  Trainer aware(tiny_decoder(tiny), o), blind(tiny_decoder(tiny), plain);
  advance(aware, row, 40);
  advance(blind, row, 40);
  const double merged = plain_loss(merged_decoder(tiny, blind, o), row);
  CHECK(aware.evaluate(row.batch()).loss_sum < merged);
}

TEST(memory_is_planned) {
  const TinyOptions tiny = wide();
  const auto model = tiny_decoder(tiny);
  TrainerOptions o = merge_options(tiny, DType::kQ4_0, 2), plain = o;
  plain.merge = {};
  const ParameterList parameters = lora_parameters(model->spec(), o.products());
  int64_t copies = 0, floats = 0;
  for (const Parameter& p : parameters.items) {
    floats += p.size();
    if (p.kind == TensorKind::kLoraA)
      copies += row_bytes(DType::kQ4_0, p.shape.columns) * model->spec().shape(p.module, p.layer).rows;
  }
  const MemoryPlan more = Trainer::plan(*model, o), less = Trainer::plan(*model, plain);
  const int64_t added = more.parameter_bytes - less.parameter_bytes;
  const int64_t needed = copies + parameters.slot_bytes() + 2 * floats * static_cast<int64_t>(sizeof(float));
  CHECK(added >= needed && added < needed + 64 * 200);
  CHECK(more.activation_bytes > less.activation_bytes);
  o.n_kept = 0;
  o.memory_limit_bytes = Trainer::plan(*model, o).total_bytes() - 1;
  CHECK_ERROR(Code::kMemoryLimit, "[trainer] expected at most", Trainer(model, o));
}

TEST(bad_options) {
  const TinyOptions tiny = wide();
  const auto model = tiny_decoder(tiny);
  const auto refused = [&](Code code, const char* part, auto change) {
    TrainerOptions o = merge_options(tiny, DType::kQ4_0, 2);
    change(o);
    CHECK_ERROR(code, part, Trainer(model, o));
    CHECK_ERROR(code, part, Trainer::plan(*model, o));
  };
  refused(Code::kInvalidArgument, "LoRA alone, got full training", [](auto& o) { o.mode = TrainMode::kFull; });
  refused(Code::kInvalidArgument, "every 1..1048576 steps, got -1", [](auto& o) { o.merge.every = -1; });
  refused(Code::kInvalidArgument, "one format for each adapted weight, got 0 (output)",
          [](auto& o) { o.merge.formats.pop_back(); });
  refused(Code::kInvalidArgument, "got 2 (attn_q of layer 0)",
          [](auto& o) { o.merge.formats.push_back(o.merge.formats.front()); });
  refused(Code::kInvalidArgument, "adapted weights alone",
          [](auto& o) { o.merge.formats.push_back({Module::kAttnNorm, 0, DType::kF16}); });
  refused(Code::kUnsupported, "can be encoded, got IQ2_XS (attn_q of layer 0)",
          [](auto& o) { o.merge.formats.front().dtype = DType::kIQ2_XS; });
  refused(Code::kInvalidArgument, "whole blocks of 256 (Q4_K), got 32 (attn_q of layer 0)",
          [](auto& o) { o.merge.formats.front().dtype = DType::kQ4_K; });
  TinyOptions latent;
  latent.latent = {12, 16, 6, 4, 5};
  TrainerOptions o = lora_options(bit(Module::kAttnKvB));
  o.merge = merging(tiny_decoder(latent)->spec(), o.targets, DType::kF16, 1);
  CHECK_ERROR(Code::kUnsupported, "one weight to merge into, got attn_kv_b of layer 0",
              Trainer(tiny_decoder(latent), o));
  Trainer plain(model, lora_options(bit(Module::kAttnQ)));
  CHECK_ERROR(Code::kInvalidArgument, "not merge-aware", plain.read(0, Slot::kFrozen));
}
