// A CUDA device behind libchaku_cuda, or the emulator in its place. Used from one thread at a time: ops share its
// scratch memory.
#pragma once

#include "device/device.h"
#include "kernels/cuda/library.h"

namespace chaku {

class CudaDevice final : public Device {
 public:
  // `kernels` is one of the library's tables. Throws Error(kDeviceAbsent) with the reason where no device can be used,
  // and Error(kDeviceError) or Error(kOutOfMemory) for one that gives no queue.
  CudaDevice(const cuda::Library& library, const KernelTable& kernels, int64_t scratch_bytes);
  ~CudaDevice() override;

  std::byte* allocate(int64_t n_bytes) const override;
  void free(std::byte* data, int64_t n_bytes) const noexcept override;
  void upload(void* to, const void* from, int64_t n_bytes) const noexcept override;
  void download(void* to, const void* from, int64_t n_bytes) const noexcept override;
  void check() const override;
  bool shares_host_memory() const noexcept override { return false; }

 private:
  CudaDevice(const cuda::Library& library, const KernelTable& kernels, Queue* queue);
  static Queue* make_queue(const cuda::Library& library, int64_t scratch_bytes);

  const cuda::Library& library_;
  Queue* queue_;
};

}  // namespace chaku
