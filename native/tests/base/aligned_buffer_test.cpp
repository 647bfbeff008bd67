#include "base/aligned_buffer.h"

#include "base/error.h"
#include "base/resident.h"
#include "test.h"

using chaku::AlignedArray;
using chaku::AlignedBytes;

TEST(buffers_are_zeroed_aligned_and_writable_to_the_last_byte) {
  for (const int64_t n :
       {int64_t{1}, int64_t{63}, int64_t{64}, int64_t{65}, int64_t{4096}, (int64_t{1} << 20) - 1, int64_t{1} << 20,
        (int64_t{1} << 20) + 1, (int64_t{2} << 20) - 1, int64_t{2} << 20, (int64_t{2} << 20) + 1, int64_t{5} << 20}) {
    AlignedBytes bytes(n);
    CHECK_EQ(bytes.n_bytes(), n);
    CHECK_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 64, uintptr_t{0});
    CHECK(bytes.data()[0] == std::byte{0} && bytes.data()[n - 1] == std::byte{0});
    bytes.data()[0] = bytes.data()[n - 1] = std::byte{7};
  }
}

TEST(moving_hands_the_memory_over) {
  AlignedArray<float> a(100);
  a[99] = 3.0f;
  float* data = a.data();
  AlignedArray<float> b = std::move(a);
  CHECK(b.data() == data);
  CHECK_EQ(b[99], 3.0f);
  CHECK_EQ(b.size(), int64_t{100});
  b = AlignedArray<float>(10);
  CHECK_EQ(b.size(), int64_t{10});
}

TEST(large_buffers_go_back_to_the_system) {
  const int64_t before = chaku::test::resident_bytes();
  {
    std::vector<AlignedBytes> all;
    for (const int64_t n : {chaku::kLeastMappedBytes, int64_t{3} << 20})
      for (int i = 0; i < 10; ++i) std::memset(all.emplace_back(n).data(), 1, static_cast<size_t>(n));
    CHECK(chaku::test::resident_bytes() - before >= int64_t{40} << 20);
  }
  CHECK(chaku::test::resident_bytes() - before < int64_t{4} << 20);
}

TEST(an_empty_buffer_has_no_memory) {
  AlignedBytes bytes(0);
  CHECK(bytes.data() == nullptr);
}

TEST(impossible_sizes_are_refused) {
  const auto code = [](int64_t n) {
    try {
      AlignedBytes bytes(n);
    } catch (const chaku::Error& e) {
      return e.code();
    }
    return chaku::Code::kOk;
  };
  CHECK(code(-1) == chaku::Code::kInvalidArgument);
  CHECK(code(int64_t{1} << 50) == chaku::Code::kInvalidArgument);
}
