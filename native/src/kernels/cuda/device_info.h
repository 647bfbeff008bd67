// What a device is.
#pragma once

#include <cstdint>

namespace chaku::cuda {

struct DeviceInfo {
  char name[256];
  int32_t major, minor;  // compute capability
  int32_t n_multiprocessors;
  int64_t total_bytes;
};

}  // namespace chaku::cuda
