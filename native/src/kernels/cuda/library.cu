#include <cstdio>

#include "base/error.h"
#include "kernels/cuda/library.h"
#include "kernels/cuda/memory.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"

namespace chaku::cuda {
namespace {

bool describe(DeviceInfo* info) {
  *info = {};
#ifdef __CUDACC__
  int ordinal = 0;
  cudaDeviceProp properties;
  if (cudaGetDevice(&ordinal) != cudaSuccess || cudaGetDeviceProperties(&properties, ordinal) != cudaSuccess)
    return false;
  std::snprintf(info->name, sizeof(info->name), "%s", properties.name);
  info->major = properties.major;
  info->minor = properties.minor;
  info->n_multiprocessors = properties.multiProcessorCount;
  info->total_bytes = static_cast<int64_t>(properties.totalGlobalMem);
#else
  std::snprintf(info->name, sizeof(info->name), "emulator");
  info->major = static_cast<int32_t>(simt::options().architecture) / 10;
  info->minor = static_cast<int32_t>(simt::options().architecture) % 10;
  info->n_multiprocessors = 1;
#endif
  return true;
}

Queue* make_queue(int64_t scratch_bytes, const char** reason) {
  static thread_local std::string said;
  try {
    return new CudaQueue(scratch_bytes);
  } catch (const Error& error) {
    said = error.what();
    *reason = said.c_str();
    return nullptr;
  }
}

void free_queue(Queue* queue) { delete static_cast<CudaQueue*>(queue); }

void* allocate(int64_t n_bytes) {
  try {
    return allocate_memory(n_bytes);
  } catch (const Error&) {
    return nullptr;
  }
}

void free_at(void* at) { free_memory(at); }

void upload(Queue& queue, void* to, const void* from, int64_t n_bytes) { cuda_queue(queue).upload(to, from, n_bytes); }
void download(Queue& queue, void* to, const void* from, int64_t n_bytes) {
  cuda_queue(queue).download(to, from, n_bytes);
}
void clear(Queue& queue, void* at, int64_t n_bytes) { cuda_queue(queue).clear(at, n_bytes); }
void synchronize(Queue& queue) { cuda_queue(queue).synchronize(); }
const char* failure(Queue& queue) { return cuda_queue(queue).failure().c_str(); }
const char* why_absent() { return absence(); }

}  // namespace
}  // namespace chaku::cuda

const chaku::cuda::Library* chaku_cuda_library(int32_t version, int64_t table_bytes) {
  using namespace chaku::cuda;
  static const Library library = {&float32_table(), &tensor_table(), why_absent, describe, make_queue, free_queue,
                                  allocate,         free_at,         upload,     download, clear,      synchronize,
                                  failure};
  const bool same = version == kLibraryVersion && table_bytes == static_cast<int64_t>(sizeof(chaku::KernelTable));
  return same ? &library : nullptr;
}
