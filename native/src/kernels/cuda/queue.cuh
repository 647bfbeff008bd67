// Where CUDA kernels run: a queue with a stream and scratch memory of the device. The one place, with memory.cuh, that
// calls the CUDA run-time, or the emulator in its place.
#pragma once

#include <mutex>
#include <string>

#include "kernels/cuda/device.cuh"
#include "kernels/cuda/graphs.cuh"
#include "kernels/queue.h"

namespace chaku::cuda {

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Used from one thread at a time, by who holds the mutex: ops use the scratch memory over several launches. Nothing
// waits for the device but synchronize().
//
// Launches are kept until kLaunchesKept have come together, or until anything else is asked for: then they go to the
// device, as a graph where they came before (graphs.cuh). The device works on one part while the host writes the next.
class CudaQueue final : public Queue {
 public:
  // With so many bytes that kernels may use between themselves; each op overwrites what an earlier one left. Throws
  // Error(kDeviceError) when the device gives no stream, Error(kOutOfMemory) when it has no scratch memory. Without
  // graphs each launch goes to the device at once.
  CudaQueue(int32_t device, int64_t scratch_bytes, bool graphs = true);
  ~CudaQueue();

  int32_t device() const noexcept { return device_; }
  std::mutex& mutex() noexcept { return mutex_; }

  std::byte* device_scratch() noexcept { return scratch_; }
  int64_t scratch_bytes() const noexcept { return scratch_bytes_; }

  static constexpr size_t kLaunchesKept = 128;

  // A grid with a zero is nothing. What goes wrong is a failure of the queue.
  template <class... P, class... A>
  void launch(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, A&&... arguments) noexcept;

  // To the device with what is kept; for who frees its memory.
  void flush() noexcept;
  const LaunchCounts& counts() const noexcept { return counts_; }

  // Host to device and back, in order with the kernels; the host's memory is in use until synchronize().
  void upload(void* to, const void* from, int64_t n_bytes) noexcept;
  void download(void* to, const void* from, int64_t n_bytes) noexcept;
  void clear(void* at, int64_t n_bytes) noexcept;
  // Until all of that has run.
  void synchronize() noexcept;

  // Between the device and page-locked memory of the host, on a second stream: in order with each other, and with
  // kernels only as the two below say.
  void copy_beside(void* to, const void* from, int64_t n_bytes, bool to_device) noexcept;
  // What is copied beside from now on waits for all that ran before; what runs from now on for all that is copied.
  void copies_after_kernels() noexcept;
  void kernels_after_copies() noexcept;
  void synchronize_copies() noexcept;

  // The first thing that went wrong, or empty.
  const std::string& failure() const noexcept { return failure_; }
  void note(const std::string& what) noexcept {
    if (failure_.empty()) failure_ = what;
  }

 private:
  void launch_each() noexcept;
#ifdef __CUDACC__
  void check(cudaError_t error) noexcept;
  cudaStream_t stream_ = nullptr, copies_ = nullptr;
  cudaEvent_t ran_ = nullptr, copied_ = nullptr;
#else
  simt::Event ran_, copied_;
  simt::Stream copies_, stream_;
#endif
  LaunchList kept_;
  Graphs graphs_;
  LaunchCounts counts_;
  bool with_graphs_ = true;
  int64_t part_ = 0;  // lists since the host waited
  int32_t device_ = 0;
  std::mutex mutex_;
  std::byte* scratch_ = nullptr;
  int64_t scratch_bytes_ = 0;
  std::string failure_;
};

inline CudaQueue& cuda_queue(Queue& queue) noexcept { return static_cast<CudaQueue&>(queue); }

template <class... P, class... A>
void CudaQueue::launch(void (*kernel)(P...), dim3 grid, dim3 block, size_t shared_bytes, A&&... arguments) noexcept {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || !failure_.empty()) return;
#ifdef __CUDACC__
  if (shared_bytes > 48 * 1024)
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)));
#else
  try {
    simt::check_grid(grid, block, shared_bytes);
    simt::check_argument_values<P...>(static_cast<P>(arguments)...);
  } catch (const simt::Fault& fault) {
    return note(fault.what());
  }
#endif
  kept_.add<P...>(kernel, grid, block, shared_bytes, static_cast<P>(arguments)...);
  if (!with_graphs_ || kept_.size() == kLaunchesKept) flush();
}

}  // namespace chaku::cuda
