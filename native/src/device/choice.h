// Which device a caller asks for, and which one it gets.
#pragma once

#include <memory>
#include <string>

#include "device/device.h"

namespace chaku {

// Values equal CHAKU_DEVICE_* of chaku.h.
enum class DeviceKind : int32_t { kCpu = 0, kCuda = 1 };

struct DeviceChoice {
  DeviceKind kind = DeviceKind::kCpu;
  int32_t ordinal = 0;                // among those of its kind
  bool required = false;              // absent: Error(kDeviceAbsent) in place of the CPU
  int32_t n_threads = 0;              // of the CPU
  CpuPath cpu_path = CpuPath::kAuto;  // kFloat32, kReference: of CUDA too, no operand is rounded
  int32_t gpu_layers = -1;            // of CUDA: layers of a model whose weights stay there; -1: of all
  bool offload = false;               // of CUDA: inputs of layers wait for the backward pass in the host's memory
  std::string cuda_library = {};      // as open_cuda_library() says
};

struct ChosenDevice {
  std::unique_ptr<const Device> device;
  DeviceKind kind = DeviceKind::kCpu;
  int32_t ordinal = 0;
  int32_t gpu_layers = -1;  // likewise
  bool offload = false;     // likewise
  std::string fallback;     // why it is not the one asked for; empty where it is
};

// Throws Error(kInvalidArgument) for an ordinal below 0, Error(kDeviceAbsent) for what is required and not there, and
// what CpuDevice throws.
ChosenDevice choose_device(const DeviceChoice& choice);

}  // namespace chaku
