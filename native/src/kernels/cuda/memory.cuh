// Memory of the device, and whether there is one.
#pragma once

#include <cstdint>

namespace chaku::cuda {

// 256-byte aligned, undefined. Throws Error(kOutOfMemory).
void* allocate_memory(int64_t n_bytes);
// Waits for what runs; null is nothing.
void free_memory(void* at) noexcept;

// Why no device can be used, or null.
const char* absence() noexcept;

}  // namespace chaku::cuda
