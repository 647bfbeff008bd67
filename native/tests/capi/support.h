// What the tests of the C interface share. Includes nothing of the core but chaku.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "chaku.h"
#include "test.h"

namespace chaku::test {

// Owns a handle; frees it with the function of its type.
template <class T, void (*Free)(T**)>
struct Handle {
  T* at = nullptr;
  Handle() = default;
  Handle(Handle&& o) noexcept : at(o.at) { o.at = nullptr; }
  Handle& operator=(Handle&& o) noexcept {
    std::swap(at, o.at);
    return *this;
  }
  ~Handle() { Free(&at); }
  T** out() { return &at; }
  operator T*() const { return at; }
};
using EngineHandle = Handle<chaku_engine, chaku_engine_free>;
using ModelHandle = Handle<chaku_model, chaku_model_free>;
using AdapterHandle = Handle<chaku_adapter, chaku_adapter_free>;
using PoolHandle = Handle<chaku_pool, chaku_pool_free>;
using SequenceHandle = Handle<chaku_sequence, chaku_sequence_free>;
using TrainerHandle = Handle<chaku_trainer, chaku_trainer_free>;

// An options or result struct, zeroed but for its size.
template <class T>
T sized() {
  T t{};
  t.size = sizeof(T);
  return t;
}

// The status is OK, and if not the message is shown.
#define CHECK_OK(call)                                                                               \
  do {                                                                                               \
    const chaku_status status_ = (call);                                                             \
    if (status_ != CHAKU_OK)                                                                         \
      ::chaku::test::report(__FILE__, __LINE__,                                                      \
                            #call " failed: " + std::to_string(status_) + " " + chaku_last_error()); \
  } while (false)

// The call fails with `expected` and leaves a message.
#define CHECK_FAILS(expected, call)                                                                                  \
  do {                                                                                                               \
    const chaku_status status_ = (call);                                                                             \
    if (status_ != (expected))                                                                                       \
      ::chaku::test::report(__FILE__, __LINE__, #call " gave " + std::to_string(status_) + ", expected " #expected); \
    else if (chaku_last_error()[0] != '[')                                                                           \
      ::chaku::test::report(__FILE__, __LINE__, std::string(#call " left the message ") + chaku_last_error());       \
  } while (false)

// Options of a LoRA training of rank 2, where they point to each other.
struct LoraOptions {
  chaku_lora_options lora = sized<chaku_lora_options>();
  chaku_trainer_options options = sized<chaku_trainer_options>();

  LoraOptions(int32_t max_tokens, uint64_t targets) {
    lora.rank = 2;
    lora.scale = 1.0f;
    lora.targets = targets;
    options.mode = CHAKU_TRAIN_LORA;
    options.max_tokens = max_tokens;
    options.lora = &lora;
  }
  LoraOptions(const LoraOptions& other) : lora(other.lora), options(other.options) { options.lora = &lora; }
  LoraOptions& operator=(const LoraOptions&) = delete;
};

inline EngineHandle make_engine(int32_t n_threads = 2) {
  EngineHandle engine;
  auto options = sized<chaku_engine_options>();
  options.n_threads = n_threads;
  CHECK_OK(chaku_engine_create(&options, engine.out()));
  return engine;
}

// An engine on a path that computes in float32: what was chosen, unless it rounds operands to bfloat16.
inline EngineHandle make_float32_engine() {
  EngineHandle engine = make_engine();
  auto info = sized<chaku_engine_info>();
  CHECK_OK(chaku_engine_describe(engine, &info));
  if (info.cpu_path != CHAKU_CPU_AMX && info.cpu_path != CHAKU_CPU_AVX512_BF16) return engine;
  EngineHandle exact;
  auto options = sized<chaku_engine_options>();
  options.n_threads = 2;
  options.cpu_path = CHAKU_CPU_AVX512;  // such a processor has it
  CHECK_OK(chaku_engine_create(&options, exact.out()));
  return exact;
}

inline chaku_tensor_options tensor(int32_t module, int32_t layer, int64_t rows, int64_t columns) {
  auto t = sized<chaku_tensor_options>();
  t.module = module;
  t.layer = layer;
  t.rows = rows;
  t.columns = columns;
  return t;
}

// Sizes of a small llama-like decoder.
struct Sizes {
  int32_t n_layers = 2, width = 32, vocab = 64, n_heads = 4, n_kv_heads = 2, head_dim = 8, ff_width = 48;
};

inline chaku_decoder_options decoder_options(const Sizes& s) {
  auto o = sized<chaku_decoder_options>();
  o.n_layers = s.n_layers;
  o.width = s.width;
  o.vocab_size = s.vocab;
  o.norm_epsilon = 1e-5f;
  o.embedding_scale = o.residual_scale = o.logit_scale = 1.0f;
  return o;
}

inline chaku_layer_options layer_options(const Sizes& s) {
  auto o = sized<chaku_layer_options>();
  o.n_heads = s.n_heads;
  o.n_kv_heads = s.n_kv_heads;
  o.head_dim = s.head_dim;
  o.ff_width = s.ff_width;
  o.activation = CHAKU_ACTIVATION_SILU;
  o.attention_scale = 1.0f / std::sqrt(static_cast<float>(s.head_dim));
  return o;
}

inline void set_rope_and_layers(chaku_model* model, const Sizes& s, double theta) {
  auto rope = sized<chaku_rope_options>();
  rope.pairing = CHAKU_ROPE_ADJACENT;
  rope.n_dims = s.head_dim;
  rope.magnitude = 1.0f;
  std::vector<double> frequencies;
  for (int32_t i = 0; i < s.head_dim / 2; ++i) frequencies.push_back(std::pow(theta, -2.0 * i / s.head_dim));
  chaku_layer_options layer = layer_options(s);
  CHECK_OK(chaku_model_add_rope(model, &rope, frequencies.data(), &layer.rope));
  for (int32_t l = 0; l < s.n_layers; ++l) CHECK_OK(chaku_model_set_layer(model, l, &layer));
}

// Every weight a decoder with tied output needs.
inline std::vector<chaku_tensor_options> required_tensors(const Sizes& s) {
  const int64_t d = s.width, q = int64_t{s.n_heads} * s.head_dim, kv = int64_t{s.n_kv_heads} * s.head_dim;
  std::vector<chaku_tensor_options> all = {tensor(CHAKU_TOKEN_EMBEDDING, -1, s.vocab, d),
                                           tensor(CHAKU_OUTPUT_NORM, -1, 1, d)};
  for (int32_t l = 0; l < s.n_layers; ++l) {
    all.push_back(tensor(CHAKU_ATTN_NORM, l, 1, d));
    all.push_back(tensor(CHAKU_ATTN_Q, l, q, d));
    all.push_back(tensor(CHAKU_ATTN_K, l, kv, d));
    all.push_back(tensor(CHAKU_ATTN_V, l, kv, d));
    all.push_back(tensor(CHAKU_ATTN_OUTPUT, l, d, q));
    all.push_back(tensor(CHAKU_FFN_NORM, l, 1, d));
    all.push_back(tensor(CHAKU_FFN_GATE, l, s.ff_width, d));
    all.push_back(tensor(CHAKU_FFN_UP, l, s.ff_width, d));
    all.push_back(tensor(CHAKU_FFN_DOWN, l, d, s.ff_width));
  }
  return all;
}

// A sealed decoder with random weights.
inline ModelHandle random_model(chaku_engine* engine, const Sizes& s = {}) {
  ModelHandle model;
  const chaku_decoder_options options = decoder_options(s);
  CHECK_OK(chaku_model_create(engine, &options, model.out()));
  set_rope_and_layers(model, s, 10000.0);
  uint64_t seed = 0;
  for (const chaku_tensor_options& t : required_tensors(s)) {
    const bool norm = t.rows == 1;
    CHECK_OK(chaku_model_set_tensor_random(model, &t, norm ? 1.0f : 0.0f,
                                           norm ? 0.1f : 1.0f / std::sqrt(static_cast<float>(t.columns)), ++seed));
  }
  CHECK_OK(chaku_model_seal(model));
  return model;
}

// One text over a pool of its own, both of at most max_tokens.
struct SingleText {
  PoolHandle pool;
  SequenceHandle text;

  SingleText(chaku_model* model, int32_t max_tokens) {
    auto options = sized<chaku_pool_options>();
    options.max_tokens = max_tokens;
    CHECK_OK(chaku_pool_create(model, &options, pool.out()));
    CHECK_OK(chaku_sequence_create(pool, max_tokens, text.out()));
  }
  chaku_status compute(const int32_t* tokens, int32_t n, int32_t role, int32_t which_logits, float* logits,
                       int64_t logits_floats) {
    auto parts = sized<chaku_step_parts>();
    parts.n_parts = 1;
    parts.n_tokens = &n;
    parts.roles = &role;
    parts.which_logits = &which_logits;
    parts.tokens = tokens;
    parts.all_tokens = n;
    chaku_sequence* const one = text;
    return chaku_pool_compute(pool, &one, &parts, logits, logits_floats);
  }
  int32_t length() const {
    int32_t n = -1;
    CHECK_OK(chaku_sequence_length(text, &n));
    return n;
  }
};

}  // namespace chaku::test
