// What libchaku_cuda gives the core: functions and tables behind one entry point. The library is opened at run time, so
// that the core needs neither it nor a driver; where it or a device is absent, that is a reason and no error.
//
// Both sides are built from one source, and say so by the version and the size of the tables. No exception crosses.
#pragma once

#include <cstdint>

#include "kernels/table.h"

namespace chaku::cuda {

// Raised with every change of what stands below.
inline constexpr int32_t kLibraryVersion = 1;

struct DeviceInfo {
  char name[256];
  int32_t major, minor;  // compute capability
  int32_t n_multiprocessors;
  int64_t total_bytes;
};

struct Library {
  const KernelTable* float32;  // as ops.h says
  const KernelTable* tensor;

  // Why no device can be used, or null.
  const char* (*absence)();
  // Of the current device; false where there is none.
  bool (*describe)(DeviceInfo* info);

  // A queue of the current device, used from one thread at a time; null, with `reason` set, if it cannot be had.
  Queue* (*make_queue)(int64_t scratch_bytes, const char** reason);
  // Waits for what runs; null is nothing.
  void (*free_queue)(Queue* queue);

  // 256-byte aligned, undefined; null if there is no such memory.
  void* (*allocate)(int64_t n_bytes);
  // Waits for what runs; null is nothing.
  void (*free)(void* at);

  // In order with the kernels; the host's memory is in use until synchronize().
  void (*upload)(Queue& queue, void* to, const void* from, int64_t n_bytes);
  void (*download)(Queue& queue, void* to, const void* from, int64_t n_bytes);
  void (*clear)(Queue& queue, void* at, int64_t n_bytes);
  void (*synchronize)(Queue& queue);
  // The first thing that went wrong on a queue, or an empty string.
  const char* (*failure)(Queue& queue);
};

}  // namespace chaku::cuda

// The library of this version and of tables of so many bytes, or null.
extern "C" __attribute__((visibility("default"))) const chaku::cuda::Library* chaku_cuda_library(int32_t version,
                                                                                                 int64_t table_bytes);
