#include "kernels/cuda/simt/async_copy.h"

#include <algorithm>

#include "kernels/cuda/simt/block.h"

namespace chaku::simt {
namespace {

void land(Fiber& fiber, int n) {
  for (int i = 0; i < n; ++i) {
    const AsyncCopy copy = fiber.copies[i];
    std::memcpy(copy.to, copy.data, static_cast<size_t>(copy.n_bytes));  // nothing of one that landed at its issue
  }
  std::copy(fiber.copies + n, fiber.copies + fiber.n_copies, fiber.copies);
  fiber.n_copies -= n;
}

}  // namespace

void issue_copy(void* to, const std::byte (&data)[16], int n_bytes, const Site& site) {
  Fiber& fiber = self();
  fiber.site = site;
  if (fiber.n_copies == kMaxCopies) fault(site, "a thread has more than %d cp.async under way", kMaxCopies);
  AsyncCopy& copy = fiber.copies[fiber.n_copies++];
  copy.to = to;
  copy.n_bytes = n_bytes;
  std::copy(data, data + 16, copy.data);
  ++fiber.block->counts.async_copies;
}

void commit_copies(const Site& site) {
  Fiber& fiber = self();
  if (fiber.n_groups == kMaxCopies) fault(site, "a thread has more than %d groups of cp.async", kMaxCopies);
  fiber.group_ends[fiber.n_groups++] = fiber.n_copies;
}

void wait_for_copies(int n_groups_left) {
  Fiber& fiber = self();
  const int n_groups = fiber.n_groups - n_groups_left;
  if (n_groups <= 0) return;
  const int n = fiber.group_ends[n_groups - 1];
  land(fiber, n);
  std::copy(fiber.group_ends + n_groups, fiber.group_ends + fiber.n_groups, fiber.group_ends);
  fiber.n_groups -= n_groups;
  for (int i = 0; i < fiber.n_groups; ++i) fiber.group_ends[i] -= n;
}

}  // namespace chaku::simt
