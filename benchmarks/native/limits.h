// What the machine can do at most, measured by the program that reports shares of it.
#pragma once

#include "kernels/queue.h"
#include "kernels/table.h"

namespace chaku::bench {

// Fused multiply-adds on registers alone, in the vector width of a path, on all threads: GFLOP/s.
double measure_fma_gflops(CpuPath path, Queue& queue);

// Sums over memory far larger than the caches, on all threads: GB/s (10^9 bytes).
double measure_read_gbps(Queue& queue);

// Seconds of the clock in use: wall time, or after use_cpu_time() the processor time of this process, which on a busy
// machine tells more about a single thread.
double seconds_now();
void use_cpu_time();

}  // namespace chaku::bench
