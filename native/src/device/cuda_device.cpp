#include "device/cuda_device.h"

#include "base/error.h"

namespace chaku {
namespace {

Queue* make_queue(const cuda::Library& library, int32_t ordinal) {
  const char* reason = "";
  Queue* queue = library.make_queue(ordinal, library.scratch_bytes, &reason);
  if (queue == nullptr)
    fail(Code::kDeviceError, "[device] expected a queue of CUDA device %d, got none: %s", ordinal, reason);
  return queue;
}

}  // namespace

CudaDevice::CudaDevice(const cuda::Library& library, const KernelTable& kernels, int32_t ordinal)
    : CudaDevice(library, kernels, ordinal, make_queue(library, ordinal)) {}

CudaDevice::CudaDevice(const cuda::Library& library, const KernelTable& kernels, int32_t ordinal, Queue* queue)
    : Device(kernels, *queue), library_(library), ordinal_(ordinal), queue_(queue) {}

CudaDevice::~CudaDevice() { library_.free_queue(queue_); }

std::byte* CudaDevice::allocate(int64_t n_bytes) const {
  if (n_bytes < 0)
    fail(Code::kInvalidArgument, "[device] expected a size >= 0, got %lld", static_cast<long long>(n_bytes));
  void* at = library_.allocate(*queue_, n_bytes);
  if (at == nullptr) {
    check();  // a lost device has no memory either
    fail(Code::kOutOfMemory, "[device] expected %lld bytes of CUDA device %d, which has %lld left",
         static_cast<long long>(n_bytes), ordinal_, static_cast<long long>(available_bytes()));
  }
  library_.clear(*queue_, at, n_bytes);
  return static_cast<std::byte*>(at);
}

void CudaDevice::free(std::byte* data, int64_t) const noexcept { library_.free(*queue_, data); }

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

std::byte* CudaDevice::allocate_host(int64_t n_bytes) const {
  if (n_bytes < 0)
    fail(Code::kInvalidArgument, "[device] expected a size >= 0, got %lld", static_cast<long long>(n_bytes));
  void* at = library_.allocate_host(*queue_, n_bytes);
  if (at == nullptr) {
    check();
    fail(Code::kOutOfMemory, "[device] expected %lld page-locked bytes of this machine's memory, got none",
         static_cast<long long>(n_bytes));
  }
  return static_cast<std::byte*>(at);
}

void CudaDevice::free_host(std::byte* data, int64_t) const noexcept { library_.free_host(*queue_, data); }

void CudaDevice::bring_beside(void* to, const void* from, int64_t n_bytes) const noexcept {
  if (n_bytes > 0) library_.copy_beside(*queue_, to, from, n_bytes, true);
}

void CudaDevice::keep_beside(void* to, const void* from, int64_t n_bytes) const noexcept {
  if (n_bytes > 0) library_.copy_beside(*queue_, to, from, n_bytes, false);
}

void CudaDevice::copies_after_kernels() const noexcept { library_.copies_after_kernels(*queue_); }
void CudaDevice::kernels_after_copies() const noexcept { library_.kernels_after_copies(*queue_); }

int64_t CudaDevice::available_bytes() const noexcept { return library_.free_bytes(ordinal_); }

void CudaDevice::check() const {
  library_.synchronize(*queue_);
  const char* failure = library_.failure(*queue_);
  if (failure[0] != '\0') fail(Code::kDeviceError, "[device] %s", failure);
}

}  // namespace chaku
