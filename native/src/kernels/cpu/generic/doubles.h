// Vectors of float64: half as many lanes as floats.
#pragma once

#include "kernels/cpu/generic/simd.h"

namespace chaku::CHAKU_ISA {

#if defined(__AVX512F__)

using D = __m512d;
CHAKU_INLINE D broadcast_f64(double v) { return _mm512_set1_pd(v); }
CHAKU_INLINE D low_f64(F v) { return _mm512_cvtps_pd(_mm512_castps512_ps256(v)); }
CHAKU_INLINE D high_f64(F v) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)); }
CHAKU_INLINE F join_f64(D low, D high) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low)), _mm512_cvtpd_ps(high), 1);
}
CHAKU_INLINE void store_f64(double* p, D v) { _mm512_storeu_pd(p, v); }
// a < b ? yes : no
CHAKU_INLINE D select_less(D a, D b, D yes, D no) {
  return _mm512_mask_blend_pd(_mm512_cmp_pd_mask(a, b, _CMP_LT_OQ), no, yes);
}

CHAKU_INLINE bool any_less(D a, D b) { return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ) != 0; }

#else

using D = __m256d;
CHAKU_INLINE D broadcast_f64(double v) { return _mm256_set1_pd(v); }
CHAKU_INLINE D low_f64(F v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
CHAKU_INLINE D high_f64(F v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }
CHAKU_INLINE F join_f64(D low, D high) { return _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low)); }
CHAKU_INLINE void store_f64(double* p, D v) { _mm256_storeu_pd(p, v); }
CHAKU_INLINE D select_less(D a, D b, D yes, D no) { return _mm256_blendv_pd(no, yes, _mm256_cmp_pd(a, b, _CMP_LT_OQ)); }

CHAKU_INLINE bool any_less(D a, D b) { return _mm256_movemask_pd(_mm256_cmp_pd(a, b, _CMP_LT_OQ)) != 0; }

#endif

}  // namespace chaku::CHAKU_ISA
