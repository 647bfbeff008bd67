// Memory for many arrays that live and die together, cut from slabs that are mapped: when it goes, it goes back to the
// system, which a heap that others use at the same time need not do.
#pragma once

#include <algorithm>
#include <vector>

#include "base/aligned_buffer.h"

namespace chaku {

class FloatSlabs {
 public:
  // n zeroed floats, 64-byte aligned, valid as long as this object. Throws Error(kOutOfMemory).
  float* take(int64_t n) {
    constexpr int64_t kSlab = kLeastMappedBytes / static_cast<int64_t>(sizeof(float)), kAlignment = 16;
    const int64_t rounded = (n + kAlignment - 1) / kAlignment * kAlignment;
    if (slabs_.empty() || rounded > slabs_.back().size() - used_) {
      slabs_.emplace_back(std::max(kSlab, rounded));
      used_ = 0;
    }
    float* taken = slabs_.back().data() + used_;
    used_ += rounded;
    return taken;
  }

 private:
  std::vector<AlignedArray<float>> slabs_;
  int64_t used_ = 0;  // of the last one
};

}  // namespace chaku
