// Everything of the harness is compiled for the baseline, before the pragma.
#include <math.h>

#include "base/cpu_features.h"
#include "test.h"

static bool machine_has_it() { return chaku::cpu_features().avx512; }

#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
#define CHAKU_ISA math_avx512
#include "math_check.h"
#else
TEST(skipped) { chaku::test::skip(machine_has_it() ? "" : "not an x86-64 processor"); }
#endif
