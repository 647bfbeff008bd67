// Choices that stand for a path.
#pragma once

#include "kernels/table.h"

namespace chaku {

// The best of the paths that round no operands to bfloat16: CHAKU_CPU_FLOAT32. A choice, like kAuto: no table has it.
constexpr CpuPath kFloat32Path = static_cast<CpuPath>(7);
CpuPath best_float32_path() noexcept;

}  // namespace chaku
