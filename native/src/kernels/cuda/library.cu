#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "kernels/cuda/architectures.h"
#include "kernels/cuda/library.h"
#include "kernels/cuda/memory.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/queue.cuh"

#define CHAKU_TEXT_OF(...) #__VA_ARGS__
#define CHAKU_TEXT(...) CHAKU_TEXT_OF(__VA_ARGS__)

namespace chaku::cuda {
namespace {

constexpr char kArchitectures[] = CHAKU_TEXT(CHAKU_CUDA_ARCHITECTURES);

#ifdef __CUDACC__
constexpr int64_t kScratchBytes = int64_t{64} << 20;
#else
constexpr int64_t kScratchBytes = int64_t{1} << 20;  // its pages open and close with every launch
#endif

Queue* make_queue(int32_t device, int64_t scratch_bytes, const char** reason) {
  static thread_local std::string said;
  try {
    const char* graphs = std::getenv("CHAKU_CUDA_GRAPHS");  // for diagnosis
    return new CudaQueue(device, scratch_bytes, graphs == nullptr || std::strcmp(graphs, "off") != 0);
  } catch (const Error& error) {
    said = error.what();
    *reason = said.c_str();
    return nullptr;
  }
}

void free_queue(Queue* queue) { delete static_cast<CudaQueue*>(queue); }

// Functions of a queue, one at a time with its ops.
CudaQueue& current(Queue& queue) {
  CudaQueue& q = cuda_queue(queue);
  make_current(q.device());
  return q;
}

void* allocate(Queue& queue, int64_t n_bytes) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue);
  try {
    return allocate_memory(n_bytes);
  } catch (const Error& error) {
    if (error.code() == Code::kDeviceError) cuda_queue(queue).note(error.what());
    return nullptr;
  }
}

void free_at(Queue& queue, void* at) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue).flush();
  free_memory(at);
}

void* allocate_host_of(Queue& queue, int64_t n_bytes) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue);
  try {
    return allocate_host(n_bytes);
  } catch (const Error& error) {
    if (error.code() == Code::kDeviceError) cuda_queue(queue).note(error.what());
    return nullptr;
  }
}

void free_host_of(Queue& queue, void* at) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue).synchronize_copies();
  free_host(at);
}

void upload(Queue& queue, void* to, const void* from, int64_t n_bytes) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue).upload(to, from, n_bytes);
}
void download(Queue& queue, void* to, const void* from, int64_t n_bytes) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue).download(to, from, n_bytes);
}
void clear(Queue& queue, void* at, int64_t n_bytes) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue).clear(at, n_bytes);
}
void synchronize(Queue& queue) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue).synchronize();
}
void copy_beside(Queue& queue, void* to, const void* from, int64_t n_bytes, bool to_device) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue).copy_beside(to, from, n_bytes, to_device);
}
void copies_after_kernels(Queue& queue) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue).copies_after_kernels();
}
void kernels_after_copies(Queue& queue) {
  const std::lock_guard lock(cuda_queue(queue).mutex());
  current(queue).kernels_after_copies();
}
const char* failure(Queue& queue) {
  static thread_local std::string said;
  const std::lock_guard lock(cuda_queue(queue).mutex());
  said = cuda_queue(queue).failure();
  return said.c_str();
}

const char* unusable(int32_t device) {
  static thread_local char reason[400];
  DeviceInfo info;
  if (!describe(device, &info)) return "the driver does not describe it";
  if (has_kernels_for(kArchitectures, info.major, info.minor)) return nullptr;
  std::snprintf(reason, sizeof(reason), "%s has compute capability %d.%d, and this library has kernels for sm_%s",
                info.name, info.major, info.minor, kArchitectures);
  return reason;
}

}  // namespace
}  // namespace chaku::cuda

const chaku::cuda::Library* chaku_cuda_library(int32_t version, int64_t table_bytes) {
  using namespace chaku::cuda;
  static const Library library = {.float32 = &float32_table(),
                                  .tensor = &tensor_table(),
                                  .scratch_bytes = kScratchBytes,
                                  .absence = [] { return chaku::cuda::absence(); },
                                  .n_devices = [] { return chaku::cuda::n_devices(); },
                                  .describe = [](int32_t d, DeviceInfo* to) { return chaku::cuda::describe(d, to); },
                                  .unusable = unusable,
                                  .free_bytes = [](int32_t d) { return chaku::cuda::free_bytes(d); },
                                  .make_queue = make_queue,
                                  .free_queue = free_queue,
                                  .allocate = allocate,
                                  .free = free_at,
                                  .allocate_host = allocate_host_of,
                                  .free_host = free_host_of,
                                  .upload = upload,
                                  .download = download,
                                  .clear = clear,
                                  .synchronize = synchronize,
                                  .copy_beside = copy_beside,
                                  .copies_after_kernels = copies_after_kernels,
                                  .kernels_after_copies = kernels_after_copies,
                                  .failure = failure};
  const bool same = version == kLibraryVersion && table_bytes == static_cast<int64_t>(sizeof(chaku::KernelTable));
  return same ? &library : nullptr;
}
