// The level tables of the 4-bit formats whose codes are not equally spaced.
#pragma once

#include <cstdint>

namespace chaku {

// IQ4_NL and IQ4_XS, ascending.
inline constexpr int8_t kIQ4Value[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// MXFP4 and NVFP4: twice the E2M1 value of the code, whose bit 3 is the sign.
inline constexpr int8_t kTwiceE2M1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace chaku
