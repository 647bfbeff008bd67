#include "model/offloaded_streams.h"

namespace chaku {

OffloadedStreams::OffloadedStreams(const Device& device, OffloadedRange range, std::span<float* const> streams,
                                   int64_t most_bytes)
    : device_(&device),
      range_(range),
      streams_(streams),
      most_bytes_(most_bytes),
      host_(device, range.size() * most_bytes) {}

void OffloadedStreams::await() noexcept {
  if (pending_) device_->kernels_after_copies();
  pending_ = false;
}

void OffloadedStreams::keep(int32_t layer, int64_t n_bytes) noexcept {
  await();
  n_bytes_ = n_bytes;
  if (!range_.contains(layer)) return;
  device_->copies_after_kernels();
  device_->keep_beside(host(layer), streams_[static_cast<size_t>(layer)], n_bytes_);
  pending_ = true;
}

void OffloadedStreams::bring_below(int32_t layer) noexcept {
  if (!range_.contains(layer - 1)) return;
  device_->copies_after_kernels();
  device_->bring_beside(streams_[static_cast<size_t>(layer) - 1], host(layer - 1), n_bytes_);
  pending_ = true;
}

}  // namespace chaku
