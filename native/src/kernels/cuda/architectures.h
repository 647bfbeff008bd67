// Which devices a library of kernels runs on.
#pragma once

#include <cstdlib>

namespace chaku::cuda {

// `built` as nvcc was told, "80,86,90a": code of x.y runs on devices x.z with z >= y; code of an "a" on x.y alone.
// Source: CUDA C++ Programming Guide, binary compatibility.
inline bool has_kernels_for(const char* built, int major, int minor) noexcept {
  while (*built != '\0') {
    char* end = nullptr;
    const int number = static_cast<int>(std::strtol(built, &end, 10));
    if (end == built) return false;
    const bool exact = *end == 'a';
    if (number / 10 == major && (exact ? number % 10 == minor : number % 10 <= minor)) return true;
    built = end + (exact ? 1 : 0);
    if (*built == ',') ++built;
  }
  return false;
}

}  // namespace chaku::cuda
