// What of low rank a product adds: to all rows alike, or to some rows each their own.
#pragma once

#include "kernels/cpu/generic/simd.h"
#include "kernels/matmul.h"

namespace chaku::CHAKU_ISA {

struct Tails {
  const LowRankTail* whole;
  const TailOfRows* parts;  // [n], in place of the whole where there are any
  int64_t n;

  // Whether one reads what lies at y.
  bool read(const float* y) const {
    if (!whole->empty() && whole->x == y) return true;
    for (int64_t i = 0; i < n; ++i)
      if (parts[i].tail.x == y) return true;
    return false;
  }

  // run(begin, end, tail or null) for rows [first, last), cut where what they add changes; the tail's x is that of row
  // `begin`.
  template <class Run>
  void for_rows(int64_t first, int64_t last, Run run) const {
    if (n == 0) {
      LowRankTail tail = *whole;
      tail.x += first * tail.x_stride;
      return run(first, last, whole->empty() ? nullptr : &tail);
    }
    for (int64_t i = 0; i < n && first < last; ++i) {
      if (parts[i].end <= first) continue;
      if (const int64_t bare = min(parts[i].begin, last); first < bare) {
        run(first, bare, static_cast<const LowRankTail*>(nullptr));
        first = bare;
      }
      const int64_t end = min(parts[i].end, last);
      if (first >= end) continue;
      LowRankTail tail = parts[i].tail;
      tail.x += (first - parts[i].begin) * tail.x_stride;
      run(first, end, &tail);
      first = end;
    }
    if (first < last) run(first, last, static_cast<const LowRankTail*>(nullptr));
  }
};

CHAKU_INLINE Tails tails_of(const MatmulProblem& p) { return {&p.tail, p.tails, p.n_tails}; }
CHAKU_INLINE Tails tails_of(const MatmulBackwardProblem& p) { return {&p.tail, nullptr, 0}; }

}  // namespace chaku::CHAKU_ISA
