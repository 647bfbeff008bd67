// How a group of products is run: runs of products of generated tokens together, and runs of others that read the same
// rows.
#pragma once

#include "kernels/cpu/generic/simd.h"
#include "kernels/matmul.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kMostTogether = 8;     // products of a run
constexpr int64_t kMostGemvTokens = 64;  // generated ones that share one passage of the weight

CHAKU_INLINE bool same_rows(const MatmulProblem& a, const MatmulProblem& b) {
  return a.x == b.x && a.x_stride == b.x_stride && a.m == b.m && a.w.columns == b.w.columns;
}

CHAKU_INLINE bool same_rows(const MatmulBackwardProblem& a, const MatmulBackwardProblem& b) {
  return a.dy == b.dy && a.dy_stride == b.dy_stride && a.m == b.m && a.w.rows == b.w.rows;
}

// What is bound by memory: products of generated tokens however many, and in training those of few rows.
template <class Problem>
CHAKU_INLINE bool is_few(const Problem& p) {
  return p.role == Role::kGenerated || (p.role == Role::kTraining && p.m <= 8);
}

// few(problems, n) for neighbours that are few, large(problems, n) for others that read the same rows; up to
// kMostTogether at once.
template <class Problem, class Few, class Large>
CHAKU_INLINE void split_group(const Problem* problems, int64_t n, Few few, Large large) {
  for (int64_t begin = 0, end = 0; begin < n; begin = end) {
    const Problem& first = problems[begin];
    for (end = begin + 1; end < n && end - begin < kMostTogether; ++end)
      if (is_few(problems[end]) != is_few(first) || (!is_few(first) && !same_rows(first, problems[end]))) break;
    if (is_few(first))
      few(problems + begin, end - begin);
    else
      large(problems + begin, end - begin);
  }
}

// run(problems, n) with products of generated tokens, and then with their tails as products of their own, which are
// added.
template <class Run>
CHAKU_INLINE void run_few(const MatmulProblem* problems, int64_t n, Run run) {
  MatmulProblem products[kMostTogether], tails[kMostTogether];
  int64_t n_tails = 0;
  for (int64_t i = 0; i < n; ++i) {
    const MatmulProblem& p = problems[i];
    products[i] = p;
    products[i].tail = {};
    if (!p.tail.empty())
      tails[n_tails++] = {p.tail.x, p.tail.x_stride,        p.tail.w, nullptr, p.y, p.y_stride,
                          p.m,      p.scale * p.tail.scale, true,     {}};
  }
  run(products, n);
  if (n_tails > 0) run(tails, n_tails);
}

// stage(jobs, n) with neighbours that do not depend on each other, as far as the tails of later ones let them.
template <class Job, class Stage>
CHAKU_INLINE void for_each_stage(const Job* jobs, int64_t n, Stage stage) {
  for (int64_t begin = 0, end = 0; begin < n; begin = end) {
    bool free = true;
    for (end = begin; end < n && free; end += free)
      for (int64_t i = begin; i < end; ++i) free = free && !jobs[end].needs(jobs[i]);
    stage(jobs + begin, end - begin);
  }
}

}  // namespace chaku::CHAKU_ISA
