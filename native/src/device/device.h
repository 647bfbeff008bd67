// A device that computes: its kernels, the queue they run on, and its memory. Nothing above this room follows a pointer
// to a tensor; data comes and goes by upload and download, and moves by ops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/table.h"

namespace chaku {

class Device;

// Owned memory of a device, which must outlive it.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  // Zeroed, 64-byte aligned. Throws Error(kOutOfMemory), and Error(kInvalidArgument) for a size that no memory has.
  DeviceBuffer(const Device& device, int64_t n_bytes);
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&& o) noexcept
      : device_(o.device_), data_(std::exchange(o.data_, nullptr)), n_bytes_(std::exchange(o.n_bytes_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& o) noexcept {
    std::swap(device_, o.device_);
    std::swap(data_, o.data_);
    std::swap(n_bytes_, o.n_bytes_);
    return *this;
  }

  std::byte* data() const noexcept { return data_; }
  template <class T>
  T* as() const noexcept {
    return reinterpret_cast<T*>(data_);
  }
  int64_t n_bytes() const noexcept { return n_bytes_; }

 private:
  const Device* device_ = nullptr;
  std::byte* data_ = nullptr;
  int64_t n_bytes_ = 0;
};

// Owned memory of the host that a device, which must outlive it, copies to and from while kernels run.
class HostBuffer {
 public:
  HostBuffer() = default;
  // Undefined, 64-byte aligned. Throws as DeviceBuffer.
  HostBuffer(const Device& device, int64_t n_bytes);
  ~HostBuffer();
  HostBuffer(HostBuffer&& o) noexcept
      : device_(o.device_), data_(std::exchange(o.data_, nullptr)), n_bytes_(std::exchange(o.n_bytes_, 0)) {}
  HostBuffer& operator=(HostBuffer&& o) noexcept {
    std::swap(device_, o.device_);
    std::swap(data_, o.data_);
    std::swap(n_bytes_, o.n_bytes_);
    return *this;
  }

  std::byte* data() const noexcept { return data_; }
  int64_t n_bytes() const noexcept { return n_bytes_; }

 private:
  const Device* device_ = nullptr;
  std::byte* data_ = nullptr;
  int64_t n_bytes_ = 0;
};

// Shared by any number of threads. What pointers in problems mean: tensors, and whatever an op reads or writes, lie in
// the device's memory; problems, arrays of problems and attention spans lie in the host's, for whoever launches.
class Device {
 public:
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const KernelTable& kernels() const noexcept { return *kernels_; }
  Queue& queue() const noexcept { return *queue_; }

  // Runs one problem, after all that ran before: device.run(&KernelTable::matmul, problem).
  template <class Problem>
  void run(Kernel<Problem> KernelTable::* kernel, const Problem& problem) const noexcept {
    (kernels_->*kernel)(problem, *queue_);
  }

  // As DeviceBuffer, which is the way to use them.
  virtual std::byte* allocate(int64_t n_bytes) const = 0;
  virtual void free(std::byte* data, int64_t n_bytes) const noexcept = 0;

  // Host to device and back, after all that ran before; the host's memory is free, or filled, on return.
  virtual void upload(void* to, const void* from, int64_t n_bytes) const noexcept = 0;
  virtual void download(void* to, const void* from, int64_t n_bytes) const noexcept = 0;

  // As HostBuffer, which is the way to use them.
  virtual std::byte* allocate_host(int64_t n_bytes) const = 0;
  virtual void free_host(std::byte* data, int64_t n_bytes) const noexcept = 0;
  // Copies between the device and a HostBuffer that nobody waits for: in order with each other, and with what runs only
  // as the two below say. Host memory is in use until what runs has waited.
  virtual void bring_beside(void* to, const void* from, int64_t n_bytes) const noexcept = 0;
  virtual void keep_beside(void* to, const void* from, int64_t n_bytes) const noexcept = 0;
  // What is copied beside from now on waits for all that ran before; what runs from now on for all that is copied.
  virtual void copies_after_kernels() const noexcept = 0;
  virtual void kernels_after_copies() const noexcept = 0;

  // Throws Error(kDeviceError) if anything that ran before has failed.
  virtual void check() const {}

  // What can be allocated now; -1 where the system does not tell.
  virtual int64_t available_bytes() const noexcept = 0;

  // Whether kernels read and write the host's memory as their own: nothing needs to be copied then.
  virtual bool shares_host_memory() const noexcept = 0;

  // Brings a weight to where kernels read it, and points the matrix there. Where they read the host's memory the matrix
  // stays as it is and the result is empty.
  DeviceBuffer place(Matrix& matrix) const;

 protected:
  Device(const KernelTable& kernels, Queue& queue) noexcept : kernels_(&kernels), queue_(&queue) {}

 private:
  const KernelTable* kernels_;
  Queue* queue_;
};

}  // namespace chaku
