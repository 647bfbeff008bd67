// The arrays of a problem in the device's memory: what the host gave is brought there, the kernel runs on copies, and
// what it wrote comes back. Arrays that overlap on the host overlap there too; others have traps between them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "cuda/device_under_test.h"

namespace chaku::test {

class StagedMemory {
 public:
  explicit StagedMemory(Queue& queue) : queue_(queue) {}
  ~StagedMemory() {
    for (const Range& r : ranges_) device_library().free(queue_, r.device);
  }
  StagedMemory(const StagedMemory&) = delete;
  StagedMemory& operator=(const StagedMemory&) = delete;

  // First pass: names the array; second, behind upload(): points at its copy. n elements; null stays null.
  template <class T>
  void operator()(T*& p, int64_t n) {
    if (n <= 0 && placed_) p = nullptr;
    if (p == nullptr || n <= 0) return;
    std::byte* at = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(p));
    if (!placed_)
      ranges_.push_back({at, at + element_bytes<T>() * n, !std::is_const_v<T>, nullptr});
    else
      p = reinterpret_cast<T*>(translated(at));
  }

  void upload() {
    merge();
    for (Range& r : ranges_) {
      r.device = static_cast<std::byte*>(device_library().allocate(queue_, r.end - r.begin));
      device_library().upload(queue_, r.device, r.begin, r.end - r.begin);
    }
    placed_ = true;
  }

  // Throws if an array that the kernel may only read did not come back as it went.
  void download() {
    std::vector<std::vector<std::byte>> read(ranges_.size());
    for (size_t i = 0; i < ranges_.size(); ++i) {
      const Range& r = ranges_[i];
      read[i].resize(static_cast<size_t>(r.end - r.begin));
      device_library().download(queue_, r.written ? r.begin : read[i].data(), r.device, r.end - r.begin);
    }
    device_library().synchronize(queue_);
    for (size_t i = 0; i < ranges_.size(); ++i)
      if (!ranges_[i].written && std::memcmp(read[i].data(), ranges_[i].begin, read[i].size()) != 0)
        throw std::runtime_error("a kernel wrote to an array that it may only read");
  }

 private:
  struct Range {
    std::byte *begin, *end;
    bool written;
    std::byte* device;
  };

  template <class T>
  static constexpr int64_t element_bytes() {
    if constexpr (std::is_void_v<T>)
      return 1;
    else
      return sizeof(T);
  }

  void merge() {
    std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
    std::vector<Range> merged;
    for (const Range& r : ranges_) {
      if (merged.empty() || r.begin >= merged.back().end) {
        merged.push_back(r);
        continue;
      }
      merged.back().end = std::max(merged.back().end, r.end);
      merged.back().written |= r.written;
    }
    ranges_ = merged;
  }

  std::byte* translated(std::byte* at) const {
    for (const Range& r : ranges_)
      if (at >= r.begin && at < r.end) return r.device + (at - r.begin);
    return nullptr;
  }

  Queue& queue_;
  std::vector<Range> ranges_;
  bool placed_ = false;
};

}  // namespace chaku::test
