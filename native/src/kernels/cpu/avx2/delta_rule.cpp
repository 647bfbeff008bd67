#define CHAKU_ISA avx2
#include "kernels/cpu/generic/delta_rule.inl"
