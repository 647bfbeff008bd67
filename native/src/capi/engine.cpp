#include "base/cpu_features.h"
#include "capi/boundary.h"
#include "capi/handles.h"
#include "kernels/path_choice.h"

using namespace chaku;

extern "C" chaku_status chaku_engine_create(const chaku_engine_options* options, chaku_engine** out) {
  return capi::guarded("engine_create", [&] {
    const chaku_engine_options& o = capi::require_struct("engine_create", "options", options);
    capi::require("engine_create", "out", out);
    if (o.cpu_path < CHAKU_CPU_AUTO || o.cpu_path > static_cast<int32_t>(kFloat32Path))
      fail(Code::kInvalidArgument, "[engine_create] expected cpu_path in 0..%d, got %d",
           static_cast<int32_t>(kFloat32Path), o.cpu_path);
    *out = new chaku_engine{std::make_shared<const Engine>(o.n_threads, static_cast<CpuPath>(o.cpu_path))};
  });
}

extern "C" void chaku_engine_free(chaku_engine** engine) { capi::free_handle(engine); }

extern "C" chaku_status chaku_engine_describe(const chaku_engine* engine, chaku_engine_info* out) {
  return capi::guarded("engine_describe", [&] {
    const Engine& e = *capi::require("engine_describe", "engine", engine).shared;
    chaku_engine_info& info = capi::require_struct("engine_describe", "out", out);
    info.n_threads = e.pool().n_threads();
    info.cpu_path = static_cast<int32_t>(e.kernels().path);
    info.best_cpu_path = static_cast<int32_t>(best_cpu_path());
    info.cpu_features = cpu_features().bits();
    info.available_bytes = available_memory_bytes();
  });
}
