// Which device a choice gets, and why it is another: over libraries of kernels that are there, of another version, or
// none; and over an emulated device of each kind.
#include "device/choice.h"

#include "base/error.h"
#include "cuda/emulate.h"
#include "kernels/cuda/architectures.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

namespace {

DeviceChoice cuda_of(const std::string& library, int32_t ordinal = 0) {
  DeviceChoice choice{.kind = DeviceKind::kCuda, .ordinal = ordinal, .n_threads = 1};
  choice.cuda_library = library;
  return choice;
}

// Preferred, the CPU comes in its place and says why; required, that is an error.
void expect_absence(DeviceChoice choice, const char* reason) {
  const ChosenDevice chosen = choose_device(choice);
  CHECK(chosen.kind == DeviceKind::kCpu && chosen.device->shares_host_memory());
  if (chosen.fallback.find(reason) == std::string::npos)
    report(__FILE__, __LINE__, "expected \"" + std::string(reason) + "\", got \"" + chosen.fallback + "\"");
  choice.required = true;
  try {
    choose_device(choice);
    report(__FILE__, __LINE__, std::string("expected an error: ") + reason);
  } catch (const Error& e) {
    CHECK(e.code() == Code::kDeviceAbsent && std::strstr(e.what(), reason) != nullptr);
  }
}

}  // namespace

TEST(a_library_that_is_not_one) {
  expect_absence(cuda_of(""), "the library of CUDA kernels is not there: ");
  expect_absence(cuda_of("/nowhere/libchaku_cuda.so"), "not there: /nowhere/libchaku_cuda.so");
  expect_absence(cuda_of(CHAKU_SOURCE_DIR "/CMakeLists.txt"), "the library of CUDA kernels does not open: ");
  expect_absence(cuda_of(cuda_library_file("cuda_another_version")),
                 "the library of CUDA kernels is of another version: ");
  expect_absence(cuda_of(cuda_library_file("cuda_something_else")),
                 "expected a library of CUDA kernels, found something");
}

TEST(a_device_that_is_not_there) {
  const Emulated two({.n_devices = 2});
  expect_absence(cuda_of(emulated_library(), 2), "there are 2, from 0");
  const Emulated none({.n_devices = 0});
  expect_absence(cuda_of(emulated_library()), "the emulator has no device");
}

TEST(a_device_without_kernels) {
  const Emulated old({.architecture = 75});
  expect_absence(cuda_of(emulated_library()),
                 "emulator has compute capability 7.5, and this library has kernels for sm_80,86,89,90a,120");
}

TEST(a_device) {
  const Emulated two({.n_devices = 2, .device_bytes = 10 << 20});
  const ChosenDevice chosen = choose_device(cuda_of(emulated_library(), 1));
  CHECK(chosen.kind == DeviceKind::kCuda && chosen.ordinal == 1 && chosen.fallback.empty());
  CHECK(!chosen.device->shares_host_memory());
  CHECK(std::string(chosen.device->kernels().name) == "cuda-bf16");
  DeviceChoice exact = cuda_of(emulated_library());
  exact.cpu_path = CpuPath::kReference;
  CHECK(std::string(choose_device(exact).device->kernels().name) == "cuda-float32");
  const int64_t before = chosen.device->available_bytes();
  const DeviceBuffer buffer(*chosen.device, 1 << 20);
  CHECK_EQ(chosen.device->available_bytes(), before - (1 << 20));
  try {
    const DeviceBuffer more(*chosen.device, before);
    report(__FILE__, __LINE__, "more than there is was allocated");
  } catch (const Error& e) {
    CHECK(e.code() == Code::kOutOfMemory && std::strstr(e.what(), "bytes of CUDA device 1, which has ") != nullptr);
  }
  chosen.device->check();
}

// What was asked of a lost device fails in words, and the process goes on with another.
TEST(a_lost_device) {
  const Emulated lost({.work_until_lost = 3});
  const ChosenDevice chosen = choose_device(cuda_of(emulated_library()));
  const DeviceBuffer buffer(*chosen.device, 64);
  std::vector<float> values(16, 1.0f);
  chosen.device->upload(buffer.data(), values.data(), 64);
  chosen.device->download(values.data(), buffer.data(), 64);
  chosen.device->check();
  chosen.device->run(&KernelTable::fill, FillProblem{buffer.as<float>(), 16, 2.0f});
  for (int i = 0; i < 2; ++i) {
    try {
      chosen.device->check();
      report(__FILE__, __LINE__, "a lost device answered");
    } catch (const Error& e) {
      CHECK(e.code() == Code::kDeviceError && std::strstr(e.what(), "the device is lost") != nullptr);
    }
  }
  CHECK(choose_device({.n_threads = 1}).device->shares_host_memory());
}

TEST(architectures_of_a_library) {
  constexpr char kBuilt[] = "75,80,86,90a,120";
  for (const int there : {75, 80, 86, 87, 89, 90, 120, 121})
    CHECK(cuda::has_kernels_for(kBuilt, there / 10, there % 10));
  for (const int absent : {50, 70, 72, 91, 100, 103, 110})
    CHECK(!cuda::has_kernels_for(kBuilt, absent / 10, absent % 10));
  CHECK(!cuda::has_kernels_for("86", 8, 0));
  CHECK(!cuda::has_kernels_for("", 8, 0));
}
