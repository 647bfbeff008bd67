// What libchaku_cuda gives the core: functions and tables behind one entry point. The library is opened at run time, so
// that the core needs neither it nor a driver; where it or a device is absent, that is a reason and no error.
//
// Both sides are built from one source, and say so by the version and the size of the tables. No exception crosses.
#pragma once

#include <cstdint>

#include "kernels/cuda/device_info.h"
#include "kernels/table.h"

namespace chaku::cuda {

// Raised with every change of what stands below.
inline constexpr int32_t kLibraryVersion = 3;

// Devices are numbered from 0. Functions that take a queue may be called from any thread, and take turns with its ops.
struct Library {
  const KernelTable* float32;  // as ops.h says
  const KernelTable* tensor;
  // Scratch memory that makes its kernels fast.
  int64_t scratch_bytes;

  // Why there is no device at all, or null. Valid until the thread's next call.
  const char* (*absence)();
  int32_t (*n_devices)();
  // False, with `info` zeroed, where the driver does not tell.
  bool (*describe)(int32_t device, DeviceInfo* info);
  // Why this library has no kernels for a device, or null. Valid as `absence`.
  const char* (*unusable)(int32_t device);
  // Memory that can be allocated now; -1 where the driver does not tell. Starts the device if nothing has yet.
  int64_t (*free_bytes)(int32_t device);

  // Null, with `reason` set, if it cannot be had.
  Queue* (*make_queue)(int32_t device, int64_t scratch_bytes, const char** reason);
  // Waits for what runs; null is nothing.
  void (*free_queue)(Queue* queue);

  // Of the queue's device: 256-byte aligned, undefined; null if there is no such memory.
  void* (*allocate)(Queue& queue, int64_t n_bytes);
  // Waits for what runs; null is nothing.
  void (*free)(Queue& queue, void* at);

  // Page-locked memory of the host; null if there is none.
  void* (*allocate_host)(Queue& queue, int64_t n_bytes);
  // Waits for what copies; null is nothing.
  void (*free_host)(Queue& queue, void* at);

  // In order with the kernels; the host's memory is in use until synchronize().
  void (*upload)(Queue& queue, void* to, const void* from, int64_t n_bytes);
  void (*download)(Queue& queue, void* to, const void* from, int64_t n_bytes);
  void (*clear)(Queue& queue, void* at, int64_t n_bytes);
  void (*synchronize)(Queue& queue);

  // Between the device and memory of allocate_host(), on a second stream: in order with each other, and with kernels
  // only as the two that follow say.
  void (*copy_beside)(Queue& queue, void* to, const void* from, int64_t n_bytes, bool to_device);
  // What is copied beside from now on waits for all that ran before; what runs from now on for all that is copied.
  void (*copies_after_kernels)(Queue& queue);
  void (*kernels_after_copies)(Queue& queue);

  // The first thing that went wrong on a queue, or an empty string. What comes after it on the queue is dropped.
  const char* (*failure)(Queue& queue);
};

}  // namespace chaku::cuda

// The library of this version and of tables of so many bytes, or null.
extern "C" __attribute__((visibility("default"))) const chaku::cuda::Library* chaku_cuda_library(int32_t version,
                                                                                                 int64_t table_bytes);
