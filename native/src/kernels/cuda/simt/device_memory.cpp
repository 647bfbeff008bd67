#include "kernels/cuda/simt/device_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>

#include "kernels/cuda/simt/fault.h"
#include "kernels/cuda/simt/options.h"
#include "kernels/cuda/simt/shared_memory.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace chaku::simt {
namespace {

constexpr size_t kPage = 4096, kAlignment = 256;

struct Allocation {
  std::byte* pages;
  size_t page_bytes;  // without the page behind them
  size_t n_bytes;
};

std::mutex mutex;
int n_accesses = 0;
size_t n_allocated = 0;

// By address. Never destroyed: buffers in static storage may be freed after it.
std::map<const std::byte*, Allocation>& allocations() {
  static auto* all = new std::map<const std::byte*, Allocation>();
  return *all;
}

void protect_all(int protection) {
  for (const auto& [at, a] : allocations())
    if (a.page_bytes > 0) mprotect(a.pages, a.page_bytes, protection);
}

// With the mutex held.
bool in_an_allocation(const std::byte* at, size_t n_bytes) {
  auto next = allocations().upper_bound(at);
  if (next == allocations().begin()) return false;
  --next;
  return at + n_bytes <= next->first + next->second.n_bytes;
}

// Addresses of the host's code, heap, mappings and stacks begin here on Linux; two packed 32-bit sizes rarely look so.
constexpr uint64_t kHostFrom = 0x550000000000u, kHostTo = 0x800000000000u;

bool is_mapped(uint64_t address) {
  unsigned char resident = 0;
  return mincore(reinterpret_cast<void*>(address / kPage * kPage), kPage, &resident) == 0;
}

}  // namespace

void* allocate_device(size_t n_bytes) {
  const std::lock_guard lock(mutex);
  if (options().work_until_lost == 0) throw Fault("the device is lost");
  const size_t free = options().device_bytes - std::min(options().device_bytes, n_allocated);
  if (n_bytes > free) throw Fault(text("expected %zu bytes, the device has %zu left", n_bytes, free));
  Allocation a{nullptr, (n_bytes + kPage - 1) / kPage * kPage, n_bytes};
  void* at = mmap(nullptr, a.page_bytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw Fault(text("no %zu bytes of memory for the device", n_bytes));
  a.pages = static_cast<std::byte*>(at);
  mprotect(a.pages + a.page_bytes, kPage, PROT_NONE);
  std::byte* data = a.pages + (a.page_bytes - n_bytes) / kAlignment * kAlignment;
  std::memset(a.pages, static_cast<int>(kPoison), a.page_bytes);
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(a.pages, static_cast<size_t>(data - a.pages));
  __asan_poison_memory_region(data + n_bytes, static_cast<size_t>(a.pages + a.page_bytes - (data + n_bytes)));
#endif
  if (n_accesses == 0 && a.page_bytes > 0) mprotect(a.pages, a.page_bytes, PROT_NONE);
  allocations().emplace(data, a);
  n_allocated += n_bytes;
  return data;
}

void free_device(void* at) {
  if (at == nullptr) return;
  const std::lock_guard lock(mutex);
  const auto found = allocations().find(static_cast<std::byte*>(at));
  if (found == allocations().end()) throw Fault("freed on the device: an address that was not allocated there");
  const Allocation& a = found->second;
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(a.pages, a.page_bytes);
#endif
  munmap(a.pages, a.page_bytes + kPage);
  n_allocated -= a.n_bytes;
  allocations().erase(found);
}

size_t allocated_device_bytes() {
  const std::lock_guard lock(mutex);
  return n_allocated;
}

bool is_device(const void* at, size_t n_bytes) {
  const std::lock_guard lock(mutex);
  return in_an_allocation(static_cast<const std::byte*>(at), n_bytes);
}

void check_arguments(const void* arguments, size_t n_bytes) {
  const std::lock_guard lock(mutex);
  for (size_t i = 0; i + sizeof(uint64_t) <= n_bytes; i += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, static_cast<const std::byte*>(arguments) + i, sizeof(word));
    if (word < kHostFrom || word >= kHostTo) continue;
    if (in_an_allocation(reinterpret_cast<const std::byte*>(word), 0) || !is_mapped(word)) continue;
    throw Fault(text("a kernel is given the host's memory (byte %zu of its arguments)", i));
  }
}

DeviceAccess::DeviceAccess() {
  const std::lock_guard lock(mutex);
  if (n_accesses++ == 0) protect_all(PROT_READ | PROT_WRITE);
}

DeviceAccess::~DeviceAccess() {
  const std::lock_guard lock(mutex);
  if (--n_accesses == 0) protect_all(PROT_NONE);
}

}  // namespace chaku::simt
