// Memory of a device for many arrays that live and die together, cut from slabs that are mapped: when it goes, it goes
// back to the system, which a heap that others use at the same time need not do.
#pragma once

#include <algorithm>
#include <vector>

#include "base/aligned_buffer.h"
#include "device/device.h"

namespace chaku {

class FloatSlabs {
 public:
  FloatSlabs() = default;  // gives nothing
  explicit FloatSlabs(const Device& device) noexcept : device_(&device) {}

  // n zeroed floats, 64-byte aligned, valid as long as this object. Throws Error(kOutOfMemory).
  float* take(int64_t n) {
    constexpr int64_t kFloatBytes = sizeof(float), kSlab = kLeastMappedBytes / kFloatBytes, kAlignment = 16;
    const int64_t rounded = (n + kAlignment - 1) / kAlignment * kAlignment;
    if (slabs_.empty() || rounded > slabs_.back().n_bytes() / kFloatBytes - used_) {
      slabs_.emplace_back(*device_, std::max(kSlab, rounded) * kFloatBytes);
      used_ = 0;
    }
    float* taken = slabs_.back().as<float>() + used_;
    used_ += rounded;
    return taken;
  }

 private:
  const Device* device_ = nullptr;
  std::vector<DeviceBuffer> slabs_;
  int64_t used_ = 0;  // of the last one
};

}  // namespace chaku
