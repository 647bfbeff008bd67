#include <cmath>

#include "capi/support.h"

using namespace chaku::test;

namespace {

struct Open {
  EngineHandle engine = make_engine(1);
  ModelHandle model;
  Open() {
    const chaku_decoder_options options = decoder_options({});
    CHECK_OK(chaku_model_create(engine, &options, model.out()));
  }
};

}  // namespace

TEST(create_misuse) {
  EngineHandle engine = make_engine(1);
  ModelHandle model;
  const chaku_decoder_options good = decoder_options({});
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_create(nullptr, &good, model.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_create(engine, nullptr, model.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_create(engine, &good, nullptr));
  const auto refused = [&](auto change) {
    chaku_decoder_options o = good;
    change(o);
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_create(engine, &o, model.out()));
    CHECK(model.at == nullptr);
  };
  refused([](auto& o) { o.size = 0; });
  refused([](auto& o) { o.size += 4; });
  for (const int32_t bad : {0, -1, INT32_MAX, INT32_MIN}) {
    refused([&](auto& o) { o.n_layers = bad; });
    refused([&](auto& o) { o.width = bad; });
    refused([&](auto& o) { o.vocab_size = bad; });
  }
  for (const float bad : {NAN, INFINITY}) {
    refused([&](auto& o) { o.norm_epsilon = bad; });
    refused([&](auto& o) { o.embedding_scale = bad; });
    refused([&](auto& o) { o.residual_scale = bad; });
    refused([&](auto& o) { o.logit_scale = bad; });
  }
}

TEST(rope_misuse) {
  Open t;
  auto rope = sized<chaku_rope_options>();
  rope.n_dims = 8;
  rope.magnitude = 1.0f;
  const double frequencies[4] = {1.0, 0.1, 0.01, 0.001};
  int32_t index = -7;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_add_rope(nullptr, &rope, frequencies, &index));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_add_rope(t.model, nullptr, frequencies, &index));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_add_rope(t.model, &rope, nullptr, &index));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_add_rope(t.model, &rope, frequencies, nullptr));
  const auto refused = [&](auto change) {
    chaku_rope_options o = rope;
    change(o);
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_add_rope(t.model, &o, frequencies, &index));
  };
  refused([](auto& o) { o.size = 1; });
  refused([](auto& o) { o.pairing = 2; });
  refused([](auto& o) { o.pairing = -1; });
  for (const int32_t bad : {0, -2, 7, INT32_MAX, INT32_MAX - 1}) refused([&](auto& o) { o.n_dims = bad; });
  refused([](auto& o) { o.magnitude = NAN; });
  const double infinite[4] = {1.0, INFINITY, 0.0, 0.0};
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_add_rope(t.model, &rope, infinite, &index));
  CHECK_EQ(index, -7);
  CHECK_OK(chaku_model_add_rope(t.model, &rope, frequencies, &index));
  CHECK_EQ(index, 0);
}

TEST(layer_misuse) {
  Open t;
  const chaku_layer_options good = layer_options({});
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_layer(nullptr, 0, &good));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_layer(t.model, 0, nullptr));
  const auto refused = [&](chaku_status status, auto change) {
    chaku_layer_options o = good;
    o.rope = -1;
    change(o);
    CHECK_FAILS(status, chaku_model_set_layer(t.model, 0, &o));
  };
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.size = 200; });
  for (const int32_t bad : {0, -1, INT32_MAX, INT32_MIN}) {
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.n_heads = bad; });
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.n_kv_heads = bad; });
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.head_dim = bad; });
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.ff_width = bad; });
  }
  refused(CHAKU_UNSUPPORTED, [](auto& o) { o.activation = 2; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.window = -1; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.rope = 0; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.rope = -2; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.attention_scale = NAN; });
  chaku_layer_options without = good;
  without.rope = -1;
  for (const int32_t layer : {-1, 2, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_layer(t.model, layer, &without));
  CHECK_OK(chaku_model_set_layer(t.model, 0, &without));
}

TEST(tensor_misuse) {
  Open t;
  const std::vector<float> data(32, 1.0f);
  const chaku_tensor_options good = tensor(CHAKU_ATTN_NORM, 0, 1, 32);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_tensor_data(nullptr, &good, data.data(), 128));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_tensor_data(t.model, nullptr, data.data(), 128));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_tensor_data(t.model, &good, nullptr, 128));
  for (const int64_t bytes : {int64_t{0}, int64_t{127}, int64_t{-1}, INT64_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_tensor_data(t.model, &good, data.data(), bytes));
  const auto refused = [&](chaku_status status, auto change) {
    chaku_tensor_options o = good;
    change(o);
    CHECK_FAILS(status, chaku_model_set_tensor_data(t.model, &o, data.data(), 128));
    CHECK_FAILS(status, chaku_model_set_tensor_random(t.model, &o, 0.0f, 1.0f, 1));
    CHECK_FAILS(status, chaku_model_set_tensor_mapped(t.model, &o, 0, 0));
  };
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.size = 8; });
  for (const int32_t bad : {-1, 22, 52, INT32_MAX}) refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.module = bad; });
  for (const int32_t bad : {-1, 2, 3}) refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.kind = bad; });
  for (const int32_t bad : {-1, 2, INT32_MAX}) refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.layer = bad; });
  for (const int32_t bad : {-1, 5, 99, INT32_MAX}) refused(CHAKU_UNSUPPORTED, [&](auto& o) { o.dtype = bad; });
  for (const int64_t bad : {int64_t{0}, int64_t{-1}, INT64_MAX, INT64_MIN}) {
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.rows = bad; });
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.columns = bad; });
  }
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_tensor_random(t.model, &good, NAN, 1.0f, 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_tensor_random(t.model, &good, 0.0f, -1.0f, 1));
  for (const int32_t file : {-1, 0, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_tensor_mapped(t.model, &good, file, 0));
}

TEST(map_file_misuse) {
  Open t;
  int32_t file = -7;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_map_file(nullptr, "/dev/null", 1, &file));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_map_file(t.model, nullptr, 1, &file));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_map_file(t.model, "/dev/null", 1, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_map_file(t.model, "/dev/null", 0, &file));
  CHECK_FAILS(CHAKU_IO_ERROR, chaku_model_map_file(t.model, "/dev/null", 1, &file));
  CHECK_FAILS(CHAKU_IO_ERROR, chaku_model_map_file(t.model, "", 1, &file));
  CHECK_FAILS(CHAKU_IO_ERROR, chaku_model_map_file(t.model, "/nowhere", INT64_MAX, &file));
  CHECK_EQ(file, -7);
}

TEST(wrong_order) {
  Open t;
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_model_seal(t.model));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_seal(nullptr));
  AdapterHandle adapter;
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_adapter_create(t.model, adapter.out()));
  PoolHandle pool;
  auto options = sized<chaku_pool_options>();
  options.max_tokens = 8;
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_pool_create(t.model, &options, pool.out()));
  ModelHandle sealed = random_model(t.engine);
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_model_seal(sealed));
  const chaku_layer_options layer = layer_options({});
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_model_set_layer(sealed, 0, &layer));
}

TEST(parents_may_be_freed_first) {
  EngineHandle engine = make_engine();
  ModelHandle model = random_model(engine);
  AdapterHandle adapter;
  CHECK_OK(chaku_adapter_create(model, adapter.out()));
  SingleText text(model, 8);
  const float scale = 1.0f;
  CHECK_OK(chaku_sequence_set_adapters(text.text, &adapter.at, &scale, 1));
  chaku_engine_free(engine.out());
  chaku_model_free(model.out());
  chaku_adapter_free(adapter.out());
  const int32_t token = 3;
  std::vector<float> logits(64);
  CHECK_OK(text.compute(&token, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, logits.data(), 64));
}

TEST(free_accepts_null_and_nulls) {
  chaku_model_free(nullptr);
  Open t;
  chaku_model_free(t.model.out());
  CHECK(t.model.at == nullptr);
  chaku_model_free(t.model.out());
}
