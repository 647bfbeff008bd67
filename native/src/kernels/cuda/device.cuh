// What kernels need beyond C++, each in two forms side by side: PTX for nvcc, the emulator for an ordinary compiler.
// Kernels include this and nothing of CUDA's. Sources: PTX ISA 8.5, chapters on cp.async, ldmatrix, mma and cvt.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#define CHAKU_DEVICE __device__ __forceinline__
#define CHAKU_UNROLL _Pragma("unroll")
#define CHAKU_UNROLL_BY_4 _Pragma("unroll 4")
#define CHAKU_SITE_PARAMETER
#else
#include "base/half.h"
#include "kernels/cuda/simt/matrix.h"
#include "kernels/cuda/simt/vocabulary.h"
#define CHAKU_DEVICE inline
#define CHAKU_UNROLL
#define CHAKU_UNROLL_BY_4
#define CHAKU_SITE_PARAMETER , CHAKU_SIMT_SITE
#endif

// CHAKU_SHARED(name, float[32]) declares an array in shared memory, CHAKU_DYNAMIC_SHARED(name) a std::byte* to what the
// launch asked for, 128-byte aligned.
#ifdef __CUDACC__
namespace chaku::cuda {
// So that an array's type stands before the name.
template <class T>
struct SharedType {
  using Type = T;
};
template <class T>
using SharedOf = typename SharedType<T>::Type;
}  // namespace chaku::cuda
#define CHAKU_SHARED(name, ...) __shared__ ::chaku::cuda::SharedOf<__VA_ARGS__> name
#define CHAKU_DYNAMIC_SHARED(name)                                             \
  extern __shared__ __align__(128) unsigned char chaku_dynamic_shared_bytes[]; \
  std::byte* const name = reinterpret_cast<std::byte*>(chaku_dynamic_shared_bytes)
#else
#define CHAKU_SHARED(name, ...) auto& name = ::chaku::simt::static_shared<std::type_identity_t<__VA_ARGS__>>([] {})
#define CHAKU_DYNAMIC_SHARED(name) std::byte* const name = static_cast<std::byte*>(::chaku::simt::dynamic_shared())
#endif

namespace chaku::cuda {

constexpr uint32_t kAllLanes = 0xffffffffu;
constexpr float kInfinity = __builtin_huge_valf();

CHAKU_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
CHAKU_DEVICE int lane_index() { return static_cast<int>(threadIdx.x) % 32; }
CHAKU_DEVICE int warp_index() { return static_cast<int>(threadIdx.x) / 32; }

// ---- copies from global to shared memory that the thread does not wait for (sm_80 on) -------------------------------

// 16 bytes, or 16 zeros where not `valid` (the source is then not read). Both 16-byte aligned.
CHAKU_DEVICE void copy_async_16(void* shared, const void* global, bool valid CHAKU_SITE_PARAMETER) {
#ifdef __CUDACC__
  const unsigned to = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  const int n_bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(n_bytes) : "memory");
#else
  simt::copy_async(shared, global, 16, valid ? 16 : 0, site);
#endif
}

// As copy_async_16, of 4 bytes.
CHAKU_DEVICE void copy_async_4(void* shared, const void* global, bool valid CHAKU_SITE_PARAMETER) {
#ifdef __CUDACC__
  const unsigned to = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  const int n_bytes = valid ? 4 : 0;
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(global), "r"(n_bytes) : "memory");
#else
  simt::copy_async(shared, global, 4, valid ? 4 : 0, site);
#endif
}

#ifdef __CUDACC__
CHAKU_DEVICE void copy_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
#else
inline void copy_async_commit(CHAKU_SIMT_SITE) { simt::commit_copies(site); }
#endif

// Until at most so many of the committed groups are under way. Of this thread: others need a barrier after it.
template <int kGroupsLeft>
CHAKU_DEVICE void copy_async_wait() {
#ifdef __CUDACC__
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroupsLeft) : "memory");
#else
  simt::wait_for_copies(kGroupsLeft);
#endif
}

// ---- fragments and products of the tensor cores (layouts: simt/matrix.h) --------------------------------------------

// Four 8x8 matrices of 16-bit numbers: lane i has the address of row i % 8 of matrix i / 8.
CHAKU_DEVICE void load_matrices(uint32_t (&r)[4], const void* row CHAKU_SITE_PARAMETER) {
#ifdef __CUDACC__
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
#else
  simt::load_matrix<4, false>(r, row, site);
#endif
}

CHAKU_DEVICE void load_matrices_transposed(uint32_t (&r)[4], const void* row CHAKU_SITE_PARAMETER) {
#ifdef __CUDACC__
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
#else
  simt::load_matrix<4, true>(r, row, site);
#endif
}

// d[16,8] += a[16,16] b[16,8].
CHAKU_DEVICE void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2] CHAKU_SITE_PARAMETER) {
#ifdef __CUDACC__
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  simt::mma(simt::run_mma_bf16, "mma.bf16", d, a, b, site);
#endif
}

CHAKU_DEVICE void mma_f16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2] CHAKU_SITE_PARAMETER) {
#ifdef __CUDACC__
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  simt::mma(simt::run_mma_f16, "mma.f16", d, a, b, site);
#endif
}

// d[16,8] += a[16,32] b[32,8].
CHAKU_DEVICE void mma_s8(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2] CHAKU_SITE_PARAMETER) {
#ifdef __CUDACC__
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  simt::mma(simt::run_mma_s8, "mma.s8", d, a, b, site);
#endif
}

// ---- numbers --------------------------------------------------------------------------------------------------------

// Two bfloat16 in a register, the first in the low half; rounded to nearest even.
CHAKU_DEVICE uint32_t pack_bf16(float low, float high) {
#ifdef __CUDACC__
  uint32_t packed;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
#else
  return f32_to_bf16(low) | static_cast<uint32_t>(f32_to_bf16(high)) << 16;
#endif
}

CHAKU_DEVICE float half_to_float(uint16_t bits) {
#ifdef __CUDACC__
  float f;
  asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(bits));
  return f;
#else
  return f16_to_f32(bits);
#endif
}

CHAKU_DEVICE float bf16_to_float(uint16_t bits) { return __uint_as_float(static_cast<uint32_t>(bits) << 16); }

// 2^x within 2 ulp; 0 for -infinity.
CHAKU_DEVICE float fast_exp2(float x) {
#ifdef __CUDACC__
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return std::exp2(x);
#endif
}

}  // namespace chaku::cuda
