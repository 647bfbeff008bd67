#include "model/engine.h"

#include "base/cpu_features.h"
#include "base/error.h"

namespace chaku {
namespace {

constexpr int32_t kMaxThreads = 1024;

int checked_threads(int32_t n_threads) {
  if (n_threads < 0 || n_threads > kMaxThreads)
    fail(Code::kInvalidArgument, "[engine] expected n_threads in 0..%d, got %d", kMaxThreads, n_threads);
  return n_threads > 0 ? n_threads : usable_cores();
}

}  // namespace

Engine::Engine(int32_t n_threads, CpuPath path) : kernels_(&select_table(path)), queue_(checked_threads(n_threads)) {}

}  // namespace chaku
