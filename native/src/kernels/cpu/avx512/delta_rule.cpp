#define CHAKU_ISA avx512
#include "kernels/cpu/generic/delta_rule.inl"
