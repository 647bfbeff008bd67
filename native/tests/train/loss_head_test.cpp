#include "train/loss_head.h"

#include <cmath>

#include "model/tiny_decoder.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int64_t kM = 100;

// A vocabulary so large that a chunk holds a few tokens only.
TinyOptions wide_vocabulary(int32_t vocab) {
  TinyOptions o;
  o.n_layers = 1;
  o.width = 8;
  o.n_heads = o.n_kv_heads = 1;
  o.ff_width = 8;
  o.vocab = vocab;
  return o;
}

struct Head {
  std::shared_ptr<Model> model;
  AlignedBytes memory;
  LossScratch scratch;
  Decoder decoder;
  std::vector<float> stream = std::vector<float>(kM * 8), d_stream = stream, weights = std::vector<float>(kM);
  std::vector<int32_t> targets;

  explicit Head(int32_t vocab) : model(tiny_decoder(wide_vocabulary(vocab))) {
    Carver counter(nullptr);
    carve_loss(counter, model->spec(), kM, 0);
    memory = AlignedBytes(counter.n_bytes());
    Carver carver(memory.data());
    scratch = carve_loss(carver, model->spec(), kM, 0);
    decoder.engine = &model->engine();
    decoder.spec = &model->spec();
    decoder.weights = &model->weights();
    targets = tiny_tokens(kM, vocab);
    const Philox random(3, 0);
    for (size_t i = 0; i < stream.size(); ++i) stream[i] = random.normal(i);
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = i % 3 == 1 ? 0.0f : 0.25f * static_cast<float>(i % 5 + 1);
  }
  Loss evaluate() {
    return LossHead(decoder, scratch, nullptr).evaluate(stream.data(), {targets.data(), weights.data()}, kM);
  }
  Loss accumulate() {
    return LossHead(decoder, scratch, nullptr)
        .accumulate(stream.data(), {targets.data(), weights.data()}, kM, Gradients{}, d_stream.data());
  }
};

// Loss of one token in float64.
double token_loss(const Head& h, int64_t t) {
  const float* x = h.stream.data() + t * 8;
  const float* w = static_cast<const float*>(h.model->weights().output.w.data);
  double squares = 0;
  for (int i = 0; i < 8; ++i) squares += x[i] * x[i];
  const double inverse = 1.0 / std::sqrt(squares / 8 + h.model->spec().norm_epsilon);
  double sum = 0, target = 0;
  for (int64_t v = 0; v < h.model->spec().vocab_size; ++v) {
    double logit = 0;
    for (int i = 0; i < 8; ++i) logit += x[i] * inverse * h.model->weights().output_norm[i] * w[v * 8 + i];
    sum += std::exp(logit);
    if (v == h.targets[static_cast<size_t>(t)]) target = logit;
  }
  return std::log(sum) - target;
}

}  // namespace

TEST(chunks_are_bounded) {
  CHECK_EQ(Head(48).scratch.chunk_tokens, kM);
  CHECK_EQ(Head(1 << 20).scratch.chunk_tokens, 64);  // of 80 that fit, whole tiles
  CHECK_EQ(Head(1200000).scratch.chunk_tokens, 64);
}

TEST(loss_in_chunks_equals_the_sum_over_weighted_tokens) {
  for (const int32_t vocab : {48, 1 << 20}) {
    Head h(vocab);
    double expected = 0, weight_sum = 0;
    int32_t n = 0;
    for (int64_t t = 0; t < kM; ++t) {
      const float weight = h.weights[static_cast<size_t>(t)];
      if (weight == 0.0f) continue;
      expected += weight * token_loss(h, t);
      weight_sum += weight;
      ++n;
    }
    const Loss loss = h.evaluate(), again = h.accumulate();
    CHECK_EQ(loss.n_weighted, n);
    CHECK_EQ(loss.weight_sum, weight_sum);
    CHECK(std::fabs(loss.loss_sum - expected) < 1e-4 * expected);
    CHECK_EQ(loss.loss_sum, again.loss_sum);
  }
}

TEST(tokens_without_weight_get_no_gradient) {
  Head h(48);
  h.d_stream.assign(h.d_stream.size(), 7.0f);
  h.accumulate();
  for (int64_t t = 0; t < kM; ++t) {
    float largest = 0.0f;
    for (int i = 0; i < 8; ++i) largest = std::max(largest, std::fabs(h.d_stream[static_cast<size_t>(t * 8 + i)]));
    CHECK((largest > 0.0f) == (h.weights[static_cast<size_t>(t)] > 0.0f));
  }
}

TEST(nothing_weighted_costs_nothing) {
  Head h(48);
  h.weights.assign(kM, 0.0f);
  h.targets.assign(kM, -100);
  const Loss loss = h.accumulate();
  CHECK(loss.n_weighted == 0 && loss.weight_sum == 0.0);
}
