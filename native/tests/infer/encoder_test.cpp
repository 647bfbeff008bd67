// States of whole texts against the oracle's, on every path; a text's numbers do not depend on the others.
#include "infer/encoder.h"

#include <cstring>
#include <thread>

#include "infer/pool.h"
#include "kernels/tolerances.h"
#include "model/expect_error.h"
#include "model/oracle.h"
#include "model/tiny_decoder.h"
#include "train/trainer.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int32_t kWidth = 32, kVocab = 48;

// BERT's kind: norms of sums, embedded positions and types, biases, no gate; and a head that ranks.
TinyOptions bert() {
  TinyOptions o;
  o.n_kv_heads = 4;
  o.rope = false;
  o.norm_kind = NormKind::kLayer;
  o.biases = o.norm_biases = o.embedding_norm = o.post_norms = true;
  o.attn_norm = o.ffn_norm = o.gated = false;
  o.activation = Activation::kGelu;
  o.both_ways = o.norm_sums = true;
  o.n_positions = 80;
  o.n_types = 2;
  o.head_dense = kWidth;
  o.head_out = 1;
  o.head = HeadActivation::kTanh;
  return o;
}

// ModernBERT's: norms before, rotations, a gate, a window on either side.
TinyOptions modern() {
  TinyOptions o;
  o.n_kv_heads = 4;
  o.norm_kind = NormKind::kLayer;
  o.embedding_norm = o.both_ways = true;
  o.activation = Activation::kGelu;
  o.window = 8;
  o.head_dense = 24;
  o.head_out = 3;
  o.head = HeadActivation::kGelu;
  o.head_norm = true;
  return o;
}

// EmbeddingGemma's: RMSNorm on both sides of what is added, shared keys, two products without an activation.
TinyOptions gemma() {
  TinyOptions o;
  o.both_ways = o.post_norms = o.head_norms = true;
  o.activation = Activation::kGeluTanh;
  o.embedding_scale = 5.0f;
  o.head_dense = 64;
  o.head_out = kWidth;
  return o;
}

// jina-bert-v2's: scores that fall on either side.
TinyOptions jina() {
  TinyOptions o = bert();
  o.n_positions = 0;
  o.gated = true;
  o.alibi_bias = 8.0f;
  return o;
}

struct Texts {
  std::vector<int32_t> n_tokens, tokens, types;

  void add(const std::vector<int32_t>& text, int32_t first_of_second) {
    n_tokens.push_back(static_cast<int32_t>(text.size()));
    tokens.insert(tokens.end(), text.begin(), text.end());
    for (size_t i = 0; i < text.size(); ++i) types.push_back(static_cast<int32_t>(i) < first_of_second ? 0 : 1);
  }
  EncoderTexts get(Pooling pooling, bool head, bool typed) const {
    EncoderTexts t;
    t.n_tokens = n_tokens;
    t.tokens = tokens;
    if (typed) t.types = types;
    t.pooling = pooling;
    t.head = head;
    return t;
  }
};

Texts several() {
  Texts texts;
  const int32_t lengths[] = {1, 23, 2, 64, 17, 70, 5};
  for (size_t i = 0; i < 7; ++i) texts.add(tiny_tokens(lengths[i], kVocab, 20 + i), lengths[i] / 2);
  return texts;
}

Row pooled(const std::vector<Row>& states, Pooling pooling) {
  if (pooling == Pooling::kFirst) return states.front();
  if (pooling == Pooling::kLast) return states.back();
  Row mean(states[0].size(), 0.0);
  for (const Row& row : states)
    for (size_t i = 0; i < row.size(); ++i) mean[i] += row[i] / static_cast<double>(states.size());
  return mean;
}

// All rows of all texts as the oracle has them.
std::vector<double> expected(const Model& model, const Texts& texts, Pooling pooling, bool head, bool typed) {
  const Oracle oracle(model.spec(), model.weights());
  std::vector<double> all;
  size_t at = 0;
  for (const int32_t n : texts.n_tokens) {
    const std::vector<int32_t> tokens(texts.tokens.begin() + static_cast<std::ptrdiff_t>(at),
                                      texts.tokens.begin() + static_cast<std::ptrdiff_t>(at) + n);
    std::vector<int32_t> types(texts.types.begin() + static_cast<std::ptrdiff_t>(at),
                               texts.types.begin() + static_cast<std::ptrdiff_t>(at) + n);
    if (!typed) types.clear();
    at += static_cast<size_t>(n);
    std::vector<Row> rows = oracle.states(tokens, types);
    if (pooling != Pooling::kNone) rows = {pooled(rows, pooling)};
    for (Row& row : rows) {
      if (head) row = oracle.head(row);
      all.insert(all.end(), row.begin(), row.end());
    }
  }
  return all;
}

double largest_difference(const std::vector<float>& a, const std::vector<double>& b) {
  double most = a.size() == b.size() ? 0.0 : HUGE_VAL;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

std::vector<float> encode(Encoder& encoder, const EncoderTexts& texts, size_t n) {
  std::vector<float> rows(n, -77.0f);
  encoder.run(texts, rows);
  return rows;
}

void check_kind(TinyOptions o, bool typed) {
  const Texts texts = several();
  for (const CpuPath path : {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni}) {
    if (find_table(path) == nullptr) continue;
    o.path = path;
    const auto model = tiny_decoder(o);
    Encoder encoder(model, {.max_batch_tokens = 80, .memory_limit_bytes = 0});
    for (const Pooling pooling : {Pooling::kNone, Pooling::kMean, Pooling::kFirst, Pooling::kLast})
      for (const bool head : {false, true}) {
        const std::vector<double> wanted = expected(*model, texts, pooling, head, typed);
        CHECK(largest_difference(encode(encoder, texts.get(pooling, head, typed), wanted.size()), wanted) < 2e-4);
      }
  }
}

}  // namespace

TEST(kinds_of_encoders_give_the_oracles_states) {
  check_kind(bert(), true);
  check_kind(bert(), false);
  check_kind(modern(), false);
  check_kind(gemma(), false);
  check_kind(jina(), true);
}

TEST(a_model_that_generates_gives_its_last_states) {
  TinyOptions o;
  o.window = 5;
  check_kind(o, false);
}

// The paths that round operands keep the direction of a vector.
TEST(paths_that_round_keep_directions) {
  const Texts texts = several();
  for (const CpuPath path : {CpuPath::kAmx, CpuPath::kAvx512Bf16}) {
    if (find_table(path) == nullptr) continue;
    for (TinyOptions o : {bert(), modern(), gemma(), jina()}) {
      o.path = path;
      const auto model = tiny_decoder(o);
      Encoder encoder(model, {.max_batch_tokens = 300, .memory_limit_bytes = 0});
      const std::vector<double> wanted = expected(*model, texts, Pooling::kMean, false, false);
      const std::vector<float> got = encode(encoder, texts.get(Pooling::kMean, false, false), wanted.size());
      for (size_t t = 0; t < texts.n_tokens.size(); ++t) {
        double ab = 0, aa = 0, bb = 0;
        for (size_t i = t * kWidth; i < (t + 1) * kWidth; ++i) {
          ab += got[i] * wanted[i];
          aa += got[i] * got[i];
          bb += wanted[i] * wanted[i];
        }
        CHECK(ab / std::sqrt(aa * bb) > 0.9995);
      }
    }
  }
}

TEST(a_text_has_the_same_bits_alone_and_among_others) {
  for (const TinyOptions& o : {bert(), modern(), gemma()}) {
    const auto model = tiny_decoder(o);
    Encoder wide(model, {.max_batch_tokens = 400, .memory_limit_bytes = 0});
    Encoder narrow(model, {.max_batch_tokens = 70, .memory_limit_bytes = 0});
    const Texts texts = several();
    const std::vector<float> together = encode(wide, texts.get(Pooling::kMean, false, false), 7 * kWidth);
    CHECK(encode(narrow, texts.get(Pooling::kMean, false, false), 7 * kWidth) == together);
    for (size_t i = 0, at = 0; i < 7; at += static_cast<size_t>(texts.n_tokens[i++])) {
      Texts one;
      one.add({texts.tokens.begin() + static_cast<std::ptrdiff_t>(at),
               texts.tokens.begin() + static_cast<std::ptrdiff_t>(at) + texts.n_tokens[i]},
              0);
      const std::vector<float> alone = encode(wide, one.get(Pooling::kMean, false, false), kWidth);
      CHECK(std::memcmp(alone.data(), &together[i * kWidth], kWidth * sizeof(float)) == 0);
    }
  }
}

TEST(what_is_wrong_with_texts_is_refused) {
  const auto model = tiny_decoder(bert());
  Encoder encoder(model, {.max_batch_tokens = 100, .memory_limit_bytes = 0});
  std::vector<float> rows(kWidth);
  const auto refused = [&](const std::vector<int32_t>& n, const std::vector<int32_t>& tokens,
                           const std::vector<int32_t>& types, const char* message) {
    EncoderTexts t;
    t.n_tokens = n;
    t.tokens = tokens;
    t.types = types;
    CHECK_ERROR(Code::kInvalidArgument, message, encoder.run(t, rows));
  };
  refused({0}, {}, {}, "expected 1..80 tokens, got 0");
  refused({81}, std::vector<int32_t>(81), {}, "expected 1..80 tokens, got 81");
  refused({2}, {1}, {}, "expected 2 tokens of all texts, got 1");
  refused({1}, {kVocab}, {}, "token ids in 0..47, got 48");
  refused({1}, {-1}, {}, "token ids");
  refused({1}, {1}, {2}, "types of tokens in 0..1, got 2");
  refused({1, 1}, {1, 2}, {}, "room for 64 floats, got 32");
}

TEST(an_encoder_neither_generates_nor_is_trained) {
  const auto model = tiny_decoder(bert());
  CHECK_ERROR(Code::kUnsupported, "generates", Pool(model, {.max_tokens = 64}));
  TrainerOptions options;
  options.max_tokens = 16;
  CHECK_ERROR(Code::kUnsupported, "generates", Trainer::plan(*model, options));
}

TEST(models_that_no_pass_computes_are_refused) {
  TinyOptions o = bert();
  o.n_types = 0;
  o.both_ways = false;
  CHECK_ERROR(Code::kUnsupported, "norms of sums", tiny_decoder(o));
  o = bert();
  o.both_ways = o.norm_sums = false;
  CHECK_ERROR(Code::kUnsupported, "types of tokens", tiny_decoder(o));
  o = bert();
  o.post_norms = false;
  CHECK_ERROR(Code::kUnsupported, "post norms", tiny_decoder(o));
  CHECK_ERROR(Code::kInvalidArgument, "head", bare_decoder(o)->set_head({static_cast<HeadActivation>(3)}));
}
