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
    if (o.device_kind != CHAKU_DEVICE_CPU && o.device_kind != CHAKU_DEVICE_CUDA)
      fail(Code::kInvalidArgument, "[engine_create] expected device_kind %d or %d, got %d", CHAKU_DEVICE_CPU,
           CHAKU_DEVICE_CUDA, o.device_kind);
    if (o.device_requirement != CHAKU_DEVICE_PREFERRED && o.device_requirement != CHAKU_DEVICE_REQUIRED)
      fail(Code::kInvalidArgument, "[engine_create] expected device_requirement %d or %d, got %d",
           CHAKU_DEVICE_PREFERRED, CHAKU_DEVICE_REQUIRED, o.device_requirement);
    if (o.gpu_layers < 0)
      fail(Code::kInvalidArgument, "[engine_create] expected gpu_layers >= 0, got %d", o.gpu_layers);
    const DeviceChoice choice{static_cast<DeviceKind>(o.device_kind),
                              o.device_ordinal,
                              o.device_requirement == CHAKU_DEVICE_REQUIRED,
                              o.n_threads,
                              static_cast<CpuPath>(o.cpu_path),
                              o.streams_layers != 0 ? o.gpu_layers : -1,
                              o.offload_activations != 0,
                              o.cuda_library != nullptr ? o.cuda_library : ""};
    *out = new chaku_engine{std::make_shared<const Engine>(choice)};
  });
}

extern "C" void chaku_engine_free(chaku_engine** engine) { capi::free_handle(engine); }

extern "C" chaku_status chaku_engine_describe(const chaku_engine* engine, chaku_engine_info* out) {
  return capi::guarded("engine_describe", [&] {
    const Engine& e = *capi::require("engine_describe", "engine", engine).shared;
    chaku_engine_info& info = capi::require_struct("engine_describe", "out", out);
    info.n_threads = e.device().queue().n_threads();
    info.cpu_path = static_cast<int32_t>(e.kernels().path);
    info.best_cpu_path = static_cast<int32_t>(best_cpu_path());
    info.cpu_features = cpu_features().bits();
    info.available_bytes = e.device().available_bytes();
    info.device_kind = static_cast<int32_t>(e.chosen().kind);
    info.device_ordinal = e.chosen().ordinal;
  });
}

extern "C" chaku_status chaku_engine_fallback(const chaku_engine* engine, const char** out) {
  return capi::guarded("engine_fallback", [&] {
    const Engine& e = *capi::require("engine_fallback", "engine", engine).shared;
    capi::require("engine_fallback", "out", out) = e.chosen().fallback.c_str();
  });
}
