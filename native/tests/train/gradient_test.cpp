// End-to-end gradients against finite differences of the loss, for every kind of parameter.
#include "kernels/tolerances.h"
#include "model/tiny_kinds.h"
#include "train/gradients.h"

using namespace chaku;
using namespace chaku::test;

namespace {

// The products within layers of a decoder without experts.
std::vector<Module> modules_of(const TinyOptions& tiny) {
  std::vector<Module> modules;
  const bool latent = tiny.latent.kv_rank > 0;
  for (const Module m : kDenseModules) {
    if (m == Module::kFfnGate && !tiny.gated) continue;
    if (latent && (m == Module::kAttnK || m == Module::kAttnV || (m == Module::kAttnQ && tiny.latent.q_rank > 0)))
      continue;
    modules.push_back(m);
  }
  if (latent) modules.insert(modules.end(), {Module::kAttnKvA, Module::kAttnKvB});
  if (latent && tiny.latent.q_rank > 0) modules.insert(modules.end(), {Module::kAttnQA, Module::kAttnQB});
  if (tiny.layer_inputs.width > 0) modules.insert(modules.end(), {Module::kLayerInputGate, Module::kLayerInputOut});
  if (tiny.mixer.kind == MixerKind::kNone) return modules;
  modules.insert(modules.end(), {Module::kMixIn, Module::kMixGate, Module::kMixOut});
  if (tiny.mixer.kind == MixerKind::kDeltaRule)
    modules.insert(modules.end(), {Module::kMixBeta, Module::kMixAlpha});
  else
    modules.push_back(Module::kMixInputGate);
  return modules;
}

uint64_t all_targets(const TinyOptions& tiny = {}) {
  uint64_t bits = bit(Module::kOutput);
  for (const Module m : modules_of(tiny)) bits |= bit(m);
  return bits;
}

void check_lora(const TinyOptions& tiny, uint64_t targets, const std::string& what = "") {
  Trainer trainer(tiny_decoder(tiny), lora_options(targets));
  fill_b(trainer);
  check_gradients(trainer, PackedRow(tiny.vocab), what);
}

void check_full(const TinyOptions& tiny, const std::string& what = "") {
  Trainer trainer(tiny_decoder(tiny), full_options());
  check_gradients(trainer, PackedRow(tiny.vocab), what);
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

// Gradients of the packed row equal the sum of those of its sequences.
void check_packed(const TinyOptions& tiny) {
  const PackedRow row(tiny.vocab);
  Trainer packed(tiny_decoder(tiny), lora_options(all_targets(tiny)));
  Trainer apart(tiny_decoder(tiny), lora_options(all_targets(tiny)));
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

}  // namespace

TEST(lora_on_all_targets) { check_lora({}, all_targets()); }

TEST(lora_on_all_targets_of_a_rich_decoder) { check_lora(rich(), all_targets()); }

TEST(lora_with_logit_scale) {
  TinyOptions o;
  o.logit_scale = 0.8f;
  check_lora(o, all_targets());
}

TEST(lora_on_each_target_alone) {
  for (const Module m : kDenseModules) check_lora({}, bit(m));
  check_lora({}, bit(Module::kOutput));
}

// What lies below the lowest adapted layer is not differentiated; ranks and scales are each product's own.
TEST(lora_of_some_layers_with_ranks_of_their_own) {
  for (const TinyKind& kind : tiny_kinds()) {
    const DecoderSpec& spec = tiny_decoder(kind.options)->spec();
    TrainerOptions o = lora_options(all_targets(kind.options));
    for (int32_t l = 0; l < spec.n_layers(); ++l)
      for (const Module m : modules_of(kind.options))
        if (spec.has(l, static_cast<LayerLinear>(linear_of(m))))
          o.exceptions.push_back({m, l, l == 0 ? 0 : 2 + static_cast<int32_t>(m) % 3, 1.1f});
    Trainer trainer(tiny_decoder(kind.options), o);
    fill_b(trainer);
    check_gradients(trainer, PackedRow(kind.options.vocab), kind.name);
  }
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
  check_gradients(trainer, PackedRow(rich().vocab));
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

TEST(lora_of_every_kind) {
  for (const TinyKind& kind : tiny_kinds()) check_lora(kind.options, all_targets(kind.options), kind.name);
}

// The lowest trained product ends the backward pass: what lies below is not computed, what lies above must be.
TEST(lora_on_each_target_alone_of_every_kind) {
  for (const TinyKind& kind : tiny_kinds())
    for (const Module m : modules_of(kind.options)) check_lora(kind.options, bit(m), kind.name);
}

// LoRA in the layers, embedding and output whole beside it; of a tied decoder they are one.
TEST(saved_modules_of_every_kind) {
  const uint64_t kBoth = bit(Module::kTokenEmbedding) | bit(Module::kOutput);
  std::vector<TinyKind> kinds = tiny_kinds();
  kinds.push_back({"rich", rich()});
  for (const TinyKind& kind : kinds)
    for (const bool tied : {true, false})
      for (const uint64_t saved : {bit(Module::kTokenEmbedding), bit(Module::kOutput), kBoth}) {
        if (tied && saved == bit(Module::kOutput)) continue;
        TinyOptions tiny = kind.options;
        tiny.tied = tied;
        TrainerOptions o = lora_options(all_targets(tiny) & ~bit(Module::kOutput));
        o.saved = saved;
        Trainer trainer(tiny_decoder(tiny), o);
        fill_b(trainer);
        check_gradients(trainer, PackedRow(tiny.vocab), kind.name + (tied ? ", tied" : ", untied"));
      }
}

// The backward pass goes to the embedding whatever is adapted above it.
TEST(a_saved_embedding_below_adapted_layers) {
  for (const Module m : {Module::kAttnQ, Module::kFfnDown, Module::kOutput}) {
    TinyOptions tiny = rich();
    TrainerOptions o = lora_options(bit(m));
    o.saved = bit(Module::kTokenEmbedding);
    o.dropout = 0.2f;
    if (m != Module::kOutput) o.exceptions = {{m, 0}};
    Trainer trainer(tiny_decoder(tiny), o);
    fill_b(trainer);
    check_gradients(trainer, PackedRow(tiny.vocab), module_name(m, -1));
  }
}

TEST(saved_modules_beside_magnitudes) {
  TrainerOptions o = lora_options(all_targets() & ~bit(Module::kOutput));
  o.magnitudes = true;
  o.saved = bit(Module::kTokenEmbedding) | bit(Module::kOutput);
  Trainer trainer(tiny_decoder(rich()), o);
  fill_b(trainer);
  const PackedRow row(rich().vocab);
  trainer.accumulate(row.batch());
  std::vector<std::vector<float>> gradients;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i)
    gradients.push_back(trainer.read(i, Slot::kGradient));
  CHECK(trainer.parameters().back().module == Module::kOutput);
  const int32_t n = static_cast<int32_t>(gradients.size());
  for (const int32_t i : {n - 2, n - 1}) {
    const std::vector<float> base = trainer.read(i, Slot::kValue);
    for (size_t at = 3; at < base.size(); at += base.size() / 5) {
      const double up = loss_at(trainer, row, i, base, at, 1.0f / 128, 0.0f);
      const double down = loss_at(trainer, row, i, base, at, -1.0f / 128, 0.0f);
      CHECK(std::fabs((up - down) * 64 - gradients[static_cast<size_t>(i)][at]) < 0.02);
    }
    trainer.write(i, Slot::kValue, base);
  }
}

TEST(full_of_every_kind) {
  for (const TinyKind& kind : tiny_kinds()) check_full(kind.options, kind.name);
}

// Layers whose activations are not kept are computed again, to the same bits.
TEST(recomputing_changes_no_gradient_of_any_kind) {
  for (const TinyKind& kind : tiny_kinds()) {
    const PackedRow row(kind.options.vocab);
    std::vector<std::vector<float>> gradients;
    for (const int32_t n_kept : {0, 1, 2}) {
      TrainerOptions o = lora_options(all_targets(kind.options));
      o.n_kept = n_kept;
      Trainer trainer(tiny_decoder(kind.options), o);
      fill_b(trainer);
      trainer.accumulate(row.batch());
      std::vector<float>& all = gradients.emplace_back();
      for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
        const auto g = trainer.read(i, Slot::kGradient);
        all.insert(all.end(), g.begin(), g.end());
      }
    }
    if (gradients[0] != gradients[2] || gradients[1] != gradients[2])
      report(__FILE__, __LINE__, kind.name + ": other gradients after computing again");
  }
}

TEST(packed_equals_unpacked) {
  check_packed(rich());
  for (const TinyKind& kind : tiny_kinds()) check_packed(kind.options);
}

// A position that only a seam separates from another sequence must not feel it.
TEST(sequences_do_not_see_each_other) {
  const TinyOptions tiny;
  PackedRow row(tiny.vocab);
  Trainer trainer(tiny_decoder(tiny), lora_options(all_targets()));
  for (size_t i = 8; i < row.weights.size(); ++i) row.weights[i] = 0.0f;
  const double before = trainer.evaluate(row.batch()).loss_sum;
  for (size_t i = 8; i < row.tokens.size(); ++i) row.tokens[i] = (row.tokens[i] + 5) % tiny.vocab;
  CHECK_EQ(before, trainer.evaluate(row.batch()).loss_sum);
}

// All gradients of a trainer, one after another.
static std::vector<float> all_gradients(TinyOptions tiny, CpuPath path, const TrainerOptions& o) {
  tiny.path = path;
  Trainer trainer(tiny_decoder(tiny), o);
  if (o.rank > 0) fill_b(trainer);
  trainer.accumulate(PackedRow(tiny.vocab).batch());
  std::vector<float> all;
  for (int32_t i = 0; i < static_cast<int32_t>(trainer.parameters().size()); ++i) {
    const auto gradient = trainer.read(i, Slot::kGradient);
    all.insert(all.end(), gradient.begin(), gradient.end());
  }
  return all;
}

static void check_bf16(const TinyKind& kind, const TrainerOptions& o) {
  const bool delta_rule = kind.options.mixer.kind == MixerKind::kDeltaRule;
  const double most = delta_rule ? kBf16DeltaRuleGradient : kBf16Decoder;
  const std::vector<float> exact = all_gradients(kind.options, float32_path(), o);
  for (const CpuPath path : bf16_paths()) {
    const std::vector<float> rounded = all_gradients(kind.options, path, o);
    double difference = 0, norm = 0;
    for (size_t i = 0; i < exact.size(); ++i) {
      difference += std::pow(static_cast<double>(rounded[i]) - exact[i], 2);
      norm += std::pow(static_cast<double>(exact[i]), 2);
    }
    const double off = std::sqrt(difference / norm);
    if (!(off > 0 && off < most))
      report(find_table(path)->name, 0, kind.name + ": gradients " + std::to_string(off) + " from those of float32");
  }
}

TEST(gradients_of_paths_that_round_to_bf16_are_near) {
  std::vector<TinyKind> kinds = tiny_kinds();
  kinds.push_back({"rich", rich()});
  for (const TinyKind& kind : kinds) {
    check_bf16(kind, lora_options(all_targets(kind.options)));
    check_bf16(kind, full_options());
  }
}
