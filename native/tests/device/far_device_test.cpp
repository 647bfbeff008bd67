#include "device/far_device.h"

#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

using namespace chaku;
using namespace chaku::test;

namespace {

// Whether a process of its own comes to the end of `body`.
template <class Body>
bool survives(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    std::freopen("/dev/null", "w", stderr);
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST(what_crosses_by_the_device_arrives) {
  const FarDevice device(1, CpuPath::kReference);
  const DeviceBuffer buffer(device, 4 * sizeof(float));
  const float values[] = {1, 2, 3, 4};
  device.upload(buffer.data(), values, sizeof values);
  device.run(&KernelTable::soft_cap, SoftCapProblem{buffer.as<float>(), 0, 1.0f});
  device.run(&KernelTable::fill, FillProblem{buffer.as<float>(), 2, 7.0f});
  float back[4] = {};
  device.download(back, buffer.data(), sizeof back);
  CHECK(back[0] == 7 && back[1] == 7 && back[2] == 3 && back[3] == 4);
}

TEST(each_side_traps_on_the_other_ones_memory) {
  const FarDevice device(1, CpuPath::kReference);
  const DeviceBuffer buffer(device, 64);
  const float value = 1.0f;
  const std::span<float> host = host_copy(std::span<const float>(&value, 1));
  CHECK(survives([&] { host[0] = 2.0f; }));
  CHECK(!survives([&] { *static_cast<volatile float*>(buffer.as<float>()) = 1.0f; }));
  CHECK(!survives([&] { device.run(&KernelTable::soft_cap, SoftCapProblem{host.data(), 1, 1.0f}); }));
  CHECK(!survives([&] { device.run(&KernelTable::fill, FillProblem{host.data(), 1, 1.0f}); }));
}

TEST(weights_are_copied_where_memory_is_not_shared) {
  const FarDevice device(1, CpuPath::kReference);
  const float values[] = {1, 2, 3, 4};
  Matrix matrix{values, DType::kF32, 2, 2};
  const DeviceBuffer memory = device.place(matrix);
  CHECK(matrix.data == memory.data() && memory.n_bytes() == 16);
  float back[4] = {};
  device.download(back, matrix.data, sizeof back);
  CHECK(back[3] == 4);
}
