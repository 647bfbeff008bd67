#include <cmath>

#include "capi/support.h"

using namespace chaku::test;

TEST(add_misuse) {
  EngineHandle engine = make_engine(1);
  ModelHandle model = random_model(engine);
  AdapterHandle adapter;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_adapter_create(nullptr, adapter.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_adapter_create(model, nullptr));
  CHECK_OK(chaku_adapter_create(model, adapter.out()));
  const std::vector<float> a(2 * 32, 0.1f), b(16 * 2, 0.1f);
  const auto add = [&](int32_t module, int32_t layer, int32_t rank, float scale, int64_t na, int64_t nb) {
    return chaku_adapter_add(adapter, module, layer, rank, scale, a.data(), na, b.data(), nb);
  };
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_adapter_add(nullptr, CHAKU_ATTN_K, 0, 2, 1.0f, a.data(), 64, b.data(), 32));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_adapter_add(adapter, CHAKU_ATTN_K, 0, 2, 1.0f, nullptr, 64, b.data(), 32));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_adapter_add(adapter, CHAKU_ATTN_K, 0, 2, 1.0f, a.data(), 64, nullptr, 32));
  for (const int32_t module : {-1, 3, CHAKU_ATTN_NORM, CHAKU_TOKEN_EMBEDDING, 19, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, add(module, 0, 2, 1.0f, 64, 32));
  for (const int32_t layer : {-1, 2, INT32_MAX, INT32_MIN})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, add(CHAKU_ATTN_K, layer, 2, 1.0f, 64, 32));
  for (const int32_t rank : {0, -1, 3, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, add(CHAKU_ATTN_K, 0, rank, 1.0f, 64, 32));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, add(CHAKU_ATTN_K, 0, 2, NAN, 64, 32));
  for (const int64_t n : {int64_t{-1}, int64_t{0}, int64_t{63}, INT64_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, add(CHAKU_ATTN_K, 0, 2, 1.0f, n, 32));
  CHECK_OK(add(CHAKU_ATTN_K, 0, 2, 1.0f, 64, 32));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, add(CHAKU_ATTN_K, 0, 2, 1.0f, 64, 32));
}

TEST(replace_misuse) {
  EngineHandle engine = make_engine(1);
  ModelHandle model = random_model(engine);
  AdapterHandle adapter;
  CHECK_OK(chaku_adapter_create(model, adapter.out()));
  const std::vector<float> one(1, 0.1f);
  for (const int32_t module : {-1, CHAKU_ATTN_Q, CHAKU_TOKEN_EMBEDDING, CHAKU_OUTPUT, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_adapter_replace(adapter, module, one.data(), 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_adapter_replace(nullptr, CHAKU_OUTPUT, one.data(), 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_adapter_replace(adapter, CHAKU_TOKEN_EMBEDDING, nullptr, 0));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_adapter_replace(adapter, CHAKU_OUTPUT, one.data(), -1));
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_adapter_replace(adapter, CHAKU_OUTPUT, nullptr, 0));
}

TEST(worn_adapters_do_not_change) {
  EngineHandle engine = make_engine(1);
  ModelHandle model = random_model(engine);
  AdapterHandle adapter;
  CHECK_OK(chaku_adapter_create(model, adapter.out()));
  SingleText text(model, 8);
  const float scale = 1.0f;
  CHECK_OK(chaku_sequence_set_adapters(text.text, &adapter.at, &scale, 1));
  const std::vector<float> a(32, 0.1f), b(16, 0.1f);
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_adapter_add(adapter, CHAKU_ATTN_K, 0, 1, 1.0f, a.data(), 32, b.data(), 16));
}

TEST(free_accepts_null_and_nulls) {
  chaku_adapter_free(nullptr);
  AdapterHandle none;
  chaku_adapter_free(none.out());
}
