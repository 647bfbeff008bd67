#include "base/error.h"
#include "kernels/cuda/memory.cuh"

#ifdef __CUDACC__
#include <cuda_runtime.h>
#else
#include "kernels/cuda/simt/stream.h"
#endif

namespace chaku::cuda {

#ifdef __CUDACC__

void* allocate_memory(int64_t n_bytes) {
  void* at = nullptr;
  const cudaError_t error = cudaMalloc(&at, static_cast<size_t>(n_bytes));
  if (error != cudaSuccess)
    fail(Code::kOutOfMemory, "[device] expected %lld bytes, got %s", static_cast<long long>(n_bytes),
         cudaGetErrorString(error));
  return at;
}

void free_memory(void* at) noexcept { cudaFree(at); }

const char* absence() noexcept {
  int n = 0;
  const cudaError_t error = cudaGetDeviceCount(&n);
  if (error != cudaSuccess) return cudaGetErrorString(error);
  return n > 0 ? nullptr : "there is no CUDA device";
}

#else

void* allocate_memory(int64_t n_bytes) {
  try {
    return simt::allocate_device(static_cast<size_t>(n_bytes));
  } catch (const simt::Fault& fault) {
    fail(Code::kOutOfMemory, "[device] %s", fault.what());
  }
}

void free_memory(void* at) noexcept {
  simt::run_all_streams();
  simt::free_device(at);
}

const char* absence() noexcept { return nullptr; }

#endif

}  // namespace chaku::cuda
