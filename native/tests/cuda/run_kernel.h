// Kernels of the tests themselves: run one on the emulator, and the fault that it raises.
#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/device.cuh"
#include "kernels/cuda/simt/stream.h"
#include "test.h"

namespace chaku::test {

// n numbers of the device.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t n) : n_(n), data_(static_cast<T*>(simt::allocate_device(n * sizeof(T)))) {}
  explicit DeviceArray(const std::vector<T>& from) : DeviceArray(from.size()) {
    const simt::DeviceAccess access;
    std::memcpy(data_, from.data(), n_ * sizeof(T));
  }
  ~DeviceArray() { simt::free_device(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }
  std::vector<T> read() const {
    std::vector<T> all(n_);
    const simt::DeviceAccess access;
    std::memcpy(all.data(), data_, n_ * sizeof(T));
    return all;
  }

 private:
  size_t n_;
  T* data_;
};

// Once for each of three orders: first to last, last to first, drawn.
template <class Test>
void for_orders(const Test& test) {
  for (const unsigned order : {0u, 1u, 7u}) {
    simt::options().order = order;
    test();
  }
  simt::options().order = 0;
}

// What a kernel of these arguments is told, or empty.
template <class... P, class... A>
std::string fault_of(void (*kernel)(P...), int n_threads, size_t shared_bytes, A... arguments) {
  try {
    simt::Stream stream;
    simt::launch(stream, kernel, dim3(2), dim3(static_cast<unsigned>(n_threads)), shared_bytes, arguments...);
    stream.synchronize();
  } catch (const simt::Fault& fault) {
    return fault.what();
  }
  return "";
}

// Under every order.
template <class... P, class... A>
void expect_fault(const char* sentence, void (*kernel)(P...), int n_threads, size_t shared_bytes, A... arguments) {
  for_orders([&] {
    const std::string said = fault_of(kernel, n_threads, shared_bytes, arguments...);
    if (said.find(sentence) == std::string::npos)
      report(__FILE__, __LINE__, "expected \"" + std::string(sentence) + "\", got \"" + said + "\"");
  });
}

}  // namespace chaku::test
