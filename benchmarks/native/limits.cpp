#include "limits.h"

#include <immintrin.h>
#include <time.h>

#include <algorithm>

#include "base/aligned_buffer.h"

namespace chaku::bench {
namespace {

constexpr int kSums = 12;  // independent sums: more than latency times throughput, fewer than registers
constexpr int64_t kFmaSteps = 20'000'000;

// Twelve named sums, because an array of them may end up in memory. The assembler barrier makes each a stranger to the
// compiler, which would otherwise see that they are equal.
#define CHAKU_EACH_SUM(X) X(a) X(b) X(c) X(d) X(e) X(f) X(g) X(h) X(i) X(j) X(k) X(l)
#define CHAKU_BARRIER(r) : r(a), r(b), r(c), r(d), r(e), r(f), r(g), r(h), r(i), r(j), r(k), r(l)

__attribute__((target("avx512f"))) float fma_avx512(int64_t steps) {
  const __m512 x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(1e-3f);
#define CHAKU_DEFINE(v) __m512 v = y;
#define CHAKU_FMA(v) v = _mm512_fmadd_ps(v, x, y);
#define CHAKU_ADD(v) total = total + v;
  CHAKU_EACH_SUM(CHAKU_DEFINE)
  for (int64_t s = 0; s < steps; ++s) {
    CHAKU_EACH_SUM(CHAKU_FMA)
    __asm__ volatile("" CHAKU_BARRIER("+v"));
  }
  __m512 total = _mm512_setzero_ps();
  CHAKU_EACH_SUM(CHAKU_ADD)
  return total[0];
#undef CHAKU_FMA
}

__attribute__((target("avx512f,avx512bf16"))) float dot_bf16(int64_t steps) {
  const __m512bh x = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3c003c00));
  const __m512 y = _mm512_set1_ps(1e-3f);
#define CHAKU_DOT(v) v = _mm512_dpbf16_ps(v, x, x);
  CHAKU_EACH_SUM(CHAKU_DEFINE)
  for (int64_t s = 0; s < steps; ++s) {
    CHAKU_EACH_SUM(CHAKU_DOT)
    __asm__ volatile("" CHAKU_BARRIER("+v"));
  }
  __m512 total = _mm512_setzero_ps();
  CHAKU_EACH_SUM(CHAKU_ADD)
  return total[0];
#undef CHAKU_DEFINE
#undef CHAKU_DOT
}

#if CHAKU_HAVE_AMX
// Four products of tiles a step, each into sums of its own, as the kernels have them. The tiles hold zeros: a processor
// takes the same time for them.
float dot_tiles(int64_t steps) {
  struct alignas(64) {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } config;
  __asm__ volatile("ldtilecfg %0" ::"m"(config));
  for (int64_t s = 0; s < steps; ++s)
    __asm__ volatile(
        "tdpbf16ps %tmm6, %tmm4, %tmm0\n tdpbf16ps %tmm7, %tmm4, %tmm1\n"
        "tdpbf16ps %tmm6, %tmm5, %tmm2\n tdpbf16ps %tmm7, %tmm5, %tmm3");
  __asm__ volatile("tilerelease");
  return 0;
}
#endif

__attribute__((target("avx2,fma"))) float fma_avx2(int64_t steps) {
  const __m256 x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(1e-3f);
#define CHAKU_DEFINE(v) __m256 v = y;
#define CHAKU_FMA(v) v = _mm256_fmadd_ps(v, x, y);
  CHAKU_EACH_SUM(CHAKU_DEFINE)
  for (int64_t s = 0; s < steps; ++s) {
    CHAKU_EACH_SUM(CHAKU_FMA)
    __asm__ volatile("" CHAKU_BARRIER("+x"));
  }
  __m256 total = _mm256_setzero_ps();
  CHAKU_EACH_SUM(CHAKU_ADD)
  return total[0];
#undef CHAKU_DEFINE
#undef CHAKU_FMA
#undef CHAKU_ADD
}

__attribute__((target("avx2"))) float sum_avx2(const float* p, int64_t n) {
  __m256 sums[8];
  for (__m256& s : sums) s = _mm256_setzero_ps();
  for (int64_t i = 0; i + 64 <= n; i += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(p + i + 512), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(p + i + 528), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(p + i + 544), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(p + i + 560), _MM_HINT_T0);
    for (int j = 0; j < 8; ++j) sums[j] = sums[j] + _mm256_loadu_ps(p + i + 8 * j);
  }
  for (int j = 1; j < 8; ++j) sums[0] = sums[0] + sums[j];
  return sums[0][0];
}

volatile float sink;
clockid_t clock_in_use = CLOCK_MONOTONIC;

}  // namespace

double seconds_now() {
  timespec now;
  clock_gettime(clock_in_use, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void use_cpu_time() { clock_in_use = CLOCK_PROCESS_CPUTIME_ID; }

double measure_fma_gflops(CpuPath path, Queue& queue) {
  struct Loop {
    float (*run)(int64_t);
    double flops;  // of a step
  };
  Loop loop = {nullptr, 0};
  if (path == CpuPath::kAvx2) loop = {fma_avx2, 2.0 * 8 * kSums};
  if (path == CpuPath::kAvx512 || path == CpuPath::kAvx512Vnni) loop = {fma_avx512, 2.0 * 16 * kSums};
  if (path == CpuPath::kAvx512Bf16) loop = {dot_bf16, 4.0 * 16 * kSums};
#if CHAKU_HAVE_AMX
  if (path == CpuPath::kAmx) loop = {dot_tiles, 4 * 2.0 * 16 * 16 * 32};
#endif
  if (loop.run == nullptr) return 0;
  const int64_t steps = path == CpuPath::kAmx ? kFmaSteps / 10 : kFmaSteps;  // one of tiles takes ten times as long
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const double start = seconds_now();
    queue.parallel_for(queue.n_threads(), 1, [&](int64_t, int64_t, int) { sink = loop.run(steps); });
    best = std::max(best, loop.flops * static_cast<double>(steps) * queue.n_threads() / (seconds_now() - start) / 1e9);
  }
  return best;
}

double measure_read_gbps(Queue& queue) {
  constexpr int64_t kFloats = int64_t{128} << 20;
  AlignedArray<float> memory(kFloats);
  constexpr int64_t kGrain = int64_t{64} << 10;
  queue.parallel_for(kFloats, kGrain,
                     [&](int64_t b, int64_t e, int) { std::fill(&memory[b], &memory[b] + (e - b), 1.0f); });
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const double start = seconds_now();
    queue.parallel_for(kFloats, kGrain, [&](int64_t b, int64_t e, int) { sink = sum_avx2(&memory[b], e - b); });
    best = std::max(best, 4.0 * kFloats / (seconds_now() - start) / 1e9);
  }
  return best;
}

}  // namespace chaku::bench
