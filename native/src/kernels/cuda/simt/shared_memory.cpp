#include "kernels/cuda/simt/shared_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernels/cuda/simt/block.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace chaku::simt {
namespace {

constexpr size_t kBorderBytes = 64;

// ThreadSanitizer counts malloc and free as writes of the thread that calls them, and forgets what is unmapped.
std::byte* take_memory([[maybe_unused]] size_t alignment, size_t n_bytes) {
#if defined(CHAKU_SIMT_TSAN)
  void* at = mmap(nullptr, n_bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) std::abort();
#else
  void* at = nullptr;
  if (posix_memalign(&at, alignment, n_bytes + (n_bytes == 0)) != 0) std::abort();
#endif
  return static_cast<std::byte*>(at);
}

void give_memory(std::byte* at, [[maybe_unused]] size_t n_bytes) {
#if defined(CHAKU_SIMT_TSAN)
  munmap(at, n_bytes + 1);
#else
  std::free(at);
#endif
}

void close_borders(const SharedArray& a) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(a.raw, static_cast<size_t>(a.data - a.raw));
#else
  std::fill(a.raw, a.data, kPoison);
  std::fill(a.data + a.n_bytes, a.raw + a.raw_bytes, kPoison);
#endif
}

// Whether nobody wrote there; AddressSanitizer sees who does.
bool open_borders(const SharedArray& a) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(a.raw, static_cast<size_t>(a.data - a.raw));
  return true;
#else
  const auto untouched = [](const std::byte* from, const std::byte* to) {
    return std::all_of(from, to, [](std::byte b) { return b == kPoison; });
  };
  return untouched(a.raw, a.data) && untouched(a.data + a.n_bytes, a.raw + a.raw_bytes);
#endif
}

}  // namespace

std::byte* Block::add_shared(const void* key, size_t n_bytes, size_t alignment) {
  size_t sum = n_bytes;
  for (int i = 0; i < n_shared; ++i) sum += shared[i].n_bytes;
  counts.max_shared_bytes = std::max(counts.max_shared_bytes, static_cast<int64_t>(sum));
  const size_t limit = max_shared_bytes(options().architecture);
  if (sum > limit) {
    failure = text("a block needs %zu bytes of shared memory, sm_%d has %zu", sum,
                   static_cast<int>(options().architecture), limit);
    return nullptr;
  }
  if (n_shared == kMaxSharedArrays) {
    failure = text("a block has more than %d arrays in shared memory", kMaxSharedArrays);
    return nullptr;
  }
  // An odd multiple of `alignment`: what a kernel did not ask for, it does not get.
  const size_t border = std::max(alignment, kBorderBytes), before = border + (alignment < border ? alignment : 0);
  SharedArray& a = shared[n_shared++];
  a.key = key;
  a.n_bytes = n_bytes;
  a.raw_bytes = before + n_bytes;
#if !defined(__SANITIZE_ADDRESS__)
  a.raw_bytes += kBorderBytes;
#endif
  a.raw = take_memory(2 * border, a.raw_bytes);
  a.data = a.raw + before;
  close_borders(a);
  std::memset(a.data, static_cast<int>(kPoison), n_bytes);
  return a.data;
}

void Block::free_shared() {
  for (int i = 0; i < n_shared; ++i) {
    const SharedArray& a = shared[i];
    if (!open_borders(a) && failure.empty())
      failure = text("a write outside an array of %zu bytes in shared memory (block %u,%u,%u)", a.n_bytes, index.x,
                     index.y, index.z);
    give_memory(a.raw, a.raw_bytes);
  }
  n_shared = 0;
}

void* dynamic_shared() { return current_block->shared[0].data; }

void* static_shared(const void* key, size_t n_bytes, size_t alignment) {
  Block& block = *current_block;
  for (int i = 0; i < block.n_shared; ++i) {
    const SharedArray& a = block.shared[i];
    if (a.key != key) continue;
    acquire_order(&block.shared_order);
    return a.data;
  }
  std::byte* data = block.add_shared(key, n_bytes, alignment);
  if (data == nullptr) give_up();
  release_order(&block.shared_order);
  return data;
}

bool is_shared(const void* at, size_t n_bytes) {
  const std::byte* p = static_cast<const std::byte*>(at);
  for (int i = 0; i < current_block->n_shared; ++i) {
    const SharedArray& a = current_block->shared[i];
    if (p >= a.data && p + n_bytes <= a.data + a.n_bytes) return true;
  }
  return false;
}

}  // namespace chaku::simt
