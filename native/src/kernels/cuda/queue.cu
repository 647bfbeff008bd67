#include "base/error.h"
#include "kernels/cuda/memory.cuh"
#include "kernels/cuda/queue.cuh"

namespace chaku::cuda {

CudaQueue::CudaQueue(int32_t device, int64_t scratch_bytes, bool graphs)
    : Queue(1), with_graphs_(graphs), device_(device), scratch_bytes_(scratch_bytes) {
  make_current(device);
#ifdef __CUDACC__
  const cudaError_t error = cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
  if (error != cudaSuccess) fail(Code::kDeviceError, "[device] expected a stream, got %s", cudaGetErrorString(error));
  check(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking));
  check(cudaEventCreateWithFlags(&ran_, cudaEventDisableTiming));
  check(cudaEventCreateWithFlags(&copied_, cudaEventDisableTiming));
  if (!failure_.empty()) fail(Code::kDeviceError, "[device] expected a stream of copies, got %s", failure_.c_str());
#endif
  scratch_ = static_cast<std::byte*>(allocate_memory(scratch_bytes));
}

CudaQueue::~CudaQueue() {
  make_current(device_);
  synchronize();
  synchronize_copies();
  free_memory(scratch_);
#ifdef __CUDACC__
  cudaStreamDestroy(stream_);
  cudaStreamDestroy(copies_);
  cudaEventDestroy(ran_);
  cudaEventDestroy(copied_);
#endif
}

void CudaQueue::flush() noexcept {
  if (kept_.size() == 0) return;
  if (failure_.empty()) {
    counts_.kernels += static_cast<int64_t>(kept_.size());
#ifdef __CUDACC__
    const StreamHandle stream = stream_;
#else
    const StreamHandle stream = &stream_;
#endif
    if (!with_graphs_ || !graphs_.launch(kept_, part_, stream, counts_)) launch_each();
  }
  ++part_;
  kept_.clear();
}

#ifdef __CUDACC__

void CudaQueue::launch_each() noexcept {
  for (size_t i = 0; i < kept_.size() && failure_.empty(); ++i) {
    const NodeParameters parameters(kept_[i]);
    check(cudaLaunchKernel(parameters.p.func, parameters.p.gridDim, parameters.p.blockDim, parameters.p.kernelParams,
                           parameters.p.sharedMemBytes, stream_));
    ++counts_.alone;
  }
}

// The driver gives a device up after such errors until the process ends: all that follows fails with the same one.
void CudaQueue::check(cudaError_t error) noexcept {
  if (error == cudaSuccess || !failure_.empty()) return;
  note("CUDA device " + std::to_string(device_) + ": " + cudaGetErrorString(error) + " (" + cudaGetErrorName(error) +
       ")");
}

void CudaQueue::upload(void* to, const void* from, int64_t n_bytes) noexcept {
  flush();
  if (!failure_.empty()) return;
  check(cudaMemcpyAsync(to, from, static_cast<size_t>(n_bytes), cudaMemcpyHostToDevice, stream_));
}

void CudaQueue::download(void* to, const void* from, int64_t n_bytes) noexcept {
  flush();
  if (!failure_.empty()) return;
  check(cudaMemcpyAsync(to, from, static_cast<size_t>(n_bytes), cudaMemcpyDeviceToHost, stream_));
}

void CudaQueue::clear(void* at, int64_t n_bytes) noexcept {
  flush();
  if (!failure_.empty()) return;
  check(cudaMemsetAsync(at, 0, static_cast<size_t>(n_bytes), stream_));
}

void CudaQueue::synchronize() noexcept {
  flush();
  part_ = 0;
  check(cudaStreamSynchronize(stream_));
}

void CudaQueue::copy_beside(void* to, const void* from, int64_t n_bytes, bool to_device) noexcept {
  if (!failure_.empty()) return;
  check(cudaMemcpyAsync(to, from, static_cast<size_t>(n_bytes),
                        to_device ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost, copies_));
}

void CudaQueue::copies_after_kernels() noexcept {
  flush();
  if (!failure_.empty()) return;
  check(cudaEventRecord(ran_, stream_));
  check(cudaStreamWaitEvent(copies_, ran_, 0));
}

void CudaQueue::kernels_after_copies() noexcept {
  flush();
  if (!failure_.empty()) return;
  check(cudaEventRecord(copied_, copies_));
  check(cudaStreamWaitEvent(stream_, copied_, 0));
}

void CudaQueue::synchronize_copies() noexcept { check(cudaStreamSynchronize(copies_)); }

#else

void CudaQueue::launch_each() noexcept {
  for (size_t i = 0; i < kept_.size(); ++i) stream_.enqueue([l = kept_[i]] { l.layout->run(l); });
  counts_.alone += static_cast<int64_t>(kept_.size());
}

void CudaQueue::upload(void* to, const void* from, int64_t n_bytes) noexcept {
  flush();
  if (!failure_.empty()) return;
  try {
    stream_.copy_to_device(to, from, static_cast<size_t>(n_bytes));
  } catch (const simt::Fault& fault) {
    note(fault.what());
  }
}

void CudaQueue::download(void* to, const void* from, int64_t n_bytes) noexcept {
  flush();
  if (!failure_.empty()) return;
  try {
    stream_.copy_to_host(to, from, static_cast<size_t>(n_bytes));
  } catch (const simt::Fault& fault) {
    note(fault.what());
  }
}

void CudaQueue::clear(void* at, int64_t n_bytes) noexcept {
  flush();
  if (!failure_.empty()) return;
  try {
    stream_.fill_device(at, 0, static_cast<size_t>(n_bytes));
  } catch (const simt::Fault& fault) {
    note(fault.what());
  }
}

// A copy that failed lets the kernels wait for ever: what they say of it is not what went wrong.
void CudaQueue::synchronize() noexcept {
  flush();
  part_ = 0;
  try {
    stream_.synchronize();
  } catch (const simt::Fault& fault) {
    synchronize_copies();
    note(fault.what());
  }
}

void CudaQueue::copy_beside(void* to, const void* from, int64_t n_bytes, bool to_device) noexcept {
  if (!failure_.empty()) return;
  try {
    if (to_device)
      copies_.copy_to_device(to, from, static_cast<size_t>(n_bytes));
    else
      copies_.copy_to_host(to, from, static_cast<size_t>(n_bytes));
  } catch (const simt::Fault& fault) {
    note(fault.what());
  }
}

void CudaQueue::copies_after_kernels() noexcept {
  flush();
  if (!failure_.empty()) return;
  stream_.record(ran_);
  copies_.wait_for(ran_);
}

void CudaQueue::kernels_after_copies() noexcept {
  flush();
  if (!failure_.empty()) return;
  copies_.record(copied_);
  stream_.wait_for(copied_);
}

void CudaQueue::synchronize_copies() noexcept {
  try {
    copies_.synchronize();
  } catch (const simt::Fault& fault) {
    note(fault.what());
  }
}

#endif

}  // namespace chaku::cuda
