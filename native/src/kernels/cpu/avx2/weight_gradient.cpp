#define CHAKU_ISA avx2
#include "kernels/cpu/generic/weight_gradient.inl"
