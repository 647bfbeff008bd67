// Runs a grid on the CPU: a block on one OS thread, its threads as fibers; blocks spread over a few OS threads.
#pragma once

#include <cstddef>

#include "kernels/cuda/simt/thread.h"

namespace chaku::simt {

// Throws Fault for a grid that no device takes: sizes, or more dynamic shared memory than the architecture has.
void check_grid(dim3 grid, dim3 block, size_t shared_bytes);

// Calls body(closure) in every thread of the grid; returns when all have ended. Throws Fault for a grid that no device
// takes, and the first that a thread raised.
void run_grid(dim3 grid, dim3 block, size_t shared_bytes, void (*body)(const void*), const void* closure);

}  // namespace chaku::simt
