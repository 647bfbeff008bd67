#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "kernels/cuda/memory.cuh"

#ifdef __CUDACC__
#include <cuda_runtime.h>
#else
#include "kernels/cuda/simt/options.h"
#include "kernels/cuda/simt/stream.h"
#endif

namespace chaku::cuda {

#ifdef __CUDACC__

void make_current(int32_t device) noexcept { cudaSetDevice(device); }

void* allocate_memory(int64_t n_bytes) {
  void* at = nullptr;
  const cudaError_t error = cudaMalloc(&at, static_cast<size_t>(n_bytes));
  if (error == cudaSuccess) return at;
  cudaGetLastError();  // which would be the next launch's
  fail(error == cudaErrorMemoryAllocation ? Code::kOutOfMemory : Code::kDeviceError,
       "[device] expected %lld bytes, got: %s", static_cast<long long>(n_bytes), cudaGetErrorString(error));
}

void free_memory(void* at) noexcept { cudaFree(at); }

void* allocate_host(int64_t n_bytes) {
  void* at = nullptr;
  const cudaError_t error = cudaMallocHost(&at, static_cast<size_t>(n_bytes));
  if (error == cudaSuccess) return at;
  cudaGetLastError();
  fail(error == cudaErrorMemoryAllocation ? Code::kOutOfMemory : Code::kDeviceError,
       "[device] expected %lld page-locked bytes of the host, got: %s", static_cast<long long>(n_bytes),
       cudaGetErrorString(error));
}

void free_host(void* at) noexcept { cudaFreeHost(at); }

const char* absence() noexcept {
  static thread_local char reason[256];
  int n = 0, driver = 0;
  const cudaError_t error = cudaGetDeviceCount(&n);
  if (error == cudaSuccess && n > 0) return nullptr;
  cudaGetLastError();
  cudaDriverGetVersion(&driver);
  if (driver == 0) return "no CUDA driver is installed, or it does not run";
  if (error == cudaErrorInsufficientDriver)
    std::snprintf(reason, sizeof(reason),
                  "the CUDA driver is too old: it knows CUDA %d.%d, this library was built with %d.%d (driver %s or "
                  "later)",
                  driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10,
                  CUDART_VERSION >= 13000 ? "580" : "525");
  else if (error == cudaSuccess || error == cudaErrorNoDevice)
    std::snprintf(reason, sizeof(reason), "the CUDA driver sees no device");
  else
    std::snprintf(reason, sizeof(reason), "the CUDA driver says: %s", cudaGetErrorString(error));
  return reason;
}

int32_t n_devices() noexcept {
  int n = 0;
  return cudaGetDeviceCount(&n) == cudaSuccess ? n : 0;
}

bool describe(int32_t device, DeviceInfo* info) noexcept {
  *info = {};
  cudaDeviceProp properties;
  if (cudaGetDeviceProperties(&properties, device) != cudaSuccess) return false;
  std::snprintf(info->name, sizeof(info->name), "%s", properties.name);
  info->major = properties.major;
  info->minor = properties.minor;
  info->n_multiprocessors = properties.multiProcessorCount;
  info->total_bytes = static_cast<int64_t>(properties.totalGlobalMem);
  return true;
}

int64_t free_bytes(int32_t device) noexcept {
  size_t free = 0, total = 0;
  make_current(device);
  return cudaMemGetInfo(&free, &total) == cudaSuccess ? static_cast<int64_t>(free) : -1;
}

#else

void make_current(int32_t) noexcept {}

void* allocate_memory(int64_t n_bytes) {
  try {
    return simt::allocate_device(static_cast<size_t>(n_bytes));
  } catch (const simt::Fault& fault) {
    fail(simt::options().work_until_lost == 0 ? Code::kDeviceError : Code::kOutOfMemory, "[device] %s", fault.what());
  }
}

void free_memory(void* at) noexcept {
  simt::run_all_streams();
  simt::free_device(at);
}

void* allocate_host(int64_t n_bytes) {
  void* at = std::aligned_alloc(256, static_cast<size_t>((n_bytes + 255) / 256 * 256));
  if (at == nullptr) fail(Code::kOutOfMemory, "[device] no %lld bytes of the host", static_cast<long long>(n_bytes));
  return at;
}

void free_host(void* at) noexcept { std::free(at); }

const char* absence() noexcept { return simt::options().n_devices > 0 ? nullptr : "the emulator has no device"; }

int32_t n_devices() noexcept { return simt::options().n_devices; }

bool describe(int32_t device, DeviceInfo* info) noexcept {
  *info = {};
  if (device >= n_devices()) return false;
  const int architecture = static_cast<int>(simt::options().architecture);
  std::snprintf(info->name, sizeof(info->name), "emulator");
  info->major = architecture / 10;
  info->minor = architecture % 10;
  info->n_multiprocessors = 1;
  info->total_bytes = static_cast<int64_t>(simt::options().device_bytes);
  return true;
}

int64_t free_bytes(int32_t) noexcept {
  return static_cast<int64_t>(simt::options().device_bytes) - static_cast<int64_t>(simt::allocated_device_bytes());
}

#endif

}  // namespace chaku::cuda
