// libchaku_cuda, opened when somebody first wants it; it stays open until the process ends.
#pragma once

#include <string>

#include "kernels/cuda/library.h"

namespace chaku {

struct OpenedCudaLibrary {
  const cuda::Library* functions = nullptr;  // null where it is not to be had
  std::string absence;                       // why not
};

// The file `path`; empty: libchaku_cuda.so beside this library. Safe from any thread.
OpenedCudaLibrary open_cuda_library(const std::string& path);

}  // namespace chaku
