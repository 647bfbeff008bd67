#define CHAKU_ISA avx512
#include "kernels/cpu/generic/weight_gradient.inl"
