// Inputs of blocks that a training's forward pass leaves for its backward pass, kept in the host's memory. On the
// device two arrays take turns: while a block makes the next input, its own goes to the host, on the stream of copies
// beside the kernels; in the backward pass the one below comes back while a block is differentiated.
#pragma once

#include <cstdint>
#include <span>

#include "device/device.h"

namespace chaku {

// Which inputs of blocks, by the index of the block, go to the host: all of [begin, end).
struct OffloadedRange {
  int32_t begin = 0, end = 0;

  int64_t size() const noexcept { return end - begin; }
  bool contains(int32_t layer) const noexcept { return layer >= begin && layer < end; }
};

// Of L layers, of which the first is the lowest that is differentiated: its own input, and the two last streams, have
// arrays that nothing overwrites before the backward pass reads them.
constexpr OffloadedRange offloaded_range(int32_t first_layer, int32_t n_layers) noexcept {
  const int32_t begin = first_layer + 1, end = n_layers - 1;
  return {begin, end > begin ? end : begin};
}

// Used by one thread.
class OffloadedStreams {
 public:
  // streams[l] is where block l's input lies, of at most so many bytes. Throws Error(kOutOfMemory).
  OffloadedStreams(const Device& device, OffloadedRange range, std::span<float* const> streams, int64_t most_bytes);

  // Before block l of a forward pass runs: its input, of so many bytes, goes to the host, and what the block overwrites
  // has gone.
  void keep(int32_t layer, int64_t n_bytes) noexcept;
  // Before a block of a backward pass runs: its input is on the device.
  void await() noexcept;
  // Behind the block's recomputation, which may still write to the array that the input below takes.
  void bring_below(int32_t layer) noexcept;

  int64_t host_bytes() const noexcept { return host_.n_bytes(); }

 private:
  std::byte* host(int32_t layer) const noexcept { return host_.data() + (layer - range_.begin) * most_bytes_; }

  const Device* device_;
  OffloadedRange range_;
  std::span<float* const> streams_;
  int64_t most_bytes_, n_bytes_ = 0;
  HostBuffer host_;
  bool pending_ = false;  // copies that kernels have not waited for
};

}  // namespace chaku
