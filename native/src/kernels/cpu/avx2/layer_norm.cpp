#define CHAKU_ISA avx2
#include "kernels/cpu/generic/layer_norm.inl"
