#include "base/mapped_range.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace chaku {
namespace {

// Closes the descriptor unless it was released.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int release() { return std::exchange(fd, -1); }
};

}  // namespace

MappedRange::MappedRange(const char* path, int64_t file_bytes) : path_(path) {
  if (file_bytes <= 0)
    fail(Code::kInvalidArgument, "[map_file] expected file_bytes > 0, got %lld (%s)",
         static_cast<long long>(file_bytes), path);
  Descriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0)
    fail(Code::kIoError, "[map_file] expected a readable file, got: %s (%s)", std::strerror(errno), path);
  struct stat status{};
  if (::fstat(file.fd, &status) != 0) fail(Code::kIoError, "[map_file] fstat: %s (%s)", std::strerror(errno), path);
  if (!S_ISREG(status.st_mode)) fail(Code::kIoError, "[map_file] expected a regular file, got another kind (%s)", path);
  if (status.st_size != file_bytes)
    fail(Code::kIoError, "[map_file] expected %lld bytes, got %lld (%s)", static_cast<long long>(file_bytes),
         static_cast<long long>(status.st_size), path);
  void* data = ::mmap(nullptr, static_cast<size_t>(file_bytes), PROT_READ, MAP_SHARED, file.fd, 0);
  if (data == MAP_FAILED) fail(Code::kIoError, "[map_file] mmap: %s (%s)", std::strerror(errno), path);
  data_ = static_cast<std::byte*>(data);
  n_bytes_ = file_bytes;
  descriptor_ = file.release();
}

void MappedRange::check_size() const {
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0)
    fail(Code::kIoError, "[map_file] fstat: %s (%s)", std::strerror(errno), path_.c_str());
  if (status.st_size < n_bytes_)
    fail(Code::kIoError,
         "[map_file] expected a file of %lld bytes, as when it was opened, found %lld: it was cut short while in use; "
         "restore it and open it again (%s)",
         static_cast<long long>(n_bytes_), static_cast<long long>(status.st_size), path_.c_str());
}

MappedRange::~MappedRange() {
  if (data_ != nullptr) ::munmap(data_, static_cast<size_t>(n_bytes_));
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace chaku
