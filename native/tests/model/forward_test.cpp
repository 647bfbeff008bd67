#include "model/forward.h"

#include <cstring>

#include "kernels/tolerances.h"
#include "model/expect_error.h"
#include "model/linear.h"
#include "model/oracle.h"
#include "model/output.h"
#include "model/tiny_kinds.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kTokens = 23;

TinyOptions rich() {
  TinyOptions o;
  o.n_layers = 3;
  o.biases = true;
  o.head_norms = true;
  o.tied = false;
  o.window = 5;
  o.pairing = RopePairing::kHalves;
  o.embedding_scale = 1.5f;
  o.residual_scale = 0.6f;
  return o;
}

// Low-rank additions to every product.
struct Additions {
  std::vector<std::vector<float>> values;
  LowRanks low_ranks;

  Additions(const DecoderSpec& spec, int32_t rank) {
    low_ranks.layers.resize(spec.layers.size());
    for (int32_t l = 0; l < spec.n_layers(); ++l)
      for (int32_t i = 0; i < kLayerLinears; ++i)
        if (const auto linear = static_cast<LayerLinear>(i); spec.has(l, linear) && !is_router(kLinearModules[i]))
          low_ranks.layers[static_cast<size_t>(l)][static_cast<size_t>(i)] =
              pair(spec.shape(l, linear), spec.n_stacked(l, linear), rank);
    low_ranks.output = pair(spec.shape(Module::kOutput, -1), 1, rank);
  }

 private:
  LowRank pair(Shape shape, int64_t n_stacked, int32_t rank) {
    const float* a = fill(n_stacked * rank * shape.columns);
    return {a, fill(shape.rows * rank), rank, 0.5f};
  }
  const float* fill(int64_t n) {
    const Philox random(3, values.size());
    std::vector<float>& v = values.emplace_back(static_cast<size_t>(n));
    for (size_t i = 0; i < v.size(); ++i) v[i] = 0.2f * random.normal(i);
    return v.data();
  }
};

struct Run {
  std::vector<float> stream;  // the last block's output
  std::vector<float> logits;
};

Run run(const Model& model, const ActivationOptions& layout, const LowRanks* low_ranks,
        std::span<const AttentionSpan> spans) {
  Carver counter(nullptr);
  carve_activations(counter, model.spec(), layout);
  AlignedBytes memory(counter.n_bytes());
  Carver carver(memory.data());
  Activations a = carve_activations(carver, model.spec(), layout);
  const std::vector<int32_t> tokens = tiny_tokens(kTokens, model.spec().vocab_size);
  std::vector<int32_t> positions;
  for (const AttentionSpan& span : spans)
    for (int64_t t = span.q_begin; t < span.q_end; ++t) positions.push_back(static_cast<int32_t>(t - span.q_begin));
  const int64_t one = product_rows(model.spec(), kTokens) * 8;
  std::vector<float> low_rank_out(static_cast<size_t>(kLinearsTogether * one));
  if (layout.low_rank_linears == 0) share_low_rank_out(low_rank_out.data(), one, a);

  const Decoder decoder{&model.engine(), &model.spec(), &model.weights(), low_ranks, nullptr, {}};
  forward(decoder, {tokens.data(), positions.data(), kTokens, spans, 0}, {}, a);
  const float* stream = a.streams.back();
  Run result{{stream, stream + kTokens * model.spec().width}, {}};
  std::vector<float> normed(result.stream.size());
  output_norm(decoder, stream, kTokens, normed.data(), nullptr);
  if (low_ranks != nullptr)
    low_rank_down(decoder, low_ranks->output, normed.data(), model.spec().width, kTokens, low_rank_out.data());
  result.logits.resize(static_cast<size_t>(kTokens * model.spec().vocab_size));
  project_logits(decoder, normed.data(), low_rank_out.data(), kTokens, result.logits.data());
  cap_logits(decoder, kTokens, result.logits.data());
  return result;
}

const std::vector<AttentionSpan> kOne = {{0, kTokens, 0, kTokens}};

ActivationOptions lean() {
  ActivationOptions o;
  o.max_tokens = kTokens;
  return o;
}

// Each layer routes: three of seven experts, and a shared one.
TinyOptions with_experts() {
  TinyOptions o = rich();
  o.experts = {7, 3, 24, 20, Gating::kSoftmax, true, 1.5f};
  o.n_dense = 1;
  o.sinks = true;
  return o;
}

ActivationOptions taped(int32_t n_kept) {
  ActivationOptions o = lean();
  o.taped = true;
  o.head_norms = true;
  o.post_norms = true;
  o.n_kept = n_kept;
  o.rank = 8;
  o.low_rank_linears = (1u << kLayerLinears) - 1;
  return o;
}

void check_oracle(const TinyOptions& tiny, bool additions, const char* what = "") {
  const auto model = tiny_decoder(tiny);
  const Additions added(model->spec(), 3);
  const LowRanks* low_ranks = additions ? &added.low_ranks : nullptr;
  const Run got = run(*model, lean(), low_ranks, kOne);
  const Oracle oracle(model->spec(), model->weights(), low_ranks);
  const std::vector<chaku::test::Row> expected = oracle.logits(tiny_tokens(kTokens, tiny.vocab));
  for (int64_t t = 0; t < kTokens; ++t) {
    const std::vector<float> row(expected[static_cast<size_t>(t)].begin(), expected[static_cast<size_t>(t)].end());
    const double error = worst_error(got.logits.data() + t * tiny.vocab, row.data(), tiny.vocab, 2e-5, 2e-5);
    if (!(error <= 1.0)) report(__FILE__, __LINE__, std::string(what) + ": off by " + std::to_string(error));
  }
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// The norm of the difference over the norm of `to`.
double distance(const std::vector<float>& from, const std::vector<float>& to) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < to.size(); ++i) {
    difference += std::pow(static_cast<double>(from[i]) - to[i], 2);
    norm += std::pow(static_cast<double>(to[i]), 2);
  }
  return std::sqrt(difference / norm);
}

}  // namespace

TEST(plain_decoder_equals_the_oracle) { check_oracle({}, false); }

TEST(rich_decoder_equals_the_oracle) { check_oracle(rich(), false); }

TEST(low_rank_additions_equal_the_oracle) {
  check_oracle({}, true);
  check_oracle(rich(), true);
}

TEST(logit_scale_and_no_rope_equal_the_oracle) {
  TinyOptions o;
  o.logit_scale = 0.7f;
  o.rope = false;
  o.n_kv_heads = 4;
  check_oracle(o, true);
}

TEST(every_kind_equals_the_oracle) {
  for (const TinyKind& kind : tiny_kinds())
    for (const bool additions : {false, true}) check_oracle(kind.options, additions, kind.name.c_str());
}

TEST(tape_and_threads_change_no_bit_of_any_kind) {
  const std::vector<AttentionSpan> packed = {{0, 9, 0, 9}, {9, kTokens, 9, kTokens}};
  for (TinyKind kind : tiny_kinds()) {
    const auto model = tiny_decoder(kind.options);
    const Additions added(model->spec(), 8);
    const Run without = run(*model, lean(), &added.low_ranks, packed);
    const Run with = run(*model, taped(1), &added.low_ranks, packed);
    kind.options.n_threads = 1;
    const auto single = tiny_decoder(kind.options);
    const Run alone = run(*single, lean(), &added.low_ranks, packed);
    if (!same_bits(without.logits, with.logits) || !same_bits(without.logits, alone.logits))
      report(__FILE__, __LINE__, kind.name + ": other bits with a tape or fewer threads");
  }
}

static void check_tape(const TinyOptions& tiny) {
  const auto model = tiny_decoder(tiny);
  const Additions added(model->spec(), 8);
  const std::vector<AttentionSpan> packed = {{0, 9, 0, 9}, {9, kTokens, 9, kTokens}};
  const Run without = run(*model, lean(), &added.low_ranks, packed);
  for (int32_t n_kept = 0; n_kept <= 3; ++n_kept) {
    const Run with = run(*model, taped(n_kept), &added.low_ranks, packed);
    CHECK(same_bits(without.stream, with.stream));
    CHECK(same_bits(without.logits, with.logits));
  }
}

static void check_threads(TinyOptions o) {
  o.n_threads = 1;
  const Run one = run(*tiny_decoder(o), lean(), nullptr, kOne);
  o.n_threads = 3;
  CHECK(same_bits(one.logits, run(*tiny_decoder(o), lean(), nullptr, kOne).logits));
}

TEST(paths_that_round_to_bf16_stay_near) {
  std::vector<TinyKind> kinds = tiny_kinds();
  kinds.push_back({"experts", with_experts()});
  for (TinyKind& kind : kinds) {
    const auto model = tiny_decoder(kind.options);
    const Additions added(model->spec(), 3);
    const std::vector<float> exact = run(*model, lean(), &added.low_ranks, kOne).logits;
    for (const CpuPath path : bf16_paths()) {
      kind.options.path = path;
      const std::vector<float> rounded = run(*tiny_decoder(kind.options), lean(), &added.low_ranks, kOne).logits;
      const double off = distance(rounded, exact);
      if (same_bits(exact, rounded) || off >= kBf16Decoder)
        report(find_table(path)->name, 0, kind.name + ": " + std::to_string(off) + " from float32");
    }
  }
}

TEST(tape_does_not_change_a_bit) {
  check_tape(rich());
  check_tape(with_experts());
}

TEST(threads_do_not_change_a_bit) {
  check_threads(rich());
  check_threads(with_experts());
}

TEST(experts_equal_the_oracle) {
  for (const Gating gating : {Gating::kSoftmax, Gating::kSoftmaxTopK, Gating::kSigmoid})
    for (const bool normalize : {false, true}) {
      TinyOptions o = with_experts();
      o.experts.gating = gating;
      o.experts.normalize = normalize;
      o.shared_router = normalize;
      check_oracle(o, true);
    }
}

TEST(clamped_experts_and_sinks_equal_the_oracle) {
  TinyOptions o = with_experts();
  o.experts = {4, 2, 24, 0, Gating::kSoftmaxTopK, false, 1.0f};
  o.n_dense = 0;
  o.activation = Activation::kClampedSwiGlu;
  check_oracle(o, false);
  check_oracle(o, true);
}

TEST(cancellation_is_heard_only_while_running) {
  Cancellation cancellation;
  cancellation.request();
  {
    const CancellableRun run_in_flight(cancellation);
    cancellation.check();
    cancellation.request();
    CHECK_ERROR(Code::kCancelled, "cancelled", cancellation.check());
  }
  const CancellableRun next(cancellation);
  cancellation.check();
}
