// A library that has no kernels.
__attribute__((visibility("default"))) int chaku_cuda_nothing(void) { return 0; }
