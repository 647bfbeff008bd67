// How much a search for scales tries.
#pragma once

namespace chaku {

// How much a search tries. A quick one takes a fifth of the time and errs a few hundredths more: every fourth guess of
// the sweep, codes chosen again once, and of a super-block one unit and the scales nearest to the fitted ones.
enum class Effort { kFull, kQuick };
constexpr int kQuickStride = 4;
constexpr int sweep_stride(Effort effort) noexcept { return effort == Effort::kFull ? 1 : kQuickStride; }

}  // namespace chaku
