// Hands out arrays from one allocation. The same layout code runs twice: over null to count the bytes, for the memory
// plan, and over the allocation to get the pointers, so that a plan cannot differ from what is allocated.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chaku {

class Carver {
 public:
  explicit Carver(std::byte* base) noexcept : base_(base) {}

  // n elements of a trivial type at the next 64-byte border; null while counting. n >= 0, n * sizeof(T) < 2^62.
  template <class T>
  T* take(int64_t n) noexcept {
    T* at = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + n_bytes_);
    const int64_t size = (n * static_cast<int64_t>(sizeof(T)) + 63) / 64 * 64;
    if (__builtin_add_overflow(n_bytes_, size, &n_bytes_)) n_bytes_ = INT64_MAX / 64 * 64;
    return at;
  }
  float* floats(int64_t n) noexcept { return take<float>(n); }

  int64_t n_bytes() const noexcept { return n_bytes_; }

 private:
  std::byte* base_;
  int64_t n_bytes_ = 0;
};

}  // namespace chaku
