#include "device/float_slabs.h"

#include <algorithm>
#include <memory>

#include "base/resident.h"
#include "device/cpu_device.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

TEST(arrays_are_zeroed_aligned_and_apart) {
  const CpuDevice device(1, CpuPath::kReference);
  FloatSlabs slabs(device);
  std::vector<std::pair<float*, int64_t>> taken;
  for (const int64_t n : {1, 16, 17, 1000, 300000, 1, 0, 262144, 262145, 5}) taken.emplace_back(slabs.take(n), n);
  for (size_t i = 0; i < taken.size(); ++i) {
    const auto [at, n] = taken[i];
    CHECK_EQ(reinterpret_cast<uintptr_t>(at) % 64, uintptr_t{0});
    for (int64_t j = 0; j < n; ++j) {
      CHECK_EQ(at[j], 0.0f);
      at[j] = static_cast<float>(i + 1);
    }
  }
  for (size_t i = 0; i < taken.size(); ++i)
    for (int64_t j = 0; j < taken[i].second; ++j) CHECK_EQ(taken[i].first[j], static_cast<float>(i + 1));
}

// Though what is allocated in between stays.
TEST(memory_goes_back_to_the_system) {
  constexpr int64_t kFloats = 9216, kArrays = 1024;  // 36 MiB in all
  std::vector<std::unique_ptr<char[]>> others;
  const CpuDevice device(1, CpuPath::kReference);
  const int64_t before = resident_bytes();
  {
    FloatSlabs slabs(device);
    for (int64_t i = 0; i < kArrays; ++i) {
      std::fill_n(slabs.take(kFloats), kFloats, 1.0f);
      others.push_back(std::make_unique<char[]>(100));
    }
    CHECK(resident_bytes() - before >= kArrays * kFloats * 4);
  }
  CHECK(resident_bytes() - before < (int64_t{4} << 20));
}
