// The whole way from the C interface by the library that is opened at run time to an emulated CUDA device and back.
#include "capi/support.h"
#include "cuda/emulate.h"

using namespace chaku::test;

namespace {

EngineHandle cuda_engine(const std::string& library, int32_t cpu_path = CHAKU_CPU_FLOAT32) {
  EngineHandle engine;
  auto options = sized<chaku_engine_options>();
  options.n_threads = 1;
  options.cpu_path = cpu_path;
  options.device_kind = CHAKU_DEVICE_CUDA;
  options.device_requirement = CHAKU_DEVICE_REQUIRED;
  options.cuda_library = library.c_str();
  CHECK_OK(chaku_engine_create(&options, engine.out()));
  return engine;
}

std::vector<float> logits_of(chaku_engine* engine, int32_t role) {
  const ModelHandle model = random_model(engine);
  SingleText text(model, 16);
  const int32_t tokens[] = {3, 1, 4, 1, 5, 9, 2, 6};
  std::vector<float> logits(8 * 64);
  CHECK_OK(text.compute(tokens, 8, role, CHAKU_LOGITS_ALL, logits.data(), 8 * 64));
  return logits;
}

}  // namespace

TEST(devices_are_listed) {
  const Emulated two({.n_devices = 2, .architecture = 89, .device_bytes = 5 << 20});
  const std::string library = emulated_library();
  int32_t n = -1;
  const char* absence = nullptr;
  CHECK_OK(chaku_cuda_count(library.c_str(), &n, &absence));
  CHECK_EQ(n, 2);
  CHECK(*absence == '\0');
  auto device = sized<chaku_cuda_device>();
  CHECK_OK(chaku_cuda_describe(library.c_str(), 1, &device));
  CHECK(device.major == 8 && device.minor == 9 && device.total_bytes == 5 << 20 && device.n_multiprocessors == 1);
  CHECK(device.free_bytes > 0 && device.free_bytes <= device.total_bytes);
  CHECK(std::string(device.name) == "emulator" && device.unusable[0] == '\0');
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_cuda_describe(library.c_str(), 2, &device));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_cuda_describe(library.c_str(), -1, &device));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_cuda_describe(library.c_str(), 0, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_cuda_count(library.c_str(), nullptr, &absence));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_cuda_count(library.c_str(), &n, nullptr));
  const Emulated old({.architecture = 75});
  CHECK_OK(chaku_cuda_describe(library.c_str(), 0, &device));
  CHECK(std::string(device.unusable).find("7.5") != std::string::npos);
  CHECK_EQ(device.free_bytes, -1);
}

TEST(absence_is_no_failure) {
  int32_t n = -1;
  const char* absence = nullptr;
  for (const char* library : {static_cast<const char*>(nullptr), "/nowhere"}) {
    CHECK_OK(chaku_cuda_count(library, &n, &absence));
    CHECK_EQ(n, 0);
    CHECK(std::string(absence).find("not there") != std::string::npos);
    auto device = sized<chaku_cuda_device>();
    CHECK_FAILS(CHAKU_DEVICE_ABSENT, chaku_cuda_describe(library, 0, &device));
  }
}

TEST(a_model_on_the_device) {
  EngineHandle cpu, cuda = cuda_engine(emulated_library());
  auto options = sized<chaku_engine_options>();
  options.n_threads = 1;
  options.cpu_path = CHAKU_CPU_REFERENCE;
  CHECK_OK(chaku_engine_create(&options, cpu.out()));
  auto info = sized<chaku_engine_info>();
  CHECK_OK(chaku_engine_describe(cuda, &info));
  CHECK_EQ(info.device_kind, CHAKU_DEVICE_CUDA);
  CHECK_EQ(info.device_ordinal, 0);
  for (const int32_t role : {CHAKU_ROLE_PROMPT, CHAKU_ROLE_GENERATED}) {
    const std::vector<float> expected = logits_of(cpu, role), got = logits_of(cuda, role);
    for (size_t i = 0; i < expected.size(); ++i) CHECK(std::fabs(expected[i] - got[i]) <= 2e-5f);
  }
}

TEST(a_device_that_is_lost_in_a_step) {
  const std::string library = emulated_library();
  EngineHandle engine = cuda_engine(library);
  const ModelHandle model = random_model(engine);
  SingleText text(model, 16);
  const int32_t token = 3;
  std::vector<float> logits(64);
  CHECK_OK(text.compute(&token, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, logits.data(), 64));
  {
    const Emulated lost({.work_until_lost = 5});
    CHECK_FAILS(CHAKU_DEVICE_ERROR, text.compute(&token, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, logits.data(), 64));
    CHECK(std::string(chaku_last_error()).find("the device is lost") != std::string::npos);
  }
  CHECK_FAILS(CHAKU_DEVICE_ERROR, text.compute(&token, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, logits.data(), 64));
  EngineHandle cpu = make_engine(1);
  const ModelHandle other = random_model(cpu);
  SingleText goes_on(other, 16);
  CHECK_OK(goes_on.compute(&token, 1, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_LAST, logits.data(), 64));
}
