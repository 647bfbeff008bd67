#include "cuda/device_under_test.h"
#include "kernels/cuda/simt/options.h"

namespace chaku::test {

const cuda::Library& device_library() {
  return *chaku_cuda_library(cuda::kLibraryVersion, static_cast<int64_t>(sizeof(KernelTable)));
}

void set_order(int n) { simt::options().order = n == 1 ? 0 : n == 2 ? 1 : 5; }

}  // namespace chaku::test
