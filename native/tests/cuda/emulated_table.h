// The CUDA kernels as tables for problems whose arrays lie in the host's memory: each call brings them to the emulated
// device and back. The number of threads of the queue chooses the order in which the device runs: 1 first to last, 2
// last to first, 3 drawn.
#pragma once

#include "kernels/table.h"

namespace chaku::test {

const KernelTable& emulated_float32_table();
const KernelTable& emulated_tensor_table();

}  // namespace chaku::test
