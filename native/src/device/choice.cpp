#include "device/choice.h"

#include "base/error.h"
#include "device/cpu_device.h"

namespace chaku {
namespace {

// Why a device of this choice is not to be had, or empty.
std::string absence(const DeviceChoice& choice) {
  if (choice.kind == DeviceKind::kCuda) return "this build has no CUDA kernels";
  return choice.ordinal > 0 ? "there is one CPU, of ordinal 0" : "";
}

}  // namespace

ChosenDevice choose_device(const DeviceChoice& choice) {
  if (choice.ordinal < 0)
    fail(Code::kInvalidArgument, "[engine] expected a device ordinal >= 0, got %d", choice.ordinal);
  ChosenDevice chosen;
  chosen.fallback = absence(choice);
  if (choice.required && !chosen.fallback.empty())
    fail(Code::kDeviceAbsent, "[engine] expected the %s device %d, got none: %s",
         choice.kind == DeviceKind::kCuda ? "CUDA" : "CPU", choice.ordinal, chosen.fallback.c_str());
  chosen.device = std::make_unique<const CpuDevice>(choice.n_threads, choice.cpu_path);
  return chosen;
}

}  // namespace chaku
