#define CHAKU_ISA avx2
#include "kernels/cpu/generic/attention_backward.inl"
