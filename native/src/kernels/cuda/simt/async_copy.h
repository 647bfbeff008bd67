// cp.async: copies from global to shared memory that the thread does not wait for. Source: PTX ISA, "Data Movement and
// Conversion Instructions: Asynchronous copy".
//
// What touches memory is inline: a sanitizer then reports the kernel's own line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/cuda/simt/options.h"
#include "kernels/cuda/simt/shared_memory.h"
#include "kernels/cuda/simt/thread.h"

namespace chaku::simt {

// Copies and fills of a few bytes become moves that ThreadSanitizer does not see.
#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_read_range(void* at, unsigned long n_bytes);
extern "C" void __tsan_write_range(void* at, unsigned long n_bytes);
inline void tell_read(const void* at, int n_bytes) {
  __tsan_read_range(const_cast<void*>(at), static_cast<unsigned long>(n_bytes));
}
inline void tell_write(void* at, int n_bytes) { __tsan_write_range(at, static_cast<unsigned long>(n_bytes)); }
#else
inline void tell_read(const void*, int) {}
inline void tell_write(void*, int) {}
#endif

void issue_copy(void* to, const std::byte (&data)[16], int n_bytes, const Site& site);
void commit_copies(const Site& site);
// All but the last n_groups_left committed groups of this thread land.
void wait_for_copies(int n_groups_left);

// n_valid bytes of `from`, then zeros, up to n_bytes.
inline void copy_async(void* to, const void* from, int n_bytes, int n_valid, const Site& site) {
  const auto aligned = [n_bytes](const void* p) {
    return reinterpret_cast<uintptr_t>(p) % static_cast<uintptr_t>(n_bytes) == 0;
  };
  if (!aligned(to)) fault(site, "cp.async of %d bytes: the target is not aligned", n_bytes);
  if (!aligned(from)) fault(site, "cp.async of %d bytes: the source is not aligned", n_bytes);
  if (!is_shared(to, static_cast<size_t>(n_bytes))) fault(site, "cp.async: the target is not in shared memory");
  if (n_valid > 0 && is_shared(from, 1)) fault(site, "cp.async: the source is in shared memory");
  std::byte data[16] = {};
  tell_read(from, n_valid);
  tell_write(to, n_bytes);
  std::memcpy(data, from, static_cast<size_t>(n_valid));
  // Late: neither the old nor the new may be relied on before the wait.
  if (options().late_copies)
    std::memset(to, static_cast<int>(kPoison), static_cast<size_t>(n_bytes));
  else
    std::memcpy(to, data, static_cast<size_t>(n_bytes));
  issue_copy(to, data, options().late_copies ? n_bytes : 0, site);
}

}  // namespace chaku::simt
