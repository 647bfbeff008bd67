#include "device/cuda_device.h"

#include "base/error.h"

namespace chaku {

Queue* CudaDevice::make_queue(const cuda::Library& library, int64_t scratch_bytes) {
  if (const char* absence = library.absence())
    fail(Code::kDeviceAbsent, "[device] expected a CUDA device, got none: %s", absence);
  const char* reason = "";
  Queue* queue = library.make_queue(scratch_bytes, &reason);
  if (queue == nullptr) fail(Code::kDeviceError, "[device] expected a queue, got none: %s", reason);
  return queue;
}

CudaDevice::CudaDevice(const cuda::Library& library, const KernelTable& kernels, int64_t scratch_bytes)
    : CudaDevice(library, kernels, make_queue(library, scratch_bytes)) {}

CudaDevice::CudaDevice(const cuda::Library& library, const KernelTable& kernels, Queue* queue)
    : Device(kernels, *queue), library_(library), queue_(queue) {}

CudaDevice::~CudaDevice() { library_.free_queue(queue_); }

std::byte* CudaDevice::allocate(int64_t n_bytes) const {
  if (n_bytes < 0)
    fail(Code::kInvalidArgument, "[device] expected a size >= 0, got %lld", static_cast<long long>(n_bytes));
  void* at = library_.allocate(n_bytes);
  if (at == nullptr)
    fail(Code::kOutOfMemory, "[device] expected %lld bytes of its memory, got none", static_cast<long long>(n_bytes));
  library_.clear(*queue_, at, n_bytes);
  return static_cast<std::byte*>(at);
}

void CudaDevice::free(std::byte* data, int64_t) const noexcept { library_.free(data); }

void CudaDevice::upload(void* to, const void* from, int64_t n_bytes) const noexcept {
  if (n_bytes == 0) return;
  library_.upload(*queue_, to, from, n_bytes);
  library_.synchronize(*queue_);
}

void CudaDevice::download(void* to, const void* from, int64_t n_bytes) const noexcept {
  if (n_bytes == 0) return;
  library_.download(*queue_, to, from, n_bytes);
  library_.synchronize(*queue_);
}

void CudaDevice::check() const {
  library_.synchronize(*queue_);
  const char* failure = library_.failure(*queue_);
  if (failure[0] != '\0') fail(Code::kDeviceError, "[device] %s", failure);
}

}  // namespace chaku
