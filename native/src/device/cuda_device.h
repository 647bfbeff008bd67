// A CUDA device behind libchaku_cuda, or the emulator in its place.
#pragma once

#include "device/device.h"
#include "kernels/cuda/library.h"

namespace chaku {

class CudaDevice final : public Device {
 public:
  // `kernels` is one of the library's tables, the device one that it can use. Throws Error(kDeviceError) for one that
  // gives no queue.
  CudaDevice(const cuda::Library& library, const KernelTable& kernels, int32_t ordinal);
  ~CudaDevice() override;

  std::byte* allocate(int64_t n_bytes) const override;
  void free(std::byte* data, int64_t n_bytes) const noexcept override;
  void upload(void* to, const void* from, int64_t n_bytes) const noexcept override;
  void download(void* to, const void* from, int64_t n_bytes) const noexcept override;
  std::byte* allocate_host(int64_t n_bytes) const override;
  void free_host(std::byte* data, int64_t n_bytes) const noexcept override;
  void bring_beside(void* to, const void* from, int64_t n_bytes) const noexcept override;
  void keep_beside(void* to, const void* from, int64_t n_bytes) const noexcept override;
  void copies_after_kernels() const noexcept override;
  void kernels_after_copies() const noexcept override;
  void check() const override;
  int64_t available_bytes() const noexcept override;
  bool shares_host_memory() const noexcept override { return false; }

 private:
  CudaDevice(const cuda::Library& library, const KernelTable& kernels, int32_t ordinal, Queue* queue);

  const cuda::Library& library_;
  int32_t ordinal_;
  Queue* queue_;
};

}  // namespace chaku
