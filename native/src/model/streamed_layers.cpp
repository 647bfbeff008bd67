#include "model/streamed_layers.h"

#include <algorithm>

namespace chaku {

int64_t WeightSizes::on_device(int32_t n) const noexcept {
  int64_t bytes = outside, largest = 0, n_streamed = 0;
  for (int32_t l = 0; l < n_layers(); ++l) {
    const int64_t size = layers[static_cast<size_t>(l)];
    if (stays_on_device(l, n, n_layers())) {
      bytes += size;
    } else {
      largest = std::max(largest, size);
      ++n_streamed;
    }
  }
  return bytes + std::min<int64_t>(2, n_streamed) * largest;
}

int32_t WeightSizes::most_layers(int64_t n_bytes) const noexcept {
  int32_t n = n_layers();
  while (n >= 0 && on_device(n) > n_bytes) --n;
  return n;
}

StreamedLayers::StreamedLayers(const Device& device, const WeightSizes& sizes, int32_t n_staying)
    : device_(&device), hosts_(sizes.layers.size()) {
  int64_t largest = 0;
  for (int32_t l = 0; l < sizes.n_layers(); ++l) {
    const int64_t size = sizes.layers[static_cast<size_t>(l)];
    if (stays_on_device(l, n_staying, sizes.n_layers()) || size == 0) continue;
    hosts_[static_cast<size_t>(l)] = {HostBuffer(device, size), static_cast<int32_t>(streamed_.size() % 2)};
    streamed_.push_back(l);
    largest = std::max(largest, size);
  }
  for (size_t w = 0; w < std::min(windows_.size(), streamed_.size()); ++w)
    windows_[w].memory = DeviceBuffer(device, largest);
}

std::byte* StreamedLayers::device(int32_t layer) const noexcept {
  return windows_[static_cast<size_t>(hosts_[static_cast<size_t>(layer)].window)].memory.data();
}

int64_t StreamedLayers::host_bytes() const noexcept {
  int64_t n_bytes = 0;
  for (const Host& host : hosts_) n_bytes += host.buffer.n_bytes();
  return n_bytes;
}

int32_t StreamedLayers::next_of(int32_t layer, Next next) const noexcept {
  const auto at = std::lower_bound(streamed_.begin(), streamed_.end(), layer);
  switch (next) {
    case Next::kNone: return -1;
    case Next::kBelow: return at == streamed_.begin() ? -1 : *(at - 1);
    case Next::kAbove: return at + 1 == streamed_.end() ? -1 : *(at + 1);
    case Next::kAround: return at + 1 == streamed_.end() ? streamed_.front() : *(at + 1);
  }
  return -1;
}

// The kernels that read what the window holds are before it.
void StreamedLayers::fetch(int32_t layer) noexcept {
  const Host& host = hosts_[static_cast<size_t>(layer)];
  device_->copies_after_kernels();
  device_->bring_beside(device(layer), host.buffer.data(), host.buffer.n_bytes());
  Window& window = windows_[static_cast<size_t>(host.window)];
  window.layer = layer;
  window.awaited = false;
}

std::unique_lock<std::mutex> StreamedLayers::bring(int32_t layer, Next next) {
  if (!streams(layer)) return {};
  std::unique_lock lock(mutex_);
  const auto window_of = [&](int32_t l) -> Window& {
    return windows_[static_cast<size_t>(hosts_[static_cast<size_t>(l)].window)];
  };
  if (window_of(layer).layer != layer) fetch(layer);
  if (!window_of(layer).awaited) {
    device_->kernels_after_copies();
    for (Window& window : windows_) window.awaited = true;
  }
  const int32_t following = next_of(layer, next);
  if (following < 0 || &window_of(following) == &window_of(layer)) return lock;
  if (window_of(following).layer != following) fetch(following);
  return lock;
}

}  // namespace chaku
