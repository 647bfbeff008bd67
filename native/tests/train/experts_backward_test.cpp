// Gradients through experts, routers and sinks, against finite differences of the loss.
#include "train/experts_backward.h"

#include <cstring>

#include "model/expect_error.h"
#include "model/oracle.h"
#include "train/gradients.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr Module kExpertModules[] = {Module::kExpertGate, Module::kExpertUp, Module::kExpertDown};
constexpr Module kSharedModules[] = {Module::kSharedGate, Module::kSharedUp, Module::kSharedDown};

uint64_t attention_targets() {
  return bit(Module::kAttnQ) | bit(Module::kAttnK) | bit(Module::kAttnV) | bit(Module::kAttnOutput);
}

uint64_t expert_targets(bool shared) {
  uint64_t bits = attention_targets();
  for (const Module m : kExpertModules) bits |= bit(m);
  if (shared)
    for (const Module m : kSharedModules) bits |= bit(m);
  return bits;
}

// As mixtral, qwen2moe, qwen3moe and gpt-oss are made.
TinyOptions mixtral() {
  TinyOptions o;
  o.experts = {4, 2, 24, 0, Gating::kSoftmax, true, 1.0f};
  return o;
}

TinyOptions qwen2moe() {
  TinyOptions o;
  o.experts = {4, 2, 24, 20, Gating::kSoftmax, false, 1.0f};
  o.tied = false;
  return o;
}

TinyOptions qwen3moe() {
  TinyOptions o;
  o.experts = {5, 3, 16, 0, Gating::kSoftmax, true, 1.0f};
  o.head_norms = true;
  o.residual_scale = 0.7f;
  return o;
}

TinyOptions gpt_oss() {
  TinyOptions o;
  o.experts = {4, 2, 24, 0, Gating::kSoftmaxTopK, false, 1.0f};
  o.activation = Activation::kClampedSwiGlu;
  o.sinks = o.biases = true;
  o.window = 4;
  return o;
}

// Sigmoids, a scale, a shared expert without a router, and a dense layer below.
TinyOptions sigmoid() {
  TinyOptions o;
  o.experts = {6, 3, 16, 24, Gating::kSigmoid, true, 2.0f};
  o.shared_router = false;
  o.n_dense = 1;
  return o;
}

const TinyOptions kFamilies[] = {mixtral(), qwen2moe(), qwen3moe(), gpt_oss(), sigmoid()};

// The trainer's additions, as the oracle reads them: from `values`.
LowRanks additions(const Trainer& trainer, const DecoderSpec& spec, const TrainerOptions& o,
                   std::vector<std::vector<float>>& values) {
  LowRanks all;
  all.layers.resize(spec.layers.size());
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    const Parameter& p = trainer.parameter(i);
    if (p.kind != TensorKind::kLoraA && p.kind != TensorKind::kLoraB) continue;
    LowRank& low_rank = all.layers[static_cast<size_t>(p.layer)][static_cast<size_t>(linear_of(p.module))];
    (p.kind == TensorKind::kLoraA ? low_rank.a : low_rank.b) =
        values.emplace_back(trainer.read(i, Slot::kValue)).data();
    low_rank.rank = o.rank;
    low_rank.scale = o.scale;
  }
  return all;
}

// A trainer over the first weights with which every choice of the routers is clear: no step of a parameter then changes
// one, and the loss can be differentiated.
std::unique_ptr<Trainer> clear_trainer(TinyOptions tiny, const TrainerOptions& o) {
  const PackedRow row(tiny.vocab);
  for (;; ++tiny.seed) {
    const auto model = tiny_decoder(tiny);
    auto trainer = std::make_unique<Trainer>(model, o);
    fill_b(*trainer);
    std::vector<std::vector<float>> values;
    const LowRanks low_ranks = additions(*trainer, model->spec(), o, values);
    const Oracle oracle(model->spec(), model->weights(), &low_ranks);
    for (size_t s = 0; s + 1 < row.starts.size(); ++s)
      oracle.logits({row.tokens.begin() + row.starts[s], row.tokens.begin() + row.starts[s + 1]});
    if (oracle.margin() > 0.3) return trainer;
  }
}

void check(const TinyOptions& tiny, const TrainerOptions& o) {
  check_gradients(*clear_trainer(tiny, o), PackedRow(tiny.vocab));
}

}  // namespace

TEST(lora_on_attention_through_frozen_experts) {
  for (const TinyOptions& tiny : kFamilies) check(tiny, lora_options(attention_targets()));
}

TEST(lora_on_experts) {
  for (const TinyOptions& tiny : kFamilies) check(tiny, lora_options(expert_targets(tiny.experts.shared_ff_width > 0)));
}

TEST(lora_on_each_product_of_experts_alone) {
  for (const Module m : kExpertModules) check(qwen2moe(), lora_options(bit(m)));
  for (const Module m : kSharedModules) check(qwen2moe(), lora_options(bit(m)));
}

TEST(lora_on_experts_with_dropout) {
  TrainerOptions o = lora_options(expert_targets(true));
  o.dropout = 0.3f;
  o.seed = 6;  // whose dropout leaves no expert choice so close that a step would turn it
  check(qwen2moe(), o);
}

TEST(full_with_frozen_and_with_trained_routers) {
  for (const TinyOptions& tiny : kFamilies)
    for (const bool routers : {false, true}) {
      TrainerOptions o = full_options();
      o.train_routers = routers;
      check(tiny, o);
    }
}

namespace {

bool same_gradients(const Trainer& a, const Trainer& b) {
  for (int32_t i = 0; i < static_cast<int32_t>(a.parameters().size()); ++i) {
    const auto x = a.read(i, Slot::kGradient), y = b.read(i, Slot::kGradient);
    if (std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) != 0) return false;
  }
  return true;
}

std::unique_ptr<Trainer> accumulated(const TinyOptions& tiny, TrainerOptions o, const TrainingBatch& batch) {
  auto trainer = std::make_unique<Trainer>(tiny_decoder(tiny), o);
  fill_b(*trainer);
  trainer->accumulate(batch);
  return trainer;
}

}  // namespace

// What is kept or recomputed, and the number of threads, change no bit.
TEST(recomputation_and_threads_change_no_bit) {
  for (TinyOptions tiny : kFamilies) {
    TrainerOptions o = lora_options(expert_targets(tiny.experts.shared_ff_width > 0));
    o.dropout = 0.2f;
    o.load_balance = 0.1f;
    const PackedRow row(tiny.vocab);
    o.n_kept = 2;
    const auto kept = accumulated(tiny, o, row.batch());
    o.n_kept = 0;
    CHECK(same_gradients(*kept, *accumulated(tiny, o, row.batch())));
    tiny.n_threads = 1;
    CHECK(same_gradients(*kept, *accumulated(tiny, o, row.batch())));
  }
}

// Without the load-balance loss, which is of a whole batch.
TEST(packed_equals_unpacked) {
  for (const TinyOptions& tiny : kFamilies) {
    const TrainerOptions o = lora_options(expert_targets(tiny.experts.shared_ff_width > 0));
    const PackedRow row(tiny.vocab);
    const auto packed = accumulated(tiny, o, row.batch());
    Trainer apart(tiny_decoder(tiny), o);
    fill_b(apart);
    for (size_t s = 0; s + 1 < row.starts.size(); ++s) {
      const size_t begin = static_cast<size_t>(row.starts[s]), end = static_cast<size_t>(row.starts[s + 1]);
      const std::vector<int32_t> starts = {0, static_cast<int32_t>(end - begin)};
      apart.accumulate({0,
                        {row.tokens.data() + begin, end - begin},
                        {row.targets.data() + begin, row.weights.data() + begin},
                        starts});
    }
    for (int32_t i = 0; i < static_cast<int32_t>(apart.parameters().size()); ++i) {
      const auto a = packed->read(i, Slot::kGradient), b = apart.read(i, Slot::kGradient);
      CHECK_CLOSE(a.data(), b.data(), static_cast<int64_t>(a.size()), 1e-4, 1e-3);
    }
  }
}

// The coefficient times the loss that is reported is what is differentiated too: as much of it as the batch has
// weights.
TEST(load_balance) {
  for (const TinyOptions& tiny : kFamilies) {
    TrainerOptions o = full_options();
    o.train_routers = true;
    o.load_balance = 0.5f;
    auto trainer = clear_trainer(tiny, o);
    const PackedRow row(tiny.vocab);
    CHECK(trainer->evaluate(row.batch()).balance > 1.0);
    check_gradients(*trainer, row, "load balance", o.load_balance);
  }
}

TEST(load_balance_is_zero_unless_asked_for_and_refused_without_experts) {
  Trainer trainer(tiny_decoder(mixtral()), lora_options(attention_targets()));
  CHECK_EQ(trainer.evaluate(PackedRow(48).batch()).balance, 0.0);
  TrainerOptions o = lora_options(attention_targets());
  o.load_balance = 0.1f;
  CHECK_ERROR(Code::kInvalidArgument, "load_balance 0 for a model without experts", Trainer(tiny_decoder({}), o));
  o.load_balance = NAN;
  CHECK_ERROR(Code::kInvalidArgument, "finite load_balance", Trainer(tiny_decoder(mixtral()), o));
}

TEST(targets_that_no_layer_has_are_refused) {
  CHECK_ERROR(Code::kInvalidArgument, "ffn_gate",
              Trainer(tiny_decoder(mixtral()), lora_options(bit(Module::kFfnGate))));
  CHECK_ERROR(Code::kInvalidArgument, "ffn_up_exps", Trainer(tiny_decoder({}), lora_options(bit(Module::kExpertUp))));
  CHECK_ERROR(Code::kInvalidArgument, "targets among",
              Trainer(tiny_decoder(mixtral()), lora_options(bit(Module::kRouter))));
  // One layer is dense, the other has experts: both kinds are there.
  Trainer both(tiny_decoder(sigmoid()), lora_options(bit(Module::kFfnGate) | bit(Module::kExpertGate)));
  CHECK_EQ(both.parameters().size(), size_t{4});
}
