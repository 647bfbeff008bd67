// CUDA C++ as an ordinary C++20 compiler understands it, as far as the kernels go: what nvcc declares by itself.
//
// The emulator in one paragraph. A block runs on one OS thread, each of its threads is a fiber that runs until it has
// to wait; a barrier is a switch to the next fiber, a collective of a warp (shuffle, vote, ldmatrix, mma) a rendezvous
// of the lanes that its mask names. Misuse raises Fault: a barrier that some threads do not reach, or reach at
// different places; a collective whose lanes differ in operation, mask or place, or that reads a lane that is not
// there; copies that are not aligned, or that nobody waited for; writes past the end of shared memory; more shared
// memory than the architecture has; memory of the host in a kernel, or of the device in the host. What a GPU leaves
// undefined is made harmful: fresh memory is NaN, as is the target of a cp.async until the wait for it; lanes, warps,
// blocks and streams run in an order that Options::order draws. Under ThreadSanitizer a missing barrier is a data race.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/cuda/simt/thread.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__ __restrict

// Aligned as CUDA's are: UndefinedBehaviorSanitizer then sees the accesses that would trap on a GPU.
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};

#define threadIdx (::chaku::simt::current_thread->index)
#define blockIdx (*::chaku::simt::current_thread->block_index)
#define blockDim (*::chaku::simt::current_thread->block_dim)
#define gridDim (*::chaku::simt::current_thread->grid_dim)
constexpr int warpSize = 32;

#define CHAKU_SIMT_SITE ::chaku::simt::Site site = ::chaku::simt::Site::current()

// ---- barriers and collectives ---------------------------------------------------------------------------------------

namespace chaku::simt {

template <class Operation>
Operation collective(Collective::Run run, const char* name, uint32_t mask, const Site& site) {
  Operation o;
  o.run = run;
  o.name = name;
  o.mask = mask;
  o.site = site;
  return o;
}

template <class T>
T shuffle(const char* name, uint32_t mask, T value, int source, const Site& site) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  Shuffle s = collective<Shuffle>(run_shuffle, name, mask, site);
  s.source = source;
  std::memcpy(&s.value, &value, sizeof(T));
  rendezvous(s);
  std::memcpy(&value, &s.value, sizeof(T));
  return value;
}

inline uint32_t vote(const char* name, uint32_t mask, bool predicate, const Site& site) {
  Vote v = collective<Vote>(run_vote, name, mask, site);
  v.predicate = predicate;
  rendezvous(v);
  return v.ballot;
}

}  // namespace chaku::simt

inline void __syncthreads(CHAKU_SIMT_SITE) { chaku::simt::barrier(0, 0, site); }

inline void __syncwarp(uint32_t mask = chaku::simt::kWholeWarp, CHAKU_SIMT_SITE) {
  using chaku::simt::Collective;
  Collective c = chaku::simt::collective<Collective>(chaku::simt::run_nothing, "__syncwarp", mask, site);
  c.orders_memory = true;
  chaku::simt::rendezvous(c);
}

// The source lane within the lane's segment of `width`; past its end: the lane itself.
template <class T>
T __shfl_sync(uint32_t mask, T value, int source, int width = 32, CHAKU_SIMT_SITE) {
  const int lane = chaku::simt::current_thread->lane;
  return chaku::simt::shuffle("__shfl_sync", mask, value, (lane & ~(width - 1)) | (source & (width - 1)), site);
}
template <class T>
T __shfl_xor_sync(uint32_t mask, T value, int lanes, int width = 32, CHAKU_SIMT_SITE) {
  const int lane = chaku::simt::current_thread->lane, source = lane ^ lanes;
  return chaku::simt::shuffle("__shfl_xor_sync", mask, value, source > (lane | (width - 1)) ? lane : source, site);
}
template <class T>
T __shfl_down_sync(uint32_t mask, T value, unsigned delta, int width = 32, CHAKU_SIMT_SITE) {
  const int lane = chaku::simt::current_thread->lane, source = lane + static_cast<int>(delta);
  return chaku::simt::shuffle("__shfl_down_sync", mask, value, source > (lane | (width - 1)) ? lane : source, site);
}
template <class T>
T __shfl_up_sync(uint32_t mask, T value, unsigned delta, int width = 32, CHAKU_SIMT_SITE) {
  const int lane = chaku::simt::current_thread->lane, source = lane - static_cast<int>(delta);
  return chaku::simt::shuffle("__shfl_up_sync", mask, value, source < (lane & ~(width - 1)) ? lane : source, site);
}
inline uint32_t __ballot_sync(uint32_t mask, bool predicate, CHAKU_SIMT_SITE) {
  return chaku::simt::vote("__ballot_sync", mask, predicate, site);
}
inline int __any_sync(uint32_t mask, bool predicate, CHAKU_SIMT_SITE) {
  return chaku::simt::vote("__any_sync", mask, predicate, site) != 0;
}
inline int __all_sync(uint32_t mask, bool predicate, CHAKU_SIMT_SITE) {
  return chaku::simt::vote("__all_sync", mask, !predicate, site) == 0;
}
inline unsigned __reduce_add_sync(uint32_t mask, unsigned value, CHAKU_SIMT_SITE) {
  using chaku::simt::Reduction;
  Reduction r = chaku::simt::collective<Reduction>(chaku::simt::run_reduction, "__reduce_add_sync", mask, site);
  r.value = value;
  chaku::simt::rendezvous(r);
  return r.value;
}
inline int __reduce_add_sync(uint32_t mask, int value, CHAKU_SIMT_SITE) {
  return static_cast<int>(__reduce_add_sync(mask, static_cast<unsigned>(value), site));
}

// ---- atomics: relaxed, as CUDA's are, so that they order nothing else
// ------------------------------------------------

template <class T>
  requires std::is_integral_v<T>
T atomicAdd(T* p, T v) {
  return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
}
inline float atomicAdd(float* p, float v) {
  unsigned* bits = reinterpret_cast<unsigned*>(p);
  unsigned old = __atomic_load_n(bits, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(bits, &old, std::bit_cast<unsigned>(std::bit_cast<float>(old) + v), true,
                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return std::bit_cast<float>(old);
}
inline int atomicMax(int* p, int v) {
  int old = __atomic_load_n(p, __ATOMIC_RELAXED);
  while (old < v && !__atomic_compare_exchange_n(p, &old, v, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return old;
}
inline unsigned atomicCAS(unsigned* p, unsigned expected, unsigned desired) {
  __atomic_compare_exchange_n(p, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}
inline unsigned atomicExch(unsigned* p, unsigned v) { return __atomic_exchange_n(p, v, __ATOMIC_RELAXED); }
inline void __threadfence() { chaku::simt::fence(); }
inline void __nanosleep(unsigned) { chaku::simt::yield(); }

// ---- arithmetic -----------------------------------------------------------------------------------------------------

template <class T>
T __ldg(const T* p) {
  return *p;
}
inline unsigned __float_as_uint(float f) { return std::bit_cast<unsigned>(f); }
inline float __uint_as_float(unsigned u) { return std::bit_cast<float>(u); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(uint64_t{a} * b >> 32); }
inline int __popc(unsigned x) { return std::popcount(x); }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
// Four signed bytes each: c + a . b.
inline int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 4; ++i) c += static_cast<int8_t>(a >> (8 * i)) * static_cast<int8_t>(b >> (8 * i));
  return c;
}
template <class T>
  requires std::is_arithmetic_v<T>
constexpr T min(T a, T b) {
  return b < a ? b : a;
}
template <class T>
  requires std::is_arithmetic_v<T>
constexpr T max(T a, T b) {
  return a < b ? b : a;
}
