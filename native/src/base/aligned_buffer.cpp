// Large buffers are mapped, so that untouched pages cost nothing, are first touched by the thread that uses them, and
// go back to the system with the buffer; small ones come from the heap.
#include "base/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace chaku {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kHugePage = int64_t{2} << 20;
constexpr int64_t kMaxBytes = int64_t{1} << 46;

int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

bool is_mapped(int64_t n_bytes) { return n_bytes >= kLeastMappedBytes; }
bool is_huge(int64_t n_bytes) { return n_bytes >= kHugePage; }

// Zeroed, or null.
std::byte* map_pages(int64_t n_bytes) {
  void* base = mmap(nullptr, static_cast<size_t>(n_bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return base == MAP_FAILED ? nullptr : static_cast<std::byte*>(base);
}

// The same, beginning on a huge page's border.
std::byte* map_huge_pages(int64_t n_bytes) {
  const int64_t rounded = round_up(n_bytes, kHugePage);
  std::byte* start = map_pages(rounded + kHugePage);
  if (start == nullptr) return nullptr;
  const int64_t head = round_up(static_cast<int64_t>(reinterpret_cast<uintptr_t>(start)), kHugePage) -
                       static_cast<int64_t>(reinterpret_cast<uintptr_t>(start));
  if (head > 0) munmap(start, static_cast<size_t>(head));
  if (head < kHugePage) munmap(start + head + rounded, static_cast<size_t>(kHugePage - head));
  madvise(start + head, static_cast<size_t>(rounded), MADV_HUGEPAGE);  // advice: a refusal costs speed alone
  return start + head;
}

}  // namespace

std::byte* allocate_aligned(int64_t n_bytes) {
  if (n_bytes < 0 || n_bytes > kMaxBytes)
    fail(Code::kInvalidArgument, "[buffer] expected a size in [0, 2^46] bytes, got %lld",
         static_cast<long long>(n_bytes));
  if (n_bytes == 0) return nullptr;
  std::byte* data;
  if (is_mapped(n_bytes)) {
    data = is_huge(n_bytes) ? map_huge_pages(n_bytes) : map_pages(n_bytes);
  } else {
    const size_t rounded = static_cast<size_t>(round_up(n_bytes, kAlignment));
    data = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded));
    if (data != nullptr) std::memset(data, 0, rounded);
  }
  if (data == nullptr)
    fail(Code::kOutOfMemory, "[buffer] expected %lld bytes of memory, got none from the system",
         static_cast<long long>(n_bytes));
  return data;
}

void free_aligned(std::byte* data, int64_t n_bytes) noexcept {
  if (data == nullptr) return;
  if (is_mapped(n_bytes))
    munmap(data, static_cast<size_t>(is_huge(n_bytes) ? round_up(n_bytes, kHugePage) : n_bytes));
  else
    std::free(data);
}

}  // namespace chaku
