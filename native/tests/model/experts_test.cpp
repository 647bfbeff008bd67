#include "model/experts.h"

#include "infer/single_text.h"
#include "model/expect_error.h"
#include "model/oracle.h"
#include "model/tiny_decoder.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int32_t kVocab = 48;

TinyOptions with_experts() {
  TinyOptions o;
  o.experts = {5, 2, 24, 16, Gating::kSoftmax, true, 1.0f};
  o.biases = o.sinks = true;
  o.window = 6;
  return o;
}

using Logits = std::vector<float>;

Logits logits_of(SingleText& text, std::span<const int32_t> tokens) {
  Logits logits(tokens.size() * kVocab);
  text.eval(tokens, Role::kPrompt, LogitRows::kAll, logits);
  return logits;
}

Logits oracle_logits(const Model& model, const std::vector<int32_t>& tokens) {
  Logits all;
  for (const auto& row : Oracle(model.spec(), model.weights()).logits(tokens))
    all.insert(all.end(), row.begin(), row.end());
  return all;
}

std::shared_ptr<Adapter> expert_adapter(const std::shared_ptr<Model>& model, uint64_t seed, int32_t rank) {
  auto adapter = std::make_shared<Adapter>(model);
  for (int32_t l = 0; l < model->spec().n_layers(); ++l)
    for (const LayerLinear linear : {kLinearExpertGate, kLinearExpertUp, kLinearExpertDown, kLinearSharedDown}) {
      const Shape shape = model->spec().shape(l, linear);
      const auto values = [&](int64_t n, uint64_t half) {
        const Philox random(seed, static_cast<uint64_t>(l * kLayerLinears + linear) << 1 | half);
        std::vector<float> v(static_cast<size_t>(n));
        for (size_t i = 0; i < v.size(); ++i) v[i] = 0.2f * random.normal(i);
        return v;
      };
      adapter->add(kLinearModules[static_cast<size_t>(linear)], l, rank, 0.5f,
                   values(model->spec().n_stacked(l, linear) * rank * shape.columns, 0), values(shape.rows * rank, 1));
    }
  return adapter;
}

}  // namespace

TEST(one_of_several_experts) {
  float values[24], bias[6], a[12], b[18];
  const Linear stacked{{values, DType::kF32, 6, 4}, bias};
  const Linear second = expert_of(stacked, 1, 3);
  CHECK(second.w.data == values + 8 && second.w.rows == 2 && second.w.columns == 4 && second.bias == bias + 2);
  const LowRank low_rank = expert_of({a, b, 1, 0.5f}, 2, 2, 4);
  CHECK(low_rank.a == a + 8 && low_rank.b == b + 4 && low_rank.rank == 1);
}

TEST(tokens_at_once_or_one_by_one_equal_the_oracle) {
  for (const DType dtype : {DType::kF32, DType::kQ8_0}) {
    TinyOptions o = with_experts();
    o.dtype = dtype;
    if (dtype == DType::kQ8_0) o.experts.ff_width = o.experts.shared_ff_width = 32;
    const auto model = tiny_decoder(o);
    const auto tokens = tiny_tokens(21, kVocab);
    const Logits expected = oracle_logits(*model, tokens);
    for (const int32_t batch : {0, 1, 4}) {
      SingleText text(model, {32, batch});
      const Logits got = logits_of(text, tokens);
      CHECK_CLOSE(got.data(), expected.data(), static_cast<int64_t>(got.size()), 3e-5, 3e-5);
    }
  }
}

TEST(the_last_row_alone_is_that_of_all_rows) {
  const auto model = tiny_decoder(with_experts());
  const auto tokens = tiny_tokens(13, kVocab);
  SingleText all(model, {32}), last(model, {32});
  const Logits expected = logits_of(all, tokens);
  Logits got(kVocab);
  last.eval(tokens, Role::kPrompt, LogitRows::kLast, got);
  CHECK_CLOSE(got.data(), expected.data() + 12 * kVocab, kVocab, 2e-5, 2e-5);
}

TEST(adapters_of_experts_add_up) {
  const auto model = tiny_decoder(with_experts());
  const auto tokens = tiny_tokens(13, kVocab);
  const auto first = expert_adapter(model, 1, 3), second = expert_adapter(model, 2, 2);
  const auto run = [&](std::vector<std::shared_ptr<const Adapter>> adapters, std::vector<float> scales) {
    SingleText text(model, {32});
    text.set_adapters(std::move(adapters), scales);
    return logits_of(text, tokens);
  };
  const Logits bare = run({}, {}), one = run({first}, {0.8f}), both = run({first, second}, {0.8f, 0.5f});
  CHECK(worst_error(one.data(), bare.data(), static_cast<int64_t>(bare.size()), 1e-2, 0.0) > 1.0);
  CHECK(worst_error(both.data(), one.data(), static_cast<int64_t>(bare.size()), 1e-2, 0.0) > 1.0);
  const Logits halves = run({first, first, second}, {0.5f, 0.3f, 0.5f});
  CHECK_CLOSE(halves.data(), both.data(), static_cast<int64_t>(both.size()), 2e-5, 2e-5);
}

TEST(adapters_that_do_not_fit_are_refused) {
  const auto model = tiny_decoder(with_experts());
  Adapter adapter(model);
  const std::vector<float> a(5 * 2 * 32), b(5 * 24 * 2);
  CHECK_ERROR(Code::kInvalidArgument,
              "expected a[10,32] and b[120,2], got 64 and 240 floats (ffn_gate_exps of layer 0)",
              adapter.add(Module::kExpertGate, 0, 2, 1.0f, {a.data(), 64}, b));
  CHECK_ERROR(Code::kInvalidArgument, "ffn_gate_inp of layer 0",
              adapter.add(Module::kRouter, 0, 2, 1.0f, {a.data(), 64}, {b.data(), 10}));
  CHECK_ERROR(Code::kInvalidArgument, "ffn_gate of layer 0",
              adapter.add(Module::kFfnGate, 0, 2, 1.0f, {a.data(), 64}, {b.data(), 10}));
  adapter.add(Module::kExpertGate, 0, 2, 1.0f, a, b);
}

TEST(descriptions_are_checked) {
  const auto model = bare_decoder({});
  const ExpertSpec good{4, 2, 24, 0, Gating::kSoftmax, false, 1.0f};
  const auto refused = [&](const char* what, auto change) {
    ExpertSpec e = good;
    change(e);
    CHECK_ERROR(Code::kInvalidArgument, what, model->set_experts(0, e));
  };
  refused("n_experts in 1..4096, got 0", [](ExpertSpec& e) { e.n_experts = 0; });
  refused("n_used in 1..4, got 5", [](ExpertSpec& e) { e.n_used = 5; });
  refused("ff_width in 1..", [](ExpertSpec& e) { e.ff_width = 0; });
  refused("shared_ff_width in 0..", [](ExpertSpec& e) { e.shared_ff_width = -1; });
  refused("gating in 0..2, got 3", [](ExpertSpec& e) { e.gating = static_cast<Gating>(3); });
  refused("finite weights_scale", [](ExpertSpec& e) { e.weights_scale = NAN; });
  CHECK_ERROR(Code::kInvalidArgument, "layer in 0..1, got 2", model->set_experts(2, good));
  model->set_experts(0, good);
}

// A layer has the dense products or those of experts.
TEST(tensors_of_another_kind_of_layer_are_refused) {
  const auto model = bare_decoder(with_experts());
  set_tiny_tensor(*model, with_experts(), Module::kTokenEmbedding, -1, TensorKind::kWeight);
  const std::vector<float> values(40 * 32);
  model->set_tensor_data({Module::kFfnGate, TensorKind::kWeight, 1, DType::kF32, {40, 32}}, values.data(),
                         static_cast<int64_t>(values.size() * sizeof(float)));
  CHECK_ERROR(Code::kInvalidArgument, "expected no ffn_gate of layer 1", model->seal());
  CHECK_ERROR(
      Code::kInvalidArgument, "bias",
      model->set_tensor_data({Module::kSharedUp, TensorKind::kBias, 1, DType::kF32, {1, 16}}, values.data(), 64));
}
