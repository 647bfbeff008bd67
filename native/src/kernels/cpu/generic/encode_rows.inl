// Encoders of super-blocks with sub-blocks in lanes: the searches of quant/scale_search.h and quant/super_block.h with
// their operations in their order, so that blocks have the same bits. An element of a sub-block is added to sum i % 4;
// the four are added as (0 + 2) + (1 + 3). What these formats share is said there; here is how it is computed. Products
// of codes, and of codes with a half times an integer, are exact in float32: fusing them with a sum changes no bit.
//
// Sixteen sub-blocks are searched at once: a super-block of those that have sixteen, else two.
#pragma once

#include "kernels/cpu/generic/doubles.h"
#include "kernels/cpu/generic/lanes.h"
#include "kernels/cpu/generic/ops.h"
#include "kernels/cpu/generic/simd.h"
#include "kernels/queue.h"
#include "quant/blocks.h"
#include "quant/codec.h"
#include "quant/codec_families.h"
#include "quant/effort.h"
#include "quant/quick_codec.h"

namespace chaku::CHAKU_ISA {

constexpr int kSubs = 16;
constexpr int kWide = kSubs / kLanes;  // vectors of a number of each sub-block
constexpr float kTinyExtent = 1e-30f;
constexpr float kHuge = __builtin_huge_valf();

// A number of each sub-block.
struct W {
  F v[kWide];
};

template <class Op>
CHAKU_INLINE W each(Op op) {
  W out;
  for (int i = 0; i < kWide; ++i) out.v[i] = op(i);
  return out;
}
CHAKU_INLINE W operator+(const W& a, const W& b) {
  return each([&](int i) { return a.v[i] + b.v[i]; });
}
CHAKU_INLINE W operator-(const W& a, const W& b) {
  return each([&](int i) { return a.v[i] - b.v[i]; });
}
CHAKU_INLINE W operator*(const W& a, const W& b) {
  return each([&](int i) { return a.v[i] * b.v[i]; });
}
CHAKU_INLINE W operator/(const W& a, const W& b) {
  return each([&](int i) { return a.v[i] / b.v[i]; });
}
CHAKU_INLINE W wide(float x) {
  return each([&](int) { return broadcast(x); });
}
CHAKU_INLINE W load_wide(const float* p) {
  return each([&](int i) { return load(p + i * kLanes); });
}
CHAKU_INLINE void store_wide(float* p, const W& a) {
  for (int i = 0; i < kWide; ++i) store(p + i * kLanes, a.v[i]);
}
CHAKU_INLINE W smaller(const W& a, const W& b) {
  return each([&](int i) { return minimum(a.v[i], b.v[i]); });
}
CHAKU_INLINE W larger(const W& a, const W& b) {
  return each([&](int i) { return maximum(a.v[i], b.v[i]); });
}
// a < b ? yes : no
CHAKU_INLINE W select_less(const W& a, const W& b, const W& yes, const W& no) {
  return each([&](int i) { return select(less(a.v[i], b.v[i]), yes.v[i], no.v[i]); });
}
CHAKU_INLINE bool any_less(const W& a, const W& b) {
  bool found = false;
  for (int i = 0; i < kWide; ++i) found = found || any(less(a.v[i], b.v[i]));
  return found;
}
CHAKU_INLINE W negative(const W& a) { return wide(-0.0f) - a; }
CHAKU_INLINE W absolute(const W& a) { return larger(a, negative(a)); }
CHAKU_INLINE W rounded(const W& a) {
  return each([&](int i) { return round_to_even(a.v[i]); });
}
// a * b + c and c - a * b, rounded once.
CHAKU_INLINE W fused(const W& a, const W& b, const W& c) {
  return each([&](int i) { return fma(a.v[i], b.v[i], c.v[i]); });
}
CHAKU_INLINE W fused_rest(const W& c, const W& a, const W& b) {
  return each([&](int i) { return fnma(a.v[i], b.v[i], c.v[i]); });
}
CHAKU_INLINE W clamped(const W& a, const W& lo, const W& hi) { return smaller(larger(a, lo), hi); }
// The whole number of [lo, hi] nearest to a; the bounds are whole, so that the order of the two does not matter.
CHAKU_INLINE W nearest_level(const W& a, const W& lo, const W& hi) { return rounded(clamped(a, lo, hi)); }
CHAKU_INLINE W truncated(const W& a) {
#if defined(__AVX512F__)
  return each([&](int i) { return _mm512_roundscale_ps(a.v[i], _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); });
#else
  return each([&](int i) { return _mm256_round_ps(a.v[i], _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); });
#endif
}
CHAKU_INLINE W reciprocal_or_zero(const W& a) {
  const W one = wide(1.0f), tiny = wide(__FLT_DENORM_MIN__), size = absolute(a);
  return select_less(size, tiny, wide(0.0f), one / select_less(size, tiny, one, a));
}

// One of four sums, added in the order of quant/lanes.h.
struct Sum {
  W part[4];

  CHAKU_INLINE Sum none() { return {{wide(0), wide(0), wide(0), wide(0)}}; }
  CHAKU_INLINE W total(const Sum& s) { return (s.part[0] + s.part[2]) + (s.part[1] + s.part[3]); }
};

// Sub-blocks with elements in lanes, each kSubs numbers apart: x, and w where elements do not all weigh one.
struct SubBlocks {
  const float* x;
  const float* w;
  int n;  // elements of a sub-block
};

// consider(x, w) of every element, in groups of four: body(i % 4, x, w).
template <bool kWeighted, class Body>
CHAKU_INLINE void for_elements(const SubBlocks& b, Body body) {
  for (int i = 0; i < b.n; i += 4)
    for (int part = 0; part < 4; ++part) {
      const W x = load_wide(b.x + (i + part) * kSubs);
      if constexpr (kWeighted)
        body(part, x, load_wide(b.w + (i + part) * kSubs));
      else
        body(part, x, W{});
    }
}

// w * a
template <bool kWeighted>
CHAKU_INLINE W weigh(const W& w, const W& a) {
  if constexpr (kWeighted)
    return w * a;
  else
    return a;
}

// sum + w q^2, wq being w q.
template <bool kWeighted>
CHAKU_INLINE W add_square(const W& q, const W& wq, const W& sum) {
  if constexpr (kWeighted)
    return sum + wq * q;
  else
    return fused(q, q, sum);
}

// ---- super-blocks with minima

struct WideFit {
  W scale, min, error;
};

struct Totals {
  D count[2 * kWide], sum[2 * kWide];  // of w and of w x, in float64
  D mean[2 * kWide];                   // sum / count, or 0
};

CHAKU_INLINE D half_of(const W& a, int i) { return i % 2 == 0 ? low_f64(a.v[i / 2]) : high_f64(a.v[i / 2]); }

// solve_affine(..., min_not_positive = true)
CHAKU_INLINE WideFit solve_affine(const W& sq, const W& sqq, const W& sxq, const Totals& totals) {
  D scales[2 * kWide], mins[2 * kWide], errors[2 * kWide];
  const D zero64 = broadcast_f64(0), two = broadcast_f64(2);
  for (int i = 0; i < 2 * kWide; ++i) {
    const D q = half_of(sq, i), qq = half_of(sqq, i), xq = half_of(sxq, i), w0 = totals.count[i], wx = totals.sum[i];
    const D det = w0 * qq - q * q, least = broadcast_f64(1e-7) * w0 * qq;
    const D scale_of_codes = (w0 * xq - wx * q) / det, min_of_codes = (qq * wx - q * xq) / det;
    D scale = select_less(least, det, scale_of_codes, zero64);
    D min = select_less(least, det, min_of_codes, totals.mean[i]);
    if (any_less(zero64, min)) {
      const D scale_alone = select_less(zero64, qq, xq / qq, zero64);
      scale = select_less(zero64, min, scale_alone, scale);
      min = select_less(zero64, min, zero64, min);
    }
    const D error =
        broadcast_f64(-2) * (scale * xq + min * wx) + scale * scale * qq + two * scale * min * q + min * min * w0;
    const D refused = broadcast_f64(static_cast<double>(kHuge));
    errors[i] = select_less(scale, zero64, refused, error);
    scales[i] = scale;
    mins[i] = min;
  }
  const auto join = [](const D* d) { return each([&](int i) { return join_f64(d[2 * i], d[2 * i + 1]); }); };
  return {join(scales), join(mins), join(errors)};
}

// The closed form for the codes under an inverse scale and a minimum, which no element is below if kAbove.
template <bool kWeighted, bool kAbove>
CHAKU_INLINE WideFit affine_fit(const SubBlocks& b, const W& inverse, const W& min, float hi, const Totals& totals) {
  Sum sq = Sum::none(), qq = Sum::none(), xq = Sum::none();
  const W none = wide(0), most = wide(hi);
  for_elements<kWeighted>(b, [&](int part, const W& x, const W& w) {
    const W real = (x - min) * inverse;
    const W q = kAbove ? rounded(smaller(real, most)) : nearest_level(real, none, most);
    const W wq = weigh<kWeighted>(w, q);
    sq.part[part] = sq.part[part] + wq;
    qq.part[part] = add_square<kWeighted>(q, wq, qq.part[part]);
    xq.part[part] = xq.part[part] + wq * x;
  });
  return solve_affine(Sum::total(sq), Sum::total(qq), Sum::total(xq), totals);
}

CHAKU_INLINE void take_better(const WideFit& fit, const W& error, WideFit& best) {
  best.scale = select_less(error, best.error, fit.scale, best.scale);
  best.min = select_less(error, best.error, fit.min, best.min);
  best.error = select_less(error, best.error, fit.error, best.error);
}

// fit_affine(..., min_not_positive = true)
template <bool kWeighted>
static WideFit fit_affine(const SubBlocks& b, float hi, Effort effort) {
  constexpr float kFrom = -1.2f, kStep = 0.15f;
  constexpr int kSteps = 17;
  const int stride = sweep_stride(effort), rounds = effort == Effort::kFull ? 3 : 1;
  W min = load_wide(b.x), max = min;
  Totals totals;
  for (int i = 0; i < 2 * kWide; ++i) totals.count[i] = totals.sum[i] = broadcast_f64(0);
  for_elements<kWeighted>(b, [&](int, const W& x, const W& w) {
    min = smaller(x, min);
    max = larger(x, max);
    for (int i = 0; i < 2 * kWide; ++i) {
      const D weight = kWeighted ? half_of(w, i) : broadcast_f64(1);
      totals.count[i] = totals.count[i] + weight;
      totals.sum[i] = totals.sum[i] + weight * half_of(x, i);
    }
  });
  for (int i = 0; i < 2 * kWide; ++i) {
    const D none64 = broadcast_f64(0);
    totals.mean[i] = select_less(none64, totals.count[i], totals.sum[i] / totals.count[i], none64);
  }
  const W none = wide(0), tiny = wide(kTinyExtent), refused = wide(kHuge);
  min = select_less(none, min, none, min);
  WideFit best{none, min, none};
  {
    D errors[2 * kWide];
    for (int i = 0; i < 2 * kWide; ++i) {
      const D m = half_of(min, i);
      errors[i] = broadcast_f64(-2) * m * totals.sum[i] + m * m * totals.count[i];
    }
    best.error = each([&](int i) { return join_f64(errors[2 * i], errors[2 * i + 1]); });
  }
  const W range = max - min;
  for (int step = 0; step < kSteps; step += stride) {
    const W codes = wide(hi + kFrom + kStep * static_cast<float>(step));
    const WideFit fit =
        affine_fit<kWeighted, true>(b, codes / select_less(range, tiny, wide(1), range), min, hi, totals);
    take_better(fit, select_less(range, tiny, refused, fit.error), best);
  }
  W open = select_less(range, tiny, none, wide(1));  // 1 where codes are to be chosen again
  for (int round = 0; round < rounds; ++round) {
    open = select_less(tiny, best.scale, open, none);
    if (!any_less(none, open)) break;
    const W inverse = wide(1) / select_less(tiny, best.scale, best.scale, wide(1));
    const WideFit fit = affine_fit<kWeighted, false>(b, inverse, best.min, hi, totals);
    const W error = select_less(none, open, fit.error, refused);
    open = select_less(error, best.error, open, none);
    take_better(fit, error, best);
  }
  return best;
}

// fit_min: the best minimum and its error.
template <bool kWeighted>
CHAKU_INLINE WideFit fit_min(const SubBlocks& b, const W& scale, const W& min, float hi) {
  const W none = wide(0), most = wide(hi), tiny = wide(kTinyExtent);
  const W inverse = select_less(tiny, scale, wide(1) / select_less(tiny, scale, scale, wide(1)), none);
  Sum sum = Sum::none(), weight = Sum::none(), squares = Sum::none();
  for_elements<kWeighted>(b, [&](int part, const W& x, const W& w) {
    const W r = fused_rest(x, scale, nearest_level((x - min) * inverse, none, most));
    const W wr = weigh<kWeighted>(w, r);
    sum.part[part] = sum.part[part] + wr;
    if constexpr (kWeighted) weight.part[part] = weight.part[part] + w;
    squares.part[part] = squares.part[part] + wr * r;
  });
  const W w0 = kWeighted ? Sum::total(weight) : wide(static_cast<float>(b.n)), wr = Sum::total(sum);
  const W mean = wr / select_less(none, w0, w0, wide(1));
  const W best = select_less(none, w0, select_less(none, mean, none, mean), none);
  return {scale, best, Sum::total(squares) - best * (wide(2) * wr - best * w0)};
}

template <bool kWeighted>
CHAKU_INLINE W affine_error(const SubBlocks& b, const W& scale, const W& min, float hi) {
  const W none = wide(0), most = wide(hi), inverse = reciprocal_or_zero(scale);
  Sum sum = Sum::none();
  for_elements<kWeighted>(b, [&](int part, const W& x, const W& w) {
    const W r = fused_rest(x, scale, nearest_level((x + min) * inverse, none, most)) + min;
    sum.part[part] = sum.part[part] + weigh<kWeighted>(w, r) * r;
  });
  return Sum::total(sum);
}

// The nearest finite half.
CHAKU_INLINE float to_half(float v) {
  const float finite = v < -65504.0f ? -65504.0f : v > 65504.0f ? 65504.0f : v;
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtps_ph(_mm_set_ss(finite), _MM_FROUND_TO_NEAREST_INT)));
}
CHAKU_INLINE uint16_t half_bits(float half) {
  return static_cast<uint16_t>(_mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(half), _MM_FROUND_TO_NEAREST_INT)));
}

struct AffineFormat {
  float code_hi, scale_hi;
  Effort effort;
};

// What AffineSearch of quant/affine_super_block.cpp does, for kSupers super-blocks with kSubs sub-blocks together.
template <bool kWeighted, int kSupers>
class AffineLanes {
 public:
  static constexpr int kOwn = kSubs / kSupers;  // sub-blocks of a super-block

  AffineLanes(const SubBlocks& subs, const AffineFormat& format) : b_(subs), format_(format) {}

  void run() {
    const WideFit fitted = fit_affine<kWeighted>(b_, format_.code_hi, format_.effort);
    fitted_scale_ = fitted.scale;
    fitted_min_ = fitted.min;
    float scales[kSubs];
    store_wide(scales, fitted_scale_);
    float largest[kSupers] = {};
    for (int s = 0; s < kSubs; ++s)
      if (scales[s] > largest[s / kOwn]) largest[s / kOwn] = scales[s];
    for (Choice& best : best_) best.error = kHuge;
    for (int back = 0; back < (quick() ? 1 : 3); ++back) {
      float d[kSupers], dmin[kSupers];
      bool open[kSupers];
      for (int p = 0; p < kSupers; ++p) {
        d[p] = to_half(largest[p] / (format_.scale_hi - static_cast<float>(back)));
        open[p] = true;
      }
      guess_dmin(d, dmin);
      consider(d, dmin, open);
    }
    if (!quick()) descend();
  }

  struct Choice {
    float d, dmin, error, solved_d, solved_dmin;
    float scale[kOwn], min[kOwn];
  };
  const Choice& best(int super) const { return best_[super]; }

  // Codes of all sub-blocks as bytes, [kSubs, sub_size].
  void codes(uint8_t* bytes) const {
    float scales[kSubs], mins[kSubs];
    for (int s = 0; s < kSubs; ++s) {
      const Choice& best = best_[s / kOwn];
      scales[s] = best.d * best.scale[s % kOwn];
      mins[s] = best.dmin * best.min[s % kOwn];
    }
    const W inverse = reciprocal_or_zero(load_wide(scales)), min = load_wide(mins);
    float q[32 * kSubs];
    for (int i = 0; i < b_.n; ++i)
      store_wide(q + i * kSubs,
                 nearest_level((load_wide(b_.x + i * kSubs) + min) * inverse, wide(0), wide(format_.code_hi)));
    to_bytes(q, kSubs, b_.n, bytes, b_.n);
  }

 private:
  bool quick() const { return format_.effort == Effort::kQuick; }

  CHAKU_INLINE W spread(const float* of_super) {
    float all[kSubs];
    for (int s = 0; s < kSubs; ++s) all[s] = of_super[s / kOwn];
    return load_wide(all);
  }

  CHAKU_INLINE W nearest_integer(const W& v, const W& unit) {
    return rounded(smaller(v * reciprocal_or_zero(unit), wide(1000)));
  }

  void guess_dmin(const float* d, float* dmin) const {
    const W unit = spread(d), k = smaller(nearest_integer(fitted_scale_, unit), wide(format_.scale_hi));
    const WideFit fit = fit_min<kWeighted>(b_, unit * k, fitted_min_, format_.code_hi);
    float mins[kSubs];
    store_wide(mins, fit.min);
    for (int p = 0; p < kSupers; ++p) {
      float largest = 0;
      for (int s = p * kOwn; s < (p + 1) * kOwn; ++s)
        if (-mins[s] > largest) largest = -mins[s];
      dmin[p] = to_half(largest / format_.scale_hi);
    }
  }

  // choose(): the best pairs of integers, and their errors.
  WideFit choose(const W& d, const W& dmin) const {
    constexpr float kHopeless = 1.1f;
    const W none = wide(0), most = wide(format_.scale_hi), guess = nearest_integer(fitted_scale_, d);
    const W refused = wide(kHuge), inverse_dmin = reciprocal_or_zero(dmin);
    WideFit best{none, none, refused};
    for (const float k : {0.0f, -1.0f, 1.0f}) {
      if (k != 0 && quick()) break;
      const W scale = clamped(guess + wide(k), none, most), real = d * scale;
      const WideFit fit = fit_min<kWeighted>(b_, real, fitted_min_, format_.code_hi);
      const W limit = wide(kHopeless) * best.error;
      const W m = truncated(smaller(negative(fit.min) * inverse_dmin, wide(1000)));
      for (const float more : {0.0f, 1.0f}) {
        const W min = smaller(m + wide(more), most);
        const W error = affine_error<kWeighted>(b_, real, dmin * min, format_.code_hi);
        take_better({scale, min, error}, select_less(limit, fit.error, refused, error), best);
      }
    }
    return best;
  }

  // The sums of the closed form in (d, dmin).
  struct Normal {
    float xq[kSubs], qq[kSubs], x[kSubs], q[kSubs], one[kSubs];
  };

  void sum_normal(const W& scale, const W& min, Normal& out) const {
    const W none = wide(0), most = wide(format_.code_hi), inverse = reciprocal_or_zero(scale);
    Sum xq = Sum::none(), qq = Sum::none(), sx = Sum::none(), sq = Sum::none(), one = Sum::none();
    for_elements<kWeighted>(b_, [&](int part, const W& x, const W& w) {
      const W q = nearest_level((x + min) * inverse, none, most);
      const W wx = weigh<kWeighted>(w, x), wq = weigh<kWeighted>(w, q);
      xq.part[part] = xq.part[part] + wx * q;
      qq.part[part] = add_square<kWeighted>(q, wq, qq.part[part]);
      sx.part[part] = sx.part[part] + wx;
      sq.part[part] = sq.part[part] + wq;
      if constexpr (kWeighted) one.part[part] = one.part[part] + w;
    });
    store_wide(out.xq, Sum::total(xq));
    store_wide(out.qq, Sum::total(qq));
    store_wide(out.x, Sum::total(sx));
    store_wide(out.q, Sum::total(sq));
    store_wide(out.one, kWeighted ? Sum::total(one) : wide(static_cast<float>(b_.n)));
  }

  static void solve(const Normal& sums, int from, Choice& choice) {
    double xu = 0, uu = 0, xv = 0, uv = 0, vv = 0;
    for (int s = 0; s < kOwn; ++s) {
      const double u = static_cast<double>(choice.scale[s]), v = static_cast<double>(choice.min[s]);
      xu += u * static_cast<double>(sums.xq[from + s]);
      uu += u * u * static_cast<double>(sums.qq[from + s]);
      xv += v * static_cast<double>(sums.x[from + s]);
      uv += u * v * static_cast<double>(sums.q[from + s]);
      vv += v * v * static_cast<double>(sums.one[from + s]);
    }
    choice.solved_d = choice.d;
    choice.solved_dmin = choice.dmin;
    const double det = uu * vv - uv * uv;
    double a = uu > 0 ? xu / uu : 0, b = 0;
    if (det > 1e-6 * uu * vv) {
      a = (xu * vv - xv * uv) / det;
      b = (xu * uv - xv * uu) / det;
      if (b < 0) {
        a = xu / uu;
        b = 0;
      }
    }
    if (a <= 0) return;
    choice.solved_d = to_half(static_cast<float>(a));
    choice.solved_dmin = to_half(static_cast<float>(b));
  }

  // Steps 3 and 4 of those that are open; leaves open those for which these units beat the best so far.
  void consider(const float* d, const float* dmin, bool* open) {
    const W unit = spread(d), unit_min = spread(dmin);
    const WideFit chosen = choose(unit, unit_min);
    float scale[kSubs], min[kSubs], error[kSubs];
    store_wide(scale, chosen.scale);
    store_wide(min, chosen.min);
    store_wide(error, chosen.error);
    float total[kSupers] = {};
    bool better = false;
    for (int p = 0; p < kSupers; ++p) {
      for (int s = 0; s < kOwn; ++s) total[p] += error[p * kOwn + s];
      open[p] = open[p] && total[p] < best_[p].error;
      better = better || open[p];
    }
    if (!better) return;
    Normal normal;
    if (!quick()) sum_normal(unit * chosen.scale, unit_min * chosen.min, normal);
    for (int p = 0; p < kSupers; ++p) {
      if (!open[p]) continue;
      Choice& best = best_[p];
      best.d = d[p];
      best.dmin = dmin[p];
      best.error = total[p];
      for (int s = 0; s < kOwn; ++s) {
        best.scale[s] = scale[p * kOwn + s];
        best.min[s] = min[p * kOwn + s];
      }
      if (!quick()) solve(normal, p * kOwn, best);
    }
  }

  void descend() {
    constexpr int kRounds = 3;
    bool open[kSupers];
    for (bool& o : open) o = true;
    for (int round = 0; round < kRounds; ++round) {
      float d[kSupers], dmin[kSupers];
      bool any_open = false;
      for (int p = 0; p < kSupers; ++p) {
        const Choice& best = best_[p];
        open[p] = open[p] && !(best.solved_d == best.d && best.solved_dmin == best.dmin);
        any_open = any_open || open[p];
        d[p] = best.solved_d;
        dmin[p] = best.solved_dmin;
      }
      if (!any_open) return;
      consider(d, dmin, open);
    }
  }

  SubBlocks b_;
  AffineFormat format_;
  W fitted_scale_, fitted_min_;
  Choice best_[kSupers];
};

// ---- super-blocks without minima, of sixteen sub-blocks and equally spaced levels

struct SymmetricFormat {
  float level_lo, level_hi, scale_lo, scale_hi;
  Effort effort;
};

// What SymmetricSearch of quant/symmetric_super_block.cpp does.
template <bool kWeighted>
class SymmetricLanes {
 public:
  SymmetricLanes(const SubBlocks& subs, const SymmetricFormat& format) : b_(subs), format_(format) {}

  void run() {
    W max = wide(0);
    for_elements<false>(b_, [&](int, const W& x, const W&) { max = larger(absolute(x), max); });
    fitted_ = fit(max);
    float fits[kSubs], sizes[kSubs], extreme = 0, most = 0;
    store_wide(fits, fitted_);
    store_wide(sizes, max);
    for (int s = 0; s < kSubs; ++s) {
      if (__builtin_fabsf(fits[s]) > __builtin_fabsf(extreme)) extreme = fits[s];
      if (sizes[s] > most) most = sizes[s];
    }
    error_ = kHuge;
    for (const float top : {format_.scale_lo, format_.scale_lo + 1, format_.scale_hi}) {
      descend(to_half(extreme / top));
      if (quick()) return;
    }
    descend(to_half(most / (-format_.level_lo * -format_.scale_lo)));
  }

  float d() const { return d_; }
  const float* scales() const { return scale_; }

  // Codes from the lowest level as bytes, [kSubs, n].
  void codes(uint8_t* bytes) const {
    const W inverse = reciprocal_or_zero(wide(d_) * load_wide(scale_));
    const W lo = wide(format_.level_lo), hi = wide(format_.level_hi);
    float q[32 * kSubs];
    for (int i = 0; i < b_.n; ++i)
      store_wide(q + i * kSubs, nearest_level(load_wide(b_.x + i * kSubs) * inverse, lo, hi) - lo);
    to_bytes(q, kSubs, b_.n, bytes, b_.n);
  }

 private:
  bool quick() const { return format_.effort == Effort::kQuick; }

  // fit_symmetric
  W fit(const W& max) const {
    const float from = format_.level_hi - 1.2f, to = -format_.level_lo + 1.2f, by = 0.17f;
    const int steps = static_cast<int>((to - from) / by) + 1;
    const W none = wide(0), tiny = wide(kTinyExtent), lo = wide(format_.level_lo), hi = wide(format_.level_hi);
    const W size = select_less(max, tiny, wide(1), max);
    W best = none, least = none;
    for (int step = steps - 1; step >= 0; step -= sweep_stride(format_.effort))
      for (const float sign : {1.0f, -1.0f}) {
        const W inverse = wide(sign * (from + by * static_cast<float>(step))) / size;
        Sum xq = Sum::none(), qq = Sum::none();
        for_elements<kWeighted>(b_, [&](int part, const W& x, const W& w) {
          const W q = nearest_level(x * inverse, lo, hi), wq = weigh<kWeighted>(w, q);
          xq.part[part] = xq.part[part] + wq * x;
          qq.part[part] = add_square<kWeighted>(q, wq, qq.part[part]);
        });
        const W sum_xq = Sum::total(xq), sum_qq = Sum::total(qq);
        const W scale = sum_xq / select_less(none, sum_qq, sum_qq, wide(1));
        const W error = select_less(none, sum_qq, negative(sum_xq) * scale, none);
        const W better = select_less(max, tiny, none, error);
        best = select_less(better, least, scale, best);
        least = select_less(better, least, error, least);
      }
    return best;
  }

  struct Sums {
    W error, xl, ll, scale;
  };

  Sums sums(const W& integer, float d) const {
    const W lo = wide(format_.level_lo), hi = wide(format_.level_hi), scale = wide(d) * integer;
    const W inverse = reciprocal_or_zero(scale);
    Sum error = Sum::none(), xl = Sum::none(), ll = Sum::none();
    for_elements<kWeighted>(b_, [&](int part, const W& x, const W& w) {
      const W level = nearest_level(x * inverse, lo, hi), r = fused_rest(x, scale, level);
      const W wl = weigh<kWeighted>(w, level);
      error.part[part] = error.part[part] + weigh<kWeighted>(w, r) * r;
      xl.part[part] = xl.part[part] + wl * x;
      ll.part[part] = add_square<kWeighted>(level, wl, ll.part[part]);
    });
    return {Sum::total(error), Sum::total(xl), Sum::total(ll), integer};
  }

  Sums choose(float d) const {
    const W lo = wide(format_.scale_lo), hi = wide(format_.scale_hi);
    const W guess = nearest_level(fitted_ * reciprocal_or_zero(wide(d)), wide(-200), wide(200));
    Sums best{wide(kHuge), wide(0), wide(0), wide(0)};
    const W around[] = {wide(0), wide(-1), wide(1), wide(-2) * guess};
    for (int i = 0; i < (quick() ? 1 : 4); ++i) {
      const Sums tried = sums(clamped(guess + around[i], lo, hi), d);
      best.scale = select_less(tried.error, best.error, tried.scale, best.scale);
      best.xl = select_less(tried.error, best.error, tried.xl, best.xl);
      best.ll = select_less(tried.error, best.error, tried.ll, best.ll);
      best.error = select_less(tried.error, best.error, tried.error, best.error);
    }
    return best;
  }

  void descend(float d) {
    constexpr int kRounds = 3;
    float least = kHuge;
    for (int round = 0; round <= kRounds && d != 0; ++round) {
      const Sums chosen = choose(d);
      float errors[kSubs], xls[kSubs], lls[kSubs], scales[kSubs], error = 0;
      store_wide(errors, chosen.error);
      store_wide(xls, chosen.xl);
      store_wide(lls, chosen.ll);
      store_wide(scales, chosen.scale);
      double xl = 0, ll = 0;
      for (int s = 0; s < kSubs; ++s) {
        const double scale = static_cast<double>(scales[s]);
        error += errors[s];
        xl += static_cast<double>(xls[s]) * scale;
        ll += static_cast<double>(lls[s]) * scale * scale;
      }
      if (error < error_) {
        error_ = error;
        d_ = d;
        store_wide(scale_, chosen.scale);
      }
      const float solved = ll > 0 ? to_half(static_cast<float>(xl / ll)) : 0;
      if (quick() || !(error < least) || solved == d) return;
      least = error;
      d = solved;
    }
  }

  SubBlocks b_;
  SymmetricFormat format_;
  W fitted_;
  float d_ = 0, error_ = 0, scale_[kSubs] = {};
};

// ---- rows

// What quantize() makes of a value and of an importance.
CHAKU_INLINE F representable(F v) {
  const F bounded = minimum(maximum(v, broadcast(-65504.0f)), broadcast(65504.0f));
#if defined(__AVX512F__)
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, v, _CMP_ORD_Q), bounded);
#else
  return _mm256_and_ps(_mm256_cmp_ps(v, v, _CMP_ORD_Q), bounded);
#endif
}
CHAKU_INLINE F usable_weight(F v) { return select(less(zero(), v), minimum(v, broadcast(1e20f)), zero()); }

// Elements of up to two super-blocks, prepared and in lanes.
struct Loaded {
  float x[2 * kSuperBlock], w[2 * kSuperBlock];              // as they lie
  float lanes_x[2 * kSuperBlock], lanes_w[2 * kSuperBlock];  // [sub_size, kSubs]
  bool weighted;
};

CHAKU_INLINE void load_block(const float* x, const float* importance, int at, Loaded& to) {
  F most = zero();
  for (int i = 0; i < kSuperBlock; i += kLanes) {
    store(to.x + at + i, representable(load(x + i)));
    if (importance == nullptr) continue;
    const F w = usable_weight(load(importance + i));
    store(to.w + at + i, w);
    most = maximum(most, w);
  }
  if (importance != nullptr && !(max_of(most) > 0))  // a block without any importance: as if none were given
    for (int i = 0; i < kSuperBlock; i += kLanes) store(to.w + at + i, broadcast(1.0f));
}

CHAKU_INLINE SubBlocks place_in_lanes(Loaded& loaded, int sub_size) {
  to_lanes(kSubs, sub_size, [&](int64_t sub) { return loaded.x + sub * sub_size; }, loaded.lanes_x);
  if (loaded.weighted)
    to_lanes(kSubs, sub_size, [&](int64_t sub) { return loaded.w + sub * sub_size; }, loaded.lanes_w);
  return {loaded.lanes_x, loaded.lanes_w, sub_size};
}

// The inverse of unpack_scale_min.
CHAKU_INLINE void put_scales(const float* scale, const float* min, uint8_t* packed) {
  for (int s = 0; s < 4; ++s) {
    const int low = static_cast<int>(scale[s]), high = static_cast<int>(scale[s + 4]);
    const int low_min = static_cast<int>(min[s]), high_min = static_cast<int>(min[s + 4]);
    packed[s] = static_cast<uint8_t>(low | (high >> 4) << 6);
    packed[s + 4] = static_cast<uint8_t>(low_min | (high_min >> 4) << 6);
    packed[s + 8] = static_cast<uint8_t>((high & 15) | (high_min & 15) << 4);
  }
}

template <class Choice, class Block>
CHAKU_INLINE void put_affine(const Choice& best, const uint8_t* codes, Block& block) {
  block.d = half_bits(best.d);
  block.dmin = half_bits(best.dmin);
  put_scales(best.scale, best.min, block.scales);
  pack_codes(codes, block);
}

template <bool kWeighted, class Block>
CHAKU_INLINE void encode_affine_pair(Loaded& loaded, const AffineFormat& format, int n, Block* blocks) {
  AffineLanes<kWeighted, 2> lanes(place_in_lanes(loaded, 32), format);
  uint8_t codes[2 * kSuperBlock];
  lanes.run();
  lanes.codes(codes);
  for (int p = 0; p < n; ++p) put_affine(lanes.best(p), codes + p * kSuperBlock, blocks[p]);
}

// Q4_K and Q5_K: two super-blocks at once, the second being the first again where there is no other.
template <class Block>
static void encode_affine(const float* x, const float* importance, int64_t n, const AffineFormat& format,
                          Block* blocks) {
  Loaded loaded;
  loaded.weighted = importance != nullptr;
  for (int64_t at = 0; at < n; at += 2 * kSuperBlock, blocks += 2) {
    const int count = n - at > kSuperBlock ? 2 : 1;
    for (int p = 0; p < 2; ++p) {
      const int64_t from = at + (count == 2 ? p : 0) * kSuperBlock;
      load_block(x + from, importance == nullptr ? nullptr : importance + from, p * kSuperBlock, loaded);
    }
    if (loaded.weighted)
      encode_affine_pair<true>(loaded, format, count, blocks);
    else
      encode_affine_pair<false>(loaded, format, count, blocks);
  }
}

template <bool kWeighted>
CHAKU_INLINE void encode_one(Loaded& loaded, Effort effort, BlockQ6_K& block) {
  SymmetricLanes<kWeighted> lanes(place_in_lanes(loaded, 16), {-32, 31, -128, 127, effort});
  uint8_t codes[kSuperBlock];
  lanes.run();
  lanes.codes(codes);
  block.d = half_bits(lanes.d());
  for (int s = 0; s < kSubs; ++s) block.scales[s] = static_cast<int8_t>(lanes.scales()[s]);
  pack_codes(codes, block);
}

static void encode_q6_k(const float* x, const float* importance, int64_t n, Effort effort, BlockQ6_K* blocks) {
  Loaded loaded;
  loaded.weighted = importance != nullptr;
  for (int64_t at = 0; at < n; at += kSuperBlock, ++blocks) {
    load_block(x + at, importance == nullptr ? nullptr : importance + at, 0, loaded);
    if (loaded.weighted)
      encode_one<true>(loaded, effort, *blocks);
    else
      encode_one<false>(loaded, effort, *blocks);
  }
}

void encode_row(DType dtype, const float* x, const float* importance, int64_t n, Effort effort, void* y) noexcept {
  switch (dtype) {
    case DType::kQ4_K: return encode_affine(x, importance, n, {15, 63, effort}, static_cast<BlockQ4_K*>(y));
    case DType::kQ5_K: return encode_affine(x, importance, n, {31, 63, effort}, static_cast<BlockQ5_K*>(y));
    case DType::kQ6_K: return encode_q6_k(x, importance, n, effort, static_cast<BlockQ6_K*>(y));
    default:
      if (effort == Effort::kQuick) return quantize_quickly(dtype, x, y, n, importance);
      return quantize(dtype, x, y, n, importance);
  }
}

void encode_rows(const EncodeRowsProblem& p, Queue& queue) noexcept {
  const DTypeInfo& info = dtype_info(p.dtype);
  const int64_t n_bytes = p.width / info.block_elements * info.block_bytes;
  queue.parallel_for(p.m, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t m = begin; m < end; ++m)
      encode_row(p.dtype, p.x + m * p.width, p.importance, p.width, Effort::kFull,
                 static_cast<uint8_t*>(p.y) + (p.ids == nullptr ? m : p.ids[m]) * n_bytes);
  });
}

}  // namespace chaku::CHAKU_ISA
