// Fragments of mma and ldmatrix written out by the tables of the PTX ISA (figures of mma.m16n8k16 and m16n8k32),
// element by element, against a product; and collectives against what they are defined to give.
#include <random>

#include "kernels/cuda/warp.cuh"
#include "run_kernel.h"

using namespace chaku;
using namespace chaku::cuda;
using namespace chaku::test;

namespace {

struct Place {
  int row, column;
};

// .m16n8k16 of 16-bit numbers: A has 8 elements a lane, B 4, C and D 4.
Place a_of_16(int lane, int i) {
  const int group = lane >> 2, in_group = lane % 4;
  const bool upper = (i < 2) || (i >= 4 && i < 6);
  return {upper ? group : group + 8, i < 4 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8};
}
Place b_of_16(int lane, int i) {
  const int group = lane >> 2, in_group = lane % 4;
  return {i < 2 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8, group};
}
Place c_of(int lane, int i) {
  const int group = lane >> 2, in_group = lane % 4;
  return {i < 2 ? group : group + 8, in_group * 2 + (i & 1)};
}
// .m16n8k32 of 8-bit numbers: A has 16 elements a lane, B 8.
Place a_of_8(int lane, int i) {
  const int group = lane >> 2, in_group = lane % 4;
  const bool upper = (i < 4) || (i >= 8 && i < 12);
  return {upper ? group : group + 8, i < 8 ? in_group * 4 + (i & 3) : in_group * 4 + (i & 3) + 16};
}
Place b_of_8(int lane, int i) {
  const int group = lane >> 2, in_group = lane % 4;
  return {i < 4 ? in_group * 4 + (i & 3) : in_group * 4 + (i & 3) + 16, group};
}

__global__ void multiply_16(const uint16_t* a, const uint16_t* b, float* d, bool is_bf16) {
  const int lane = lane_index();
  uint32_t fa[4] = {}, fb[2] = {};
  float fd[4];
  for (int i = 0; i < 8; ++i) {
    const Place p = a_of_16(lane, i);
    fa[i / 2] |= static_cast<uint32_t>(a[p.row * 16 + p.column]) << (i % 2 * 16);
  }
  for (int i = 0; i < 4; ++i) {
    const Place p = b_of_16(lane, i);
    fb[i / 2] |= static_cast<uint32_t>(b[p.row * 8 + p.column]) << (i % 2 * 16);
  }
  for (int i = 0; i < 4; ++i) fd[i] = d[c_of(lane, i).row * 8 + c_of(lane, i).column];
  if (is_bf16)
    mma_bf16(fd, fa, fb);
  else
    mma_f16(fd, fa, fb);
  for (int i = 0; i < 4; ++i) d[c_of(lane, i).row * 8 + c_of(lane, i).column] = fd[i];
}

__global__ void multiply_8(const int8_t* a, const int8_t* b, int32_t* d) {
  const int lane = lane_index();
  uint32_t fa[4] = {}, fb[2] = {};
  int32_t fd[4];
  for (int i = 0; i < 16; ++i) {
    const Place p = a_of_8(lane, i);
    fa[i / 4] |= static_cast<uint32_t>(static_cast<uint8_t>(a[p.row * 32 + p.column])) << (i % 4 * 8);
  }
  for (int i = 0; i < 8; ++i) {
    const Place p = b_of_8(lane, i);
    fb[i / 4] |= static_cast<uint32_t>(static_cast<uint8_t>(b[p.row * 8 + p.column])) << (i % 4 * 8);
  }
  for (int i = 0; i < 4; ++i) fd[i] = d[c_of(lane, i).row * 8 + c_of(lane, i).column];
  mma_s8(fd, fa, fb);
  for (int i = 0; i < 4; ++i) d[c_of(lane, i).row * 8 + c_of(lane, i).column] = fd[i];
}

struct alignas(16) Tiles {
  uint16_t a[16][16], b[16][16], b_transposed[16][16];
};

// A by ldmatrix is A by the table; B stored by columns through ldmatrix, and by rows through ldmatrix.trans, too.
__global__ void load(int* n_wrong) {
  CHAKU_SHARED(tiles, Tiles);
  const int lane = lane_index();
  for (int i = lane; i < 256; i += 32) {
    const int r = i / 16, c = i % 16;
    tiles.a[r][c] = tiles.b[r][c] = tiles.b_transposed[c][r] = static_cast<uint16_t>(i);
  }
  __syncwarp();
  uint32_t a[4], columns[4], rows[4];
  load_matrices(a, &tiles.a[lane % 16][lane / 16 * 8]);
  load_matrices(columns, &tiles.b_transposed[lane / 16 * 8 + lane % 8][lane / 8 % 2 * 8]);
  load_matrices_transposed(rows, &tiles.b[lane % 16][lane / 16 * 8]);
  const auto expect = [&](const uint32_t(&r)[4], int i, Place p) {
    if ((r[i / 2] >> (i % 2 * 16) & 0xffff) != static_cast<uint32_t>(p.row * 16 + p.column)) atomicAdd(n_wrong, 1);
  };
  for (int i = 0; i < 8; ++i) expect(a, i, a_of_16(lane, i));
  for (int i = 0; i < 8; ++i) {
    const Place p = b_of_16(lane, i % 4);
    expect(columns, i, {p.row, p.column + i / 4 * 8});
    expect(rows, i, {p.row, p.column + i / 4 * 8});
  }
}

__global__ void exchange(int* n_wrong, int* counter) {
  const int lane = lane_index();
  const auto expect = [&](bool good) {
    if (!good) atomicAdd(n_wrong, 1);
  };
  expect(__shfl_sync(kAllLanes, lane, 5) == 5);
  expect(__shfl_sync(kAllLanes, lane, 1, 8) == lane / 8 * 8 + 1);
  expect(__shfl_xor_sync(kAllLanes, lane, 3) == (lane ^ 3));
  expect(__shfl_down_sync(kAllLanes, lane, 2) == (lane < 30 ? lane + 2 : lane));
  expect(__shfl_up_sync(kAllLanes, lane, 2, 16) == (lane % 16 < 2 ? lane : lane - 2));
  expect(__ballot_sync(kAllLanes, lane % 3 == 0) == 0x49249249u);
  expect(__any_sync(kAllLanes, lane == 31) && !__any_sync(kAllLanes, lane == 32));
  expect(__all_sync(kAllLanes, lane < 32) && !__all_sync(kAllLanes, lane < 31));
  expect(__reduce_add_sync(kAllLanes, lane - 20) == 496 - 640);
  if (lane < 8) expect(__shfl_xor_sync(0xffu, lane, 1) == (lane ^ 1));  // the others do not take part
  expect(warp_sum(static_cast<float>(lane)) == 496.0f);
  expect(warp_max(static_cast<float>(-lane)) == 0.0f);
  CHAKU_SHARED(partial, float[2]);
  expect(block_sum<64>(static_cast<float>(threadIdx.x), partial) == 2016.0f);
  expect(block_max<64>(static_cast<float>(threadIdx.x), partial) == 63.0f);
  atomicAdd(counter, 1);
}

// Messages through shared memory: the barrier of half a block, with others that only arrive.
__global__ void named_barriers(int* n_wrong) {
  CHAKU_SHARED(box, int[32]);
  if (warp_index() == 0) {
    box[lane_index()] = lane_index();
    simt::barrier_arrive(1, 64, simt::Site::current());
  } else {
    simt::barrier(1, 64, simt::Site::current());
    if (box[31 - lane_index()] != 31 - lane_index()) atomicAdd(n_wrong, 1);
  }
}

void check_16(bool is_bf16) {
  std::mt19937 source(5);
  std::vector<uint16_t> a(256), b(128);
  std::vector<float> d(128);
  const auto draw = [&] { return static_cast<float>(source() % 2001) * 1e-3f - 1.0f; };
  const auto encode = [&](float x) { return is_bf16 ? f32_to_bf16(x) : f32_to_f16(x); };
  const auto value = [&](uint16_t bits) { return double{is_bf16 ? bf16_to_f32(bits) : f16_to_f32(bits)}; };
  for (uint16_t& x : a) x = encode(draw());
  for (uint16_t& x : b) x = encode(draw());
  for (float& x : d) x = draw();
  std::vector<float> expected(128);
  for (size_t m = 0; m < 16; ++m)
    for (size_t n = 0; n < 8; ++n) {
      double sum = d[m * 8 + n];
      for (size_t k = 0; k < 16; ++k) sum += value(a[m * 16 + k]) * value(b[k * 8 + n]);
      expected[m * 8 + n] = static_cast<float>(sum);
    }
  const DeviceArray<uint16_t> on_a(a), on_b(b);
  const DeviceArray<float> on_d(d);
  simt::Stream stream;
  simt::launch(stream, multiply_16, dim3(1), dim3(32), 0, on_a.data(), on_b.data(), on_d.data(), is_bf16);
  stream.synchronize();
  CHECK_CLOSE(on_d.read().data(), expected.data(), 128, 1e-6, 1e-6);
}

}  // namespace

TEST(products_of_16_bit_numbers) {
  for_orders([] {
    check_16(true);
    check_16(false);
  });
}

TEST(products_of_8_bit_numbers) {
  std::mt19937 source(7);
  std::vector<int8_t> a(512), b(256);
  std::vector<int32_t> d(128, 100), expected(d);
  for (int8_t& x : a) x = static_cast<int8_t>(source());
  for (int8_t& x : b) x = static_cast<int8_t>(source());
  for (size_t m = 0; m < 16; ++m)
    for (size_t n = 0; n < 8; ++n)
      for (size_t k = 0; k < 32; ++k) expected[m * 8 + n] += a[m * 32 + k] * b[k * 8 + n];
  const DeviceArray<int8_t> on_a(a), on_b(b);
  const DeviceArray<int32_t> on_d(d);
  simt::Stream stream;
  simt::launch(stream, multiply_8, dim3(1), dim3(32), 0, on_a.data(), on_b.data(), on_d.data());
  stream.synchronize();
  CHECK(on_d.read() == expected);
}

// A product truncates: 1 + 2^-24 + 2^-24 stays 1 where eight products are summed at a time before the accumulator.
TEST(sums_are_rounded_towards_zero) {
  std::vector<uint16_t> a(256), b(128);
  for (size_t k = 0; k < 16; ++k) {
    a[k] = f32_to_bf16(k % 8 == 0 ? 0x1p-24f : 0.0f);
    b[k * 8] = f32_to_bf16(1.0f);
  }
  std::vector<float> d(128);
  d[0] = 1.0f;
  const DeviceArray<uint16_t> on_a(a), on_b(b);
  const DeviceArray<float> on_d(d);
  simt::Stream stream;
  simt::launch(stream, multiply_16, dim3(1), dim3(32), 0, on_a.data(), on_b.data(), on_d.data(), true);
  stream.synchronize();
  CHECK(on_d.read()[0] == 1.0f);
}

TEST(matrices_and_collectives) {
  for_orders([] {
    const DeviceArray<int> counts(std::vector<int>(2));
    simt::Stream stream;
    simt::launch(stream, load, dim3(1), dim3(32), 0, counts.data());
    simt::launch(stream, exchange, dim3(7), dim3(64), 0, counts.data(), counts.data() + 1);
    simt::launch(stream, named_barriers, dim3(3), dim3(64), 0, counts.data());
    stream.synchronize();
    CHECK_EQ(counts.read()[0], 0);
    CHECK_EQ(counts.read()[1], 7 * 64);
  });
}

// Eight rows that begin in the same bank are eight passes; the emulator counts them.
TEST(bank_conflicts_are_counted) {
  simt::reset_counts();
  const DeviceArray<int> counts(std::vector<int>(2));
  simt::Stream stream;
  simt::launch(stream, load, dim3(1), dim3(32), 0, counts.data());
  stream.synchronize();
  const simt::Counts seen = simt::counts();
  CHECK_EQ(seen.matrix_loads, int64_t{12});
  CHECK_EQ(seen.matrix_conflicts, int64_t{12});  // rows 32 bytes apart: two of eight in each group of banks
  CHECK_EQ(seen.launches, int64_t{1});
}
