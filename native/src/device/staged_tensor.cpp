#include "device/staged_tensor.h"

#include <cstring>

#include "quant/codec.h"

namespace chaku {
namespace {

size_t alignment(DType dtype) noexcept {
  if (dtype == DType::kF32) return alignof(float);
  return dtype == DType::kF16 || dtype == DType::kBF16 ? alignof(uint16_t) : 1;
}

}  // namespace

StagedTensor StagedTensor::borrowed(const Matrix& bytes) {
  StagedTensor staged;
  staged.matrix_ = bytes;
  return staged;
}

StagedTensor StagedTensor::copied(const Matrix& bytes) {
  StagedTensor staged = borrowed(bytes);
  staged.align();
  return staged;
}

StagedTensor StagedTensor::random(Matrix shape, const RandomValues& values, Queue& queue) {
  StagedTensor staged;
  staged.owned_ = AlignedBytes(shape.stride_bytes() * shape.rows);
  shape.data = staged.owned_.data();
  fill_random(shape, staged.owned_.data(), values, queue);
  staged.matrix_ = shape;
  return staged;
}

bool StagedTensor::is_aligned() const noexcept {
  return reinterpret_cast<uintptr_t>(matrix_.data) % alignment(matrix_.dtype) == 0;
}

void StagedTensor::align() {
  AlignedBytes copy(n_bytes());
  std::memcpy(copy.data(), matrix_.data, static_cast<size_t>(copy.n_bytes()));
  owned_ = std::move(copy);
  matrix_.data = owned_.data();
}

void StagedTensor::decode() {
  const int64_t n = matrix_.rows * matrix_.columns;
  AlignedBytes floats(n * static_cast<int64_t>(sizeof(float)));
  dequantize(matrix_.dtype, matrix_.data, reinterpret_cast<float*>(floats.data()), n);
  owned_ = std::move(floats);
  matrix_.data = owned_.data();
  matrix_.dtype = DType::kF32;
}

int64_t StagedTensor::n_bytes() const noexcept { return matrix_.stride_bytes() * matrix_.rows; }

void StagedTensor::copy_to(std::byte* to) const noexcept {
  std::memcpy(to, matrix_.data, static_cast<size_t>(n_bytes()));
}

PlacedTensor StagedTensor::place(const Device& device) && {
  PlacedTensor placed{matrix_, {}, {}};
  placed.memory = device.place(placed.matrix);
  if (device.shares_host_memory()) placed.host = std::move(owned_);
  return placed;
}

}  // namespace chaku
