#include <cstdlib>

#include "capi/support.h"

using namespace chaku::test;

TEST(describe) {
  EngineHandle engine = make_engine(3);
  auto info = sized<chaku_engine_info>();
  CHECK_OK(chaku_engine_describe(engine, &info));
  CHECK_EQ(info.n_threads, 3);
  CHECK(info.cpu_path >= CHAKU_CPU_REFERENCE && info.cpu_path <= CHAKU_CPU_AVX512_VNNI);
  CHECK(info.best_cpu_path == info.cpu_path || std::getenv("CHAKU_CPU") != nullptr);
  CHECK(info.available_bytes == -1 || info.available_bytes > 0);
}

TEST(forced_path) {
  auto options = sized<chaku_engine_options>();
  options.n_threads = 1;
  options.cpu_path = CHAKU_CPU_REFERENCE;
  EngineHandle engine;
  CHECK_OK(chaku_engine_create(&options, engine.out()));
  auto info = sized<chaku_engine_info>();
  CHECK_OK(chaku_engine_describe(engine, &info));
  CHECK_EQ(info.cpu_path, CHAKU_CPU_REFERENCE);
}

TEST(misuse) {
  auto options = sized<chaku_engine_options>();
  EngineHandle engine;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_create(nullptr, engine.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_create(&options, nullptr));
  for (const int32_t n : {-1, INT32_MAX, INT32_MIN}) {
    options.n_threads = n;
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_create(&options, engine.out()));
  }
  options.n_threads = 1;
  for (const int32_t path : {-1, CHAKU_CPU_FLOAT32 + 1, INT32_MAX}) {
    options.cpu_path = path;
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_create(&options, engine.out()));
  }
  options.cpu_path = CHAKU_CPU_AUTO;
  options.size = 3;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_create(&options, engine.out()));
  CHECK(engine.at == nullptr);
  auto info = sized<chaku_engine_info>();
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_describe(nullptr, &info));
  engine = make_engine(1);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_describe(engine, nullptr));
  info.size = 0;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_describe(engine, &info));
}

TEST(free_accepts_null_and_nulls) {
  chaku_engine_free(nullptr);
  chaku_engine* none = nullptr;
  chaku_engine_free(&none);
  EngineHandle engine = make_engine(1);
  chaku_engine_free(engine.out());
  CHECK(engine.at == nullptr);
  chaku_engine_free(engine.out());
}

TEST(a_device_is_required_or_preferred) {
  auto options = sized<chaku_engine_options>();
  options.n_threads = 1;
  options.device_kind = CHAKU_DEVICE_CUDA;
  options.device_requirement = CHAKU_DEVICE_REQUIRED;
  EngineHandle engine;
  CHECK_FAILS(CHAKU_DEVICE_ABSENT, chaku_engine_create(&options, engine.out()));
  options.device_requirement = CHAKU_DEVICE_PREFERRED;
  CHECK_OK(chaku_engine_create(&options, engine.out()));
  auto info = sized<chaku_engine_info>();
  CHECK_OK(chaku_engine_describe(engine, &info));
  CHECK_EQ(info.device_kind, CHAKU_DEVICE_CPU);
  const char* fallback = nullptr;
  CHECK_OK(chaku_engine_fallback(engine, &fallback));
  CHECK(fallback != nullptr && *fallback != '\0');
  engine = make_engine(1);
  CHECK_OK(chaku_engine_fallback(engine, &fallback));
  CHECK(*fallback == '\0');
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_fallback(engine, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_fallback(nullptr, &fallback));
  for (const int32_t kind : {-1, 2, INT32_MAX}) {
    options.device_kind = kind;
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_create(&options, engine.out()));
  }
  options.device_kind = CHAKU_DEVICE_CPU;
  for (const int32_t requirement : {-1, 2}) {
    options.device_requirement = requirement;
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_engine_create(&options, engine.out()));
  }
  options.device_requirement = CHAKU_DEVICE_REQUIRED;
  options.device_ordinal = 1;
  CHECK_FAILS(CHAKU_DEVICE_ABSENT, chaku_engine_create(&options, engine.out()));
}
