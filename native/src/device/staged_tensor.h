// A tensor on its way to a device: bytes of the host, mapped or owned, made such as kernels can read.
#pragma once

#include "base/aligned_buffer.h"
#include "device/device.h"
#include "kernels/random_tensor.h"

namespace chaku {

// A tensor where kernels read it, and the memory that it keeps for that.
struct PlacedTensor {
  Matrix matrix;
  AlignedBytes host;    // empty where the bytes are another's, or the device's
  DeviceBuffer memory;  // empty where the device reads the host's
};

// Methods throw Error(kOutOfMemory).
class StagedTensor {
 public:
  // Borrows the bytes, which must outlive the placed tensor where the device reads the host's memory.
  static StagedTensor borrowed(const Matrix& bytes);
  static StagedTensor copied(const Matrix& bytes);
  static StagedTensor random(Matrix shape, const RandomValues& values, Queue& queue);

  // Whether the elements can be read as C++ objects of their format; block formats are read byte-wise.
  bool is_aligned() const noexcept;
  void align();
  // From F16 or BF16.
  void decode();

  PlacedTensor place(const Device& device) &&;

  // The bytes, for who keeps them elsewhere.
  int64_t n_bytes() const noexcept;
  void copy_to(std::byte* to) const noexcept;
  const Matrix& matrix() const noexcept { return matrix_; }

 private:
  Matrix matrix_;
  AlignedBytes owned_;
};

}  // namespace chaku
