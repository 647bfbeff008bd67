// Owned memory, 64-byte aligned, on huge pages where large; allocation failure is Error(kOutOfMemory). What is mapped
// goes back to the system when it is freed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace chaku {

// What is at least so large has a mapping of its own.
constexpr int64_t kLeastMappedBytes = int64_t{1} << 20;

// Zeroed; null for 0 bytes. Throws Error(kOutOfMemory), or Error(kInvalidArgument) outside 0..2^46.
std::byte* allocate_aligned(int64_t n_bytes);
// n_bytes as allocated; data may be null.
void free_aligned(std::byte* data, int64_t n_bytes) noexcept;

class AlignedBytes {
 public:
  AlignedBytes() = default;
  // Zeroed. n_bytes >= 0.
  explicit AlignedBytes(int64_t n_bytes) : data_(allocate_aligned(n_bytes)), n_bytes_(n_bytes) {}
  ~AlignedBytes() { free_aligned(data_, n_bytes_); }
  AlignedBytes(AlignedBytes&& o) noexcept
      : data_(std::exchange(o.data_, nullptr)), n_bytes_(std::exchange(o.n_bytes_, 0)) {}
  AlignedBytes& operator=(AlignedBytes&& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(n_bytes_, o.n_bytes_);
    return *this;
  }

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  int64_t n_bytes() const noexcept { return n_bytes_; }

 private:
  std::byte* data_ = nullptr;
  int64_t n_bytes_ = 0;
};

// n elements of a trivial type.
template <class T>
class AlignedArray {
 public:
  AlignedArray() = default;
  explicit AlignedArray(int64_t n) : bytes_(n * static_cast<int64_t>(sizeof(T))), n_(n) {}
  T* data() noexcept { return reinterpret_cast<T*>(bytes_.data()); }
  const T* data() const noexcept { return reinterpret_cast<const T*>(bytes_.data()); }
  int64_t size() const noexcept { return n_; }
  T& operator[](int64_t i) noexcept { return data()[i]; }
  const T& operator[](int64_t i) const noexcept { return data()[i]; }
  std::span<T> span() noexcept { return {data(), static_cast<size_t>(n_)}; }
  std::span<const T> span() const noexcept { return {data(), static_cast<size_t>(n_)}; }

 private:
  AlignedBytes bytes_;
  int64_t n_ = 0;
};

}  // namespace chaku
