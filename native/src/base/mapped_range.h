// A whole file mapped read-only. Pages are read on first touch and can be dropped by the system at any time, so a
// mapping costs address space, not memory. A page beyond the end of a file that was cut short meanwhile raises SIGBUS
// on access: who is about to read asks check_size() first, which leaves the moment in between. Model files must not be
// changed in place while in use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace chaku {

class MappedRange {
 public:
  // Throws Error(kIoError) unless the file can be opened and is exactly file_bytes long.
  MappedRange(const char* path, int64_t file_bytes);
  ~MappedRange();
  MappedRange(MappedRange&& o) noexcept
      : data_(std::exchange(o.data_, nullptr)),
        n_bytes_(std::exchange(o.n_bytes_, 0)),
        descriptor_(std::exchange(o.descriptor_, -1)),
        path_(std::move(o.path_)) {}
  MappedRange(const MappedRange&) = delete;
  MappedRange& operator=(const MappedRange&) = delete;

  // Throws Error(kIoError), which names the file, if that is shorter now than when it was mapped. A system call.
  void check_size() const;

  const std::byte* data() const noexcept { return data_; }
  int64_t n_bytes() const noexcept { return n_bytes_; }

 private:
  std::byte* data_ = nullptr;
  int64_t n_bytes_ = 0;
  int descriptor_ = -1;  // of the file as it was opened, whatever has its name now
  std::string path_;
};

}  // namespace chaku
