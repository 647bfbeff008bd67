// The device whose kernels the tests run: the emulator, or a GPU behind libchaku_cuda.
#pragma once

#include "kernels/cuda/library.h"

namespace chaku::test {

const cuda::Library& device_library();

// In what order the emulator runs threads: 1 first to last, 2 last to first, others drawn. A GPU has its own.
void set_order(int n);

}  // namespace chaku::test
