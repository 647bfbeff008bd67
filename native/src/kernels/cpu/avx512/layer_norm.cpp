#define CHAKU_ISA avx512
#include "kernels/cpu/generic/layer_norm.inl"
