#include "model/adapter.h"

#include "capi/boundary.h"
#include "capi/handles.h"

using namespace chaku;

extern "C" chaku_status chaku_adapter_create(chaku_model* model, chaku_adapter** out) {
  return capi::guarded("adapter_create", [&] {
    const auto& shared = capi::require("adapter_create", "model", model).shared;
    capi::require("adapter_create", "out", out);
    *out = new chaku_adapter{std::make_shared<Adapter>(shared)};
  });
}

extern "C" void chaku_adapter_free(chaku_adapter** adapter) { capi::free_handle(adapter); }

extern "C" chaku_status chaku_adapter_add(chaku_adapter* adapter, int32_t module, int32_t layer, int32_t rank,
                                          float scale, const float* a, int64_t a_floats, const float* b,
                                          int64_t b_floats) {
  return capi::guarded("adapter_add", [&] {
    Adapter& target = *capi::require("adapter_add", "adapter", adapter).shared;
    capi::require("adapter_add", "a", a);
    capi::require("adapter_add", "b", b);
    if (!is_module(module)) fail(Code::kInvalidArgument, "[adapter_add] expected a module of chaku.h, got %d", module);
    if (a_floats < 0 || b_floats < 0)
      fail(Code::kInvalidArgument, "[adapter_add] expected sizes >= 0, got %lld and %lld",
           static_cast<long long>(a_floats), static_cast<long long>(b_floats));
    target.add(static_cast<Module>(module), layer, rank, scale, {a, static_cast<size_t>(a_floats)},
               {b, static_cast<size_t>(b_floats)});
  });
}

extern "C" chaku_status chaku_adapter_replace(chaku_adapter* adapter, int32_t module, const float* values, int64_t n) {
  return capi::guarded("adapter_replace", [&] {
    Adapter& target = *capi::require("adapter_replace", "adapter", adapter).shared;
    if (!is_module(module))
      fail(Code::kInvalidArgument, "[adapter_replace] expected a module of chaku.h, got %d", module);
    if (module == CHAKU_OUTPUT && values == nullptr && n == 0) return target.replace_output_as_embedding();
    capi::require("adapter_replace", "values", values);
    if (n < 0) fail(Code::kInvalidArgument, "[adapter_replace] expected n >= 0, got %lld", static_cast<long long>(n));
    target.replace(static_cast<Module>(module), {values, static_cast<size_t>(n)});
  });
}
