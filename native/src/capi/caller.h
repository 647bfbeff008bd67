// Kernels that a call of the C interface runs without an engine.
#pragma once

#include "kernels/queue.h"

namespace chaku::capi {

// A queue of the calling thread alone: whoever calls splits rows among threads and overlaps them with its files.
inline Queue& queue_of_caller() {
  thread_local Queue queue(1);
  return queue;
}

}  // namespace chaku::capi
