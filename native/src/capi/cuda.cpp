#include <algorithm>
#include <cstring>
#include <string>

#include "capi/boundary.h"
#include "device/cuda_library.h"

using namespace chaku;

namespace {

template <size_t kBytes>
void copy_text(char (&to)[kBytes], const char* from) {
  const size_t n = std::min(std::strlen(from), kBytes - 1);
  std::memcpy(to, from, n);
  to[n] = '\0';
}

// The library, where it has a device; otherwise null, with the reason.
const cuda::Library* usable_library(const char* path, std::string& absence) {
  const OpenedCudaLibrary opened = open_cuda_library(path != nullptr ? path : "");
  absence = opened.absence;
  if (opened.functions == nullptr) return nullptr;
  const char* reason = opened.functions->absence();
  if (reason == nullptr) return opened.functions;
  absence = reason;
  return nullptr;
}

}  // namespace

extern "C" chaku_status chaku_cuda_count(const char* library, int32_t* n_devices, const char** absence) {
  return capi::guarded("cuda_count", [&] {
    static thread_local std::string said;
    capi::require("cuda_count", "n_devices", n_devices);
    capi::require("cuda_count", "absence", absence);
    const cuda::Library* opened = usable_library(library, said);
    *n_devices = opened != nullptr ? opened->n_devices() : 0;
    *absence = said.c_str();
  });
}

extern "C" chaku_status chaku_cuda_describe(const char* library, int32_t ordinal, chaku_cuda_device* out) {
  return capi::guarded("cuda_describe", [&] {
    chaku_cuda_device& to = capi::require_struct("cuda_describe", "out", out);
    std::string absence;
    const cuda::Library* opened = usable_library(library, absence);
    if (opened == nullptr)
      fail(Code::kDeviceAbsent, "[cuda_describe] expected a device, got none: %s", absence.c_str());
    if (ordinal < 0 || ordinal >= opened->n_devices())
      fail(Code::kInvalidArgument, "[cuda_describe] expected an ordinal in 0..%d, got %d", opened->n_devices() - 1,
           ordinal);
    cuda::DeviceInfo info;
    if (!opened->describe(ordinal, &info))
      fail(Code::kDeviceError, "[cuda_describe] expected a description of device %d, got none", ordinal);
    const char* unusable = opened->unusable(ordinal);
    to.major = info.major;
    to.minor = info.minor;
    to.n_multiprocessors = info.n_multiprocessors;
    to.total_bytes = info.total_bytes;
    to.free_bytes = unusable == nullptr ? opened->free_bytes(ordinal) : -1;
    copy_text(to.name, info.name);
    copy_text(to.unusable, unusable != nullptr ? unusable : "");
  });
}
