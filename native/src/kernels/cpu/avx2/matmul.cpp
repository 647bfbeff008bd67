#define CHAKU_ISA avx2
#define CHAKU_CODES "kernels/cpu/avx2/codes.h"
#include "kernels/cpu/generic/matmul.inl"
