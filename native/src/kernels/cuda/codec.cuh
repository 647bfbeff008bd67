// The quantizer of quant/ on the device: a block a thread, the codec's bits. nvcc compiles the codec's own sources once
// more, as code of the device; on the emulator they are the core's.
#pragma once

#include "kernels/cuda/code_grids.cuh"

#ifdef __CUDACC__
#include "quant/affine_super_block.cpp"
#include "quant/codec_simple.cpp"
#include "quant/encode_k.cpp"
#include "quant/encode_levels.cpp"
#include "quant/scale_search.cpp"
#include "quant/symmetric_super_block.cpp"
#endif
