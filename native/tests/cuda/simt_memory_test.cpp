// What the emulator makes of memory: fresh memory is NaN, a copy lands late, and pages of the device trap in the host.
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "run_kernel.h"

using namespace chaku;
using namespace chaku::cuda;
using namespace chaku::test;

namespace {

// Whether a child process that does this ends by a signal or, with a sanitizer, by its report.
template <class Act>
bool traps(const Act& act) {
  const pid_t child = fork();
  if (child == 0) {
    close(STDERR_FILENO);
    act();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

__global__ void reads_fresh_memory(float* out) {
  CHAKU_SHARED(fresh, float[32]);
  CHAKU_DYNAMIC_SHARED(bytes);
  if (blockIdx.x != 0) return;  // the others would write the same places
  out[threadIdx.x] = fresh[threadIdx.x];
  out[32 + threadIdx.x] = reinterpret_cast<float*>(bytes)[threadIdx.x];
}

// out: what shared memory holds before the wait, behind it, and of a copy that is not valid.
__global__ void reads_around_the_wait(const uint4* from, uint4* out) {
  CHAKU_SHARED(to, uint4[2]);
  copy_async_16(&to[0], from, true);
  copy_async_16(&to[1], from, false);
  copy_async_commit();
  const uint4 before = to[0];
  copy_async_wait<0>();
  if (blockIdx.x != 0) return;
  out[0] = before;
  out[1] = to[0];
  out[2] = to[1];
}

// Groups land in the order of their commits, all but the last one.
__global__ void waits_for_all_but_one(const uint4* from, uint4* out) {
  CHAKU_SHARED(to, uint4[3]);
  for (int i = 0; i < 3; ++i) {
    copy_async_16(&to[i], from + i, true);
    copy_async_commit();
  }
  copy_async_wait<1>();
  for (int i = 0; i < 3 && blockIdx.x == 0; ++i) out[i] = to[i];
  copy_async_wait<0>();
}

__global__ void writes(float* at, int64_t i) { at[i] = 1.0f; }

}  // namespace

TEST(fresh_memory_is_not_a_number) {
  const DeviceArray<float> out(64);
  for (const float x : out.read()) CHECK(std::isnan(x));
  CHECK(fault_of(reads_fresh_memory, 32, 128, out.data()).empty());
  for (const float x : out.read()) CHECK(std::isnan(x));
}

TEST(copies_land_at_the_wait_or_at_their_issue) {
  const DeviceArray<uint4> from(std::vector<uint4>{{1, 2, 3, 4}}), out(3);
  for (const bool late : {true, false}) {
    simt::options().late_copies = late;
    CHECK(fault_of(reads_around_the_wait, 1, 0, from.data(), out.data()).empty());
    const std::vector<uint4> seen = out.read();
    CHECK_EQ(seen[0].y, late ? 0xffffffffu : 2u);
    CHECK_EQ(seen[1].y, 2u);
    CHECK_EQ(seen[2].y, 0u);
  }
  simt::options().late_copies = true;
}

TEST(groups_of_copies_land_in_order) {
  const DeviceArray<uint4> from(std::vector<uint4>{{1, 1, 1, 1}, {2, 2, 2, 2}, {3, 3, 3, 3}}), out(3);
  CHECK(fault_of(waits_for_all_but_one, 1, 0, from.data(), out.data()).empty());
  const std::vector<uint4> seen = out.read();
  CHECK_EQ(seen[0].x, 1u);
  CHECK_EQ(seen[1].x, 2u);
  CHECK_EQ(seen[2].x, 0xffffffffu);
}

TEST(the_host_cannot_touch_the_device) {
  const DeviceArray<float> array(16);
  CHECK(traps([&] { *const_cast<volatile float*>(array.data()) = 1.0f; }));
  CHECK(!traps([&] {
    const simt::DeviceAccess access;
    *const_cast<volatile float*>(array.data()) = 1.0f;
  }));
}

// Behind 1024 floats lies a page that traps for kernels too.
TEST(kernels_cannot_write_behind_an_array) {
  const DeviceArray<float> array(1024);
  CHECK(traps([&] { fault_of(writes, 1, 0, array.data(), int64_t{1024}); }));
  CHECK(!traps([&] { fault_of(writes, 1, 0, array.data(), int64_t{1023}); }));
}

TEST(only_what_was_allocated_is_freed) {
  bool thrown = false;
  try {
    float host = 0;
    simt::free_device(&host);
  } catch (const simt::Fault&) {
    thrown = true;
  }
  CHECK(thrown);
  simt::free_device(nullptr);
}
