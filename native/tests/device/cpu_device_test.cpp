#include "device/cpu_device.h"

#include "base/error.h"
#include "device/choice.h"
#include "device/staged_tensor.h"
#include "test.h"

using namespace chaku;

namespace {

Code code_of(const DeviceChoice& choice) {
  try {
    choose_device(choice);
  } catch (const Error& e) {
    CHECK(std::strstr(e.what(), "[engine] expected") != nullptr);
    return e.code();
  }
  return Code::kOk;
}

}  // namespace

TEST(placing_on_the_cpu_is_the_identity) {
  const CpuDevice device(1, CpuPath::kReference);
  const float values[] = {1, 2, 3, 4};
  Matrix matrix{values, DType::kF32, 2, 2};
  const DeviceBuffer memory = device.place(matrix);
  CHECK(matrix.data == values && memory.data() == nullptr);
  const PlacedTensor placed = StagedTensor::borrowed(matrix).place(device);
  CHECK(placed.matrix.data == values && placed.host.data() == nullptr);
}

TEST(memory_is_zeroed_and_copies_arrive) {
  const CpuDevice device(1, CpuPath::kReference);
  const DeviceBuffer buffer(device, 12);
  const int32_t one = 1;
  device.upload(buffer.data() + 4, &one, 4);
  int32_t back[3] = {9, 9, 9};
  device.download(back, buffer.data(), 12);
  CHECK(back[0] == 0 && back[1] == 1 && back[2] == 0);
}

TEST(tensors_are_copied_decoded_and_aligned) {
  const CpuDevice device(1, CpuPath::kReference);
  alignas(4) const uint8_t bytes[9] = {0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40};  // 1.0f and 2.0f, one byte off
  StagedTensor off = StagedTensor::borrowed({bytes + 1, DType::kF32, 1, 2});
  CHECK(!off.is_aligned());
  off.align();
  CHECK(off.is_aligned());
  const PlacedTensor floats = std::move(off).place(device);
  CHECK(static_cast<const float*>(floats.matrix.data)[0] == 1.0f);
  CHECK(static_cast<const float*>(floats.matrix.data)[1] == 2.0f);
  const uint16_t halves[] = {0x3f80, 0xc000};
  StagedTensor encoded = StagedTensor::copied({halves, DType::kBF16, 1, 2});
  encoded.decode();
  const PlacedTensor decoded = std::move(encoded).place(device);
  CHECK(decoded.matrix.dtype == DType::kF32 && static_cast<const float*>(decoded.matrix.data)[1] == -2.0f);
}

TEST(a_device_is_required_or_preferred) {
  const DeviceChoice cuda{.kind = DeviceKind::kCuda, .n_threads = 1, .cpu_path = CpuPath::kReference};
  const ChosenDevice instead = choose_device(cuda);
  CHECK(instead.kind == DeviceKind::kCpu && !instead.fallback.empty());
  CHECK(code_of({.kind = DeviceKind::kCuda, .required = true}) == Code::kDeviceAbsent);
  CHECK(code_of({.ordinal = 1, .required = true}) == Code::kDeviceAbsent);
  CHECK(code_of({.ordinal = -1}) == Code::kInvalidArgument);
  CHECK(choose_device({.n_threads = 1, .cpu_path = CpuPath::kReference}).fallback.empty());
}
