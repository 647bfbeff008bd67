// Marks what CUDA kernels call beside the processor: kernels/cuda/codec.cuh compiles its sources for the device. To
// any other compiler the marks are nothing, or `inline`. For the device all of it is inline: nvcc would put an empty
// function of the same name among the host's.
#pragma once

#ifdef __CUDACC__
#define CHAKU_CODEC __device__ inline
#define CHAKU_CODEC_INLINE __device__ inline
#define CHAKU_CODEC_TABLE static __device__ constexpr
#else
#define CHAKU_CODEC
#define CHAKU_CODEC_INLINE inline
#define CHAKU_CODEC_TABLE inline constexpr
#endif
