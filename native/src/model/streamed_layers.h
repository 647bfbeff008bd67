// Layers whose weights do not stay on the device: they lie in the host's memory and come, the whole layer in one copy,
// to one of two windows of the device's, on the stream of copies beside the kernels. While a layer runs, the next one
// comes: the window that it takes was left by the layer before.
//
// A layer has its window and its places there for good, so that pointers to weights hold whatever comes and goes. Which
// layers stay is spread evenly over the depth: each copy then has as many layers to hide behind.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "device/device.h"

namespace chaku {

// Bytes of a model's weights, those of products layer by layer.
struct WeightSizes {
  int64_t outside = 0;          // of what is no product within a layer
  std::vector<int64_t> layers;  // as they lie in a window

  int32_t n_layers() const noexcept { return static_cast<int32_t>(layers.size()); }
  // On the device, where n layers stay there: these, and the windows of the others.
  int64_t on_device(int32_t n) const noexcept;
  // The most layers that may stay for all to fit into so many bytes; -1: none do.
  int32_t most_layers(int64_t n_bytes) const noexcept;
};

// Whether layer l is one of the n that stay.
constexpr bool stays_on_device(int32_t l, int32_t n, int32_t n_layers) noexcept {
  return n >= n_layers || (int64_t{l} + 1) * n / n_layers != int64_t{l} * n / n_layers;
}

// Filled by one thread, and used by any number of them.
class StreamedLayers {
 public:
  static constexpr int64_t kAlignment = 256;  // of tensors in a window

  // Those of n layers that do not stay. Throws Error(kOutOfMemory).
  StreamedLayers(const Device& device, const WeightSizes& sizes, int32_t n_staying);

  bool streams(int32_t layer) const noexcept { return !hosts_[static_cast<size_t>(layer)].empty(); }
  // Where a layer's weights lie in the host's memory, to be filled, and where they will be on the device.
  std::byte* host(int32_t layer) const noexcept { return hosts_[static_cast<size_t>(layer)].buffer.data(); }
  std::byte* device(int32_t layer) const noexcept;
  int64_t host_bytes() const noexcept;

  // Which layer will be asked for next.
  enum class Next {
    kNone,
    kAbove,
    kAround,  // above, and the first behind the last
    kBelow
  };
  // What runs from now on finds the layer's weights on the device, until the lock goes: whoever runs the layer holds it
  // while its work is handed to the device. Nothing is waited for. Of a layer that stays there is nothing to hold.
  [[nodiscard]] std::unique_lock<std::mutex> bring(int32_t layer, Next next);

 private:
  struct Host {
    HostBuffer buffer;
    int32_t window = 0;
    bool empty() const noexcept { return buffer.data() == nullptr; }
  };
  int32_t next_of(int32_t layer, Next next) const noexcept;
  void fetch(int32_t layer) noexcept;

  const Device* device_;
  std::vector<Host> hosts_;        // [L], empty where they stay
  std::vector<int32_t> streamed_;  // their layers
  std::mutex mutex_;
  struct Window {
    DeviceBuffer memory;
    int32_t layer = -1;    // that is in it, or on its way there
    bool awaited = false;  // by the kernels
  };
  std::array<Window, 2> windows_;
};

}  // namespace chaku
