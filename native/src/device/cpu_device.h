// The processor: a pool of threads, and the kernel table chosen for this machine. Its memory is the host's.
#pragma once

#include "device/device.h"

namespace chaku {

class CpuDevice final : public Device {
 public:
  // n_threads 0: one per usable core. Throws Error(kInvalidArgument) for a number out of range and
  // Error(kDeviceAbsent) for a path that this machine or build lacks.
  CpuDevice(int32_t n_threads, CpuPath path);

  std::byte* allocate(int64_t n_bytes) const override;
  void free(std::byte* data, int64_t n_bytes) const noexcept override;
  void upload(void* to, const void* from, int64_t n_bytes) const noexcept override;
  void download(void* to, const void* from, int64_t n_bytes) const noexcept override;
  std::byte* allocate_host(int64_t n_bytes) const override { return allocate(n_bytes); }
  void free_host(std::byte* data, int64_t n_bytes) const noexcept override { free(data, n_bytes); }
  // At once: what runs has run.
  void bring_beside(void* to, const void* from, int64_t n_bytes) const noexcept override { upload(to, from, n_bytes); }
  void keep_beside(void* to, const void* from, int64_t n_bytes) const noexcept override { download(to, from, n_bytes); }
  void copies_after_kernels() const noexcept override {}
  void kernels_after_copies() const noexcept override {}
  int64_t available_bytes() const noexcept override;
  bool shares_host_memory() const noexcept override { return true; }

 private:
  Queue threads_;
};

}  // namespace chaku
