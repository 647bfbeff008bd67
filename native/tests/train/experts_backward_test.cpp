// Gradients through experts, routers and sinks, against finite differences of the loss.
#include "train/experts_backward.h"

#include "model/oracle.h"
#include "train/gradients.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr Module kExpertModules[] = {Module::kExpertGate, Module::kExpertUp, Module::kExpertDown};
constexpr Module kSharedModules[] = {Module::kSharedGate, Module::kSharedUp, Module::kSharedDown};

uint32_t attention_targets() {
  return bit(Module::kAttnQ) | bit(Module::kAttnK) | bit(Module::kAttnV) | bit(Module::kAttnOutput);
}

uint32_t expert_targets(bool shared) {
  uint32_t bits = attention_targets();
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

// The trainer's additions, as the oracle reads them.
LowRanks additions(const Trainer& trainer, const DecoderSpec& spec, const TrainerOptions& o) {
  LowRanks all;
  all.layers.resize(spec.layers.size());
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    const Parameter& p = trainer.parameter(i);
    if (p.kind != TensorKind::kLoraA && p.kind != TensorKind::kLoraB) continue;
    LowRank& low_rank = all.layers[static_cast<size_t>(p.layer)][static_cast<size_t>(linear_of(p.module))];
    (p.kind == TensorKind::kLoraA ? low_rank.a : low_rank.b) = trainer.read(i, Slot::kValue).data();
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
    const LowRanks low_ranks = additions(*trainer, model->spec(), o);
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
  for (const TinyOptions& tiny : kFamilies)
    check(tiny, lora_options(expert_targets(tiny.experts.shared_ff_width > 0)));
}

TEST(lora_on_each_product_of_experts_alone) {
  for (const Module m : kExpertModules) check(qwen2moe(), lora_options(bit(m)));
  for (const Module m : kSharedModules) check(qwen2moe(), lora_options(bit(m)));
}

TEST(lora_on_experts_with_dropout) {
  TrainerOptions o = lora_options(expert_targets(true));
  o.dropout = 0.3f;
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
