// Devices and their memory: with queue.cuh, the only places that call the CUDA run-time, or the emulator in its place.
#pragma once

#include <cstdint>

#include "kernels/cuda/device_info.h"

namespace chaku::cuda {

// What follows is of one device of this thread, until the next call.
void make_current(int32_t device) noexcept;

// Of the current device: 256-byte aligned, undefined. Throws Error(kOutOfMemory), and
// Error(kDeviceError) where the device gives no answer.
void* allocate_memory(int64_t n_bytes);
// Waits for what runs; null is nothing.
void free_memory(void* at) noexcept;

// Memory of the host that a device copies to and from while kernels run: page-locked. Throws as allocate_memory().
void* allocate_host(int64_t n_bytes);
// Nothing may copy to or from it any more; null is nothing.
void free_host(void* at) noexcept;

// As Library says.
const char* absence() noexcept;
int32_t n_devices() noexcept;
bool describe(int32_t device, DeviceInfo* info) noexcept;
int64_t free_bytes(int32_t device) noexcept;

}  // namespace chaku::cuda
