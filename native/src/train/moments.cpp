#include "train/moments.h"

#include <algorithm>

#include "kernels/moments.h"

namespace chaku {
namespace {

// Streams of dropout have the top bit clear, those of initial values the next one.
constexpr uint64_t kRounding = uint64_t{3} << 62;

constexpr MomentCode code_of(int32_t moment) noexcept { return moment == 0 ? MomentCode::kSigned : MomentCode::kRoot; }

constexpr int64_t kFloat = static_cast<int64_t>(sizeof(float));

int64_t open_floats(int64_t n_floats) noexcept { return std::min(n_floats, Moments::kPiece); }

}  // namespace

int64_t moment_bytes(OptimizerKind kind, int64_t n_floats) noexcept {
  const int64_t each =
      is_8bit(kind) ? n_floats + n_floats / kMomentBlock * kFloat + open_floats(n_floats) * kFloat : n_floats * kFloat;
  return n_moments(kind) * each;
}

Moments::Moments(const Device& device, OptimizerKind kind, int64_t n_floats) : device_(&device), kind_(kind) {
  for (size_t i = 0; i < static_cast<size_t>(n()); ++i) {
    values_[i] = DeviceBuffer(device, is_8bit(kind) ? n_floats : n_floats * kFloat);
    if (!is_8bit(kind)) continue;
    scales_[i] = DeviceBuffer(device, n_floats / kMomentBlock * kFloat);
    open_[i] = DeviceBuffer(device, open_floats(n_floats) * kFloat);
  }
}

float* Moments::open(int32_t moment, int64_t offset, int64_t n) const noexcept {
  const size_t i = static_cast<size_t>(moment);
  if (!is_8bit(kind_)) return values_[i].as<float>() + offset;
  float* x = open_[i].as<float>();
  device_->run(&KernelTable::decode_moments,
               DecodeMomentsProblem{values_[i].as<uint8_t>() + offset, scales_[i].as<float>() + offset / kMomentBlock,
                                    x, n, code_of(moment)});
  return x;
}

void Moments::encode(int32_t moment, int64_t offset, int64_t n, const Drawing& drawing) noexcept {
  const size_t i = static_cast<size_t>(moment);
  device_->run(&KernelTable::encode_moments,
               EncodeMomentsProblem{open_[i].as<float>(), values_[i].as<uint8_t>() + offset,
                                    scales_[i].as<float>() + offset / kMomentBlock, n, code_of(moment), drawing.draw,
                                    drawing.seed, drawing.stream, offset});
}

void Moments::close(int32_t moment, int64_t offset, int64_t n, uint64_t seed, int64_t step) noexcept {
  if (!is_8bit(kind_)) return;
  encode(moment, offset, n, {true, seed, kRounding | static_cast<uint64_t>(step) << 1 | static_cast<uint64_t>(moment)});
}

void Moments::read(int32_t moment, int64_t offset, std::span<float> values) const noexcept {
  const int64_t size = static_cast<int64_t>(values.size());
  for (int64_t at = 0; at < size; at += piece(size)) {
    const int64_t n = std::min(piece(size), size - at);
    device_->download(values.data() + at, open(moment, offset + at, n), n * kFloat);
  }
}

void Moments::write(int32_t moment, int64_t offset, std::span<const float> values) noexcept {
  const int64_t size = static_cast<int64_t>(values.size());
  if (!is_8bit(kind_)) return device_->upload(open(moment, offset, size), values.data(), size * kFloat);
  for (int64_t at = 0; at < size; at += piece(size)) {
    const int64_t n = std::min(piece(size), size - at);
    device_->upload(open_[static_cast<size_t>(moment)].as<float>(), values.data() + at, n * kFloat);
    encode(moment, offset + at, n, {false, 0, 0});
  }
}

}  // namespace chaku
