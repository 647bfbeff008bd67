// The moments of an optimizer, in float32 or in blocks of 8 bits.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "device/device.h"

namespace chaku {

enum class OptimizerKind : int32_t { kAdamW = 0, kAdamW8Bit = 1, kLion = 2, kLion8Bit = 3 };

constexpr bool is_lion(OptimizerKind kind) noexcept {
  return kind == OptimizerKind::kLion || kind == OptimizerKind::kLion8Bit;
}
constexpr bool is_8bit(OptimizerKind kind) noexcept {
  return kind == OptimizerKind::kAdamW8Bit || kind == OptimizerKind::kLion8Bit;
}
constexpr int32_t n_moments(OptimizerKind kind) noexcept { return is_lion(kind) ? 1 : 2; }

// Bytes of all moments of so many floats, which are whole blocks, and of what steps need beside them.
int64_t moment_bytes(OptimizerKind kind, int64_t n_floats) noexcept;

// Moment 0 of either sign, and moment 1, which is not negative, of n_floats elements. Blocks of 8 bits are opened to
// float32 piece by piece, worked on, and closed again.
class Moments {
 public:
  // Elements that are open at once: a piece of a parameter, from a multiple of this many of its elements on.
  static constexpr int64_t kPiece = int64_t{1} << 18;

  Moments() = default;
  // Zeros, in the memory of the device, which must outlive it.
  Moments(const Device& device, OptimizerKind kind, int64_t n_floats);

  int32_t n() const noexcept { return n_moments(kind_); }
  // The elements of a parameter that are open at once.
  int64_t piece(int64_t n) const noexcept { return is_8bit(kind_) && n > kPiece ? kPiece : n; }
  // Float32 of elements [offset, offset + n), until the next call of open for this moment.
  float* open(int32_t moment, int64_t offset, int64_t n) const noexcept;
  // Keeps what was done to them; rounding draws from a stream of the run's seed that this step has alone.
  void close(int32_t moment, int64_t offset, int64_t n, uint64_t seed, int64_t step) noexcept;

  void read(int32_t moment, int64_t offset, std::span<float> values) const noexcept;
  // What was read is taken up to the bit.
  void write(int32_t moment, int64_t offset, std::span<const float> values) noexcept;

 private:
  struct Drawing {
    bool draw;
    uint64_t seed, stream;
  };
  void encode(int32_t moment, int64_t offset, int64_t n, const Drawing& drawing) noexcept;

  const Device* device_ = nullptr;
  OptimizerKind kind_ = OptimizerKind::kAdamW;
  std::array<DeviceBuffer, 2> values_;  // float32, or codes
  std::array<DeviceBuffer, 2> scales_;  // of 8 bits
  std::array<DeviceBuffer, 2> open_;    // likewise: float32 of a piece
};

}  // namespace chaku
