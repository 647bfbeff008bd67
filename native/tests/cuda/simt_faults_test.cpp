// Kernels that are wrong, one way each: what a GPU answers with a hang or with garbage, the emulator calls by its name.
#include <algorithm>

#include "kernels/cuda/warp.cuh"
#include "run_kernel.h"

using namespace chaku;
using namespace chaku::cuda;
using namespace chaku::test;

namespace {

__global__ void barrier_of_half() {
  if (threadIdx.x < 32) __syncthreads();
}

__global__ void two_barriers() {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    __syncthreads();
}

__global__ void shuffle_of_half() {
  if (lane_index() < 16) __shfl_xor_sync(kAllLanes, 1, 1);
  __syncthreads();
}

__global__ void two_collectives() {
  if (lane_index() < 16)
    __shfl_xor_sync(kAllLanes, 1, 1);
  else
    __ballot_sync(kAllLanes, true);
}

__global__ void reads_a_lane_outside_its_mask() {
  if (lane_index() < 16) __shfl_xor_sync(0xffffu, 1, 16);
}

__global__ void is_not_in_its_mask() { __ballot_sync(1, true); }

__global__ void product_of_half() {
  float d[4] = {};
  const uint32_t a[4] = {}, b[2] = {};
  if (lane_index() < 16) return;
  mma_bf16(d, a, b);
}

struct alignas(16) Tile {
  uint16_t rows[16][8];
};

__global__ void loads_unaligned_rows() {
  CHAKU_SHARED(tile, Tile);
  uint32_t r[4];
  load_matrices(r, &tile.rows[lane_index() % 8][1]);
}

__global__ void loads_rows_of_the_device(const uint16_t* at) {
  uint32_t r[4];
  load_matrices(r, at + lane_index() * 8);
}

__global__ void copies_from_an_unaligned_address(const std::byte* from) {
  CHAKU_SHARED(tile, Tile);
  copy_async_16(&tile, from + 8, true);
}

__global__ void copies_to_an_unaligned_address(const std::byte* from) {
  CHAKU_SHARED(tile, Tile);
  copy_async_16(&tile.rows[0][4], from, true);
}

__global__ void copies_behind_the_end(const std::byte* from, int row) {
  CHAKU_SHARED(tile, Tile);
  copy_async_16(&tile.rows[row][0], from, true);
}

__global__ void never_waits(const std::byte* from) {
  CHAKU_SHARED(tile, Tile);
  copy_async_16(&tile, from, true);
  copy_async_commit();
}

__global__ void waits_for_what_it_did_not_commit(const std::byte* from) {
  CHAKU_SHARED(tile, Tile);
  copy_async_16(&tile, from, true);
  copy_async_wait<0>();
}

[[maybe_unused]] __global__ void writes_behind_the_end() {
  CHAKU_DYNAMIC_SHARED(bytes);
  bytes[64] = std::byte{1};
}

__global__ void does_nothing() {}

__global__ void has_much_shared_memory() {
  CHAKU_SHARED(much, float[30000]);
  much[threadIdx.x] = 1;
}

__global__ void takes_a_pointer(const float*) {}

struct Arguments {
  int64_t n;
  const float* x;
};
__global__ void takes_a_struct(Arguments) {}

}  // namespace

TEST(barriers) {
  expect_fault("nothing can go on: 32 of 64 threads have exited", barrier_of_half, 64, 0);
  expect_fault("threads of a block are at different barriers", two_barriers, 64, 0);
}

TEST(collectives) {
  expect_fault("nothing can go on", shuffle_of_half, 64, 0);
  expect_fault("of its warp at", two_collectives, 32, 0);
  expect_fault("which does not take part", reads_a_lane_outside_its_mask, 32, 0);
  expect_fault("is not in its own mask", is_not_in_its_mask, 32, 0);
  expect_fault("mma.bf16", product_of_half, 32, 0);
}

TEST(matrix_loads) {
  const DeviceArray<uint16_t> array(256);
  expect_fault("is not 16-byte aligned", loads_unaligned_rows, 32, 0);
  expect_fault("is not in shared memory", loads_rows_of_the_device, 32, 0, array.data());
}

TEST(asynchronous_copies) {
  const DeviceArray<std::byte> array(256);
  expect_fault("the source is not aligned", copies_from_an_unaligned_address, 1, 0, array.data());
  expect_fault("the target is not aligned", copies_to_an_unaligned_address, 1, 0, array.data());
  expect_fault("the target is not in shared memory", copies_behind_the_end, 1, 0, array.data(), 16);
  expect_fault("ends with 1 cp.async that nobody waited for", never_waits, 1, 0, array.data());
  expect_fault("ends with 1 cp.async that nobody waited for", waits_for_what_it_did_not_commit, 1, 0, array.data());
}

TEST(shared_memory) {
#if !defined(__SANITIZE_ADDRESS__)  // which ends the program where it happens
  expect_fault("a write outside an array of 64 bytes in shared memory", writes_behind_the_end, 1, 64);
#endif
  expect_fault("a block needs 120000 bytes of shared memory, sm_86 has 101376", has_much_shared_memory, 32, 0);
}

// What each architecture gives a block, and no byte more.
TEST(dynamic_shared_memory_of_each_architecture) {
  using simt::Architecture;
  for (const Architecture a : {Architecture::kSm75, Architecture::kSm80, Architecture::kSm86, Architecture::kSm89,
                               Architecture::kSm90, Architecture::kSm120}) {
    simt::options().architecture = a;
    const size_t limit = simt::max_shared_bytes(a);
    CHECK(fault_of(does_nothing, 32, limit).empty());
    CHECK(fault_of(does_nothing, 32, limit + 1).find("bytes of shared memory") != std::string::npos);
  }
  simt::options().architecture = Architecture::kSm86;
}

TEST(grids_that_no_device_takes) {
  CHECK(fault_of(does_nothing, 1025, 0).find("a block of 1025 x 1 x 1 threads") != std::string::npos);
  CHECK(fault_of(does_nothing, 0, 0).find("a block of 0 x 1 x 1 threads") != std::string::npos);
  CHECK(fault_of(does_nothing, 1024, 0).empty());
}

TEST(memory_of_the_host_in_a_kernel) {
  const std::vector<float> host(16);
  const DeviceArray<float> array(16);
  expect_fault("a kernel is given the host's memory", takes_a_pointer, 1, 0, host.data());
  expect_fault("a kernel is given the host's memory", takes_a_struct, 1, 0, Arguments{16, host.data()});
  CHECK(fault_of(takes_a_pointer, 1, 0, array.data()).empty());
  CHECK(fault_of(takes_a_struct, 1, 0, Arguments{16, array.data()}).empty());
}

// The block that faulted is used again, and so are its threads.
TEST(a_fault_leaves_nothing_behind) {
  for (int i = 0; i < 3; ++i) {
    CHECK(!fault_of(barrier_of_half, 64, 0).empty());
    CHECK(fault_of(does_nothing, 64, 0).empty());
  }
}
