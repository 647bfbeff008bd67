#include "device/choice.h"

#include "base/error.h"
#include "device/cpu_device.h"
#include "device/cuda_device.h"
#include "device/cuda_library.h"
#include "kernels/path_choice.h"

namespace chaku {
namespace {

// Why a device of this choice is not to be had, or empty, with the library set for one of CUDA.
std::string absence(const DeviceChoice& choice, const cuda::Library** library) {
  if (choice.kind == DeviceKind::kCpu) return choice.ordinal > 0 ? "there is one CPU, of ordinal 0" : "";
  const OpenedCudaLibrary opened = open_cuda_library(choice.cuda_library);
  if (opened.functions == nullptr) return opened.absence;
  *library = opened.functions;
  if (const char* reason = opened.functions->absence()) return reason;
  const int32_t n = opened.functions->n_devices();
  if (choice.ordinal >= n) return "there are " + std::to_string(n) + ", from 0";
  const char* reason = opened.functions->unusable(choice.ordinal);
  return reason != nullptr ? reason : "";
}

}  // namespace

ChosenDevice choose_device(const DeviceChoice& choice) {
  if (choice.ordinal < 0)
    fail(Code::kInvalidArgument, "[engine] expected a device ordinal >= 0, got %d", choice.ordinal);
  if (choice.gpu_layers < -1)
    fail(Code::kInvalidArgument, "[engine] expected gpu_layers >= 0, got %d", choice.gpu_layers);
  const cuda::Library* library = nullptr;
  ChosenDevice chosen;
  chosen.fallback = absence(choice, &library);
  if (choice.required && !chosen.fallback.empty())
    fail(Code::kDeviceAbsent, "[engine] expected the %s device %d, got none: %s",
         choice.kind == DeviceKind::kCuda ? "CUDA" : "CPU", choice.ordinal, chosen.fallback.c_str());
  if (choice.kind == DeviceKind::kCpu || !chosen.fallback.empty()) {
    chosen.device = std::make_unique<const CpuDevice>(choice.n_threads, choice.cpu_path);
    return chosen;
  }
  const bool float32 = choice.cpu_path == kFloat32Path || choice.cpu_path == CpuPath::kReference;
  chosen.device =
      std::make_unique<const CudaDevice>(*library, float32 ? *library->float32 : *library->tensor, choice.ordinal);
  chosen.kind = choice.kind;
  chosen.ordinal = choice.ordinal;
  chosen.offload = choice.offload;
  chosen.gpu_layers = choice.gpu_layers;
  return chosen;
}

}  // namespace chaku
