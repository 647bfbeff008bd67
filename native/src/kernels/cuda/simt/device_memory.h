// The device's memory: pages that trap whenever the host touches them, and are open only while a kernel or a copy runs.
#pragma once

#include <cstddef>

namespace chaku::simt {

// 256-byte aligned, filled with NaN; a page that always traps lies behind the last byte (with AddressSanitizer the
// bytes up to there are poisoned too). Throws Fault when there is no memory left of Options::device_bytes.
void* allocate_device(size_t n_bytes);
// The sum of what is allocated.
size_t allocated_device_bytes();
// Throws Fault for what allocate_device did not return; null is nothing.
void free_device(void* at);

// Whether all these bytes lie in one allocation.
bool is_device(const void* at, size_t n_bytes = 1);

// Of n_bytes that a kernel is given by value: throws Fault if one of its words is the address of memory that the host
// has and the device has not.
void check_arguments(const void* arguments, size_t n_bytes);

class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

}  // namespace chaku::simt
