#include "device/cpu_device.h"

#include <cstring>

#include "base/aligned_buffer.h"
#include "base/cpu_features.h"
#include "base/error.h"

namespace chaku {
namespace {

constexpr int32_t kMaxThreads = 1024;

int checked_threads(int32_t n_threads) {
  if (n_threads < 0 || n_threads > kMaxThreads)
    fail(Code::kInvalidArgument, "[engine] expected n_threads in 0..%d, got %d", kMaxThreads, n_threads);
  return n_threads > 0 ? n_threads : usable_cores();
}

void copy(void* to, const void* from, int64_t n_bytes) noexcept {
  if (n_bytes > 0) std::memcpy(to, from, static_cast<size_t>(n_bytes));
}

}  // namespace

CpuDevice::CpuDevice(int32_t n_threads, CpuPath path)
    : Device(select_table(path), threads_), threads_(checked_threads(n_threads)) {}

std::byte* CpuDevice::allocate(int64_t n_bytes) const { return allocate_aligned(n_bytes); }

void CpuDevice::free(std::byte* data, int64_t n_bytes) const noexcept { free_aligned(data, n_bytes); }

void CpuDevice::upload(void* to, const void* from, int64_t n_bytes) const noexcept { copy(to, from, n_bytes); }

void CpuDevice::download(void* to, const void* from, int64_t n_bytes) const noexcept { copy(to, from, n_bytes); }

int64_t CpuDevice::available_bytes() const noexcept { return available_memory_bytes(); }

}  // namespace chaku
