// A whole file mapped read-only. Pages are read on first touch and can be dropped by the system at any time, so a
// mapping costs address space, not memory. A file that another process shortens while it is mapped raises SIGBUS on
// access; model files must not be changed in place while in use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace chaku {

class MappedRange {
 public:
  // Throws Error(kIoError) unless the file can be opened and is exactly file_bytes long.
  MappedRange(const char* path, int64_t file_bytes);
  ~MappedRange();
  MappedRange(MappedRange&& o) noexcept
      : data_(std::exchange(o.data_, nullptr)), n_bytes_(std::exchange(o.n_bytes_, 0)) {}
  MappedRange(const MappedRange&) = delete;
  MappedRange& operator=(const MappedRange&) = delete;

  const std::byte* data() const noexcept { return data_; }
  int64_t n_bytes() const noexcept { return n_bytes_; }

 private:
  std::byte* data_ = nullptr;
  int64_t n_bytes_ = 0;
};

}  // namespace chaku
