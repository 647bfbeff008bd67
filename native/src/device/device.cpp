#include "device/device.h"

namespace chaku {

DeviceBuffer::DeviceBuffer(const Device& device, int64_t n_bytes)
    : device_(&device), data_(device.allocate(n_bytes)), n_bytes_(n_bytes) {}

DeviceBuffer::~DeviceBuffer() {
  if (data_ != nullptr) device_->free(data_, n_bytes_);
}

HostBuffer::HostBuffer(const Device& device, int64_t n_bytes)
    : device_(&device), data_(device.allocate_host(n_bytes)), n_bytes_(n_bytes) {}

HostBuffer::~HostBuffer() {
  if (data_ != nullptr) device_->free_host(data_, n_bytes_);
}

DeviceBuffer Device::place(Matrix& matrix) const {
  if (shares_host_memory()) return {};
  const int64_t n_bytes = matrix.stride_bytes() * matrix.rows;
  DeviceBuffer memory(*this, n_bytes);
  upload(memory.data(), matrix.data, n_bytes);
  matrix.data = memory.data();
  return memory;
}

}  // namespace chaku
