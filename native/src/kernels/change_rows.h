// What merging adapters into a weight does to its rows: adding low-rank products, choosing codes that are right along
// the products' directions, and comparing the change that came out with the one that was wanted. Every path gives the
// same bits: sums have one order, and no product is fused with its sum.
#pragma once

#include <cstdint>

#include "quant/dtype.h"

namespace chaku {

// y[m,:] = x[m,:] + sum over r, in order, of c[m,r] d[r,:]; float64, rounded to float32 once.
struct AddLowRankProblem {
  const float* x = nullptr;   // [M,K] contiguous
  const double* c = nullptr;  // [M,R] contiguous
  const float* d = nullptr;   // [R,K] contiguous
  float* y = nullptr;         // [M,K] contiguous, overwritten; may be x
  int64_t m = 0, k = 0, rank = 0;
};

// Blocks of rows x[m,:] whose error e is small by the measure
//   sum over k of e[k]^2 + sum over r of (sum over k of v[k,r] e[k])^2
// in which directions v count more than the rest. Columns are rounded one after another, each aimed so far beside its
// value as makes up best for the errors before it: -u[k,:] s, s[r] being the sum of v[j,r] e[j] over earlier columns j.
// (Babai's nearest plane, known from lattices, for a sum of this form; GPTQ does it with the inverse of all inputs'
// products, sigma-delta converters with one direction.)
//
// Scales are those of `base`, whose own values lie on its grid. A row in which an aim lies half a step or more beyond
// the levels, and every row where there is no base, is tried with scales of a quick search too; the better by the
// measure is taken, the base's of equal ones. Rounding each value by itself errs along R directions as much as along
// any others, which the measure multiplies: where directions are few that may be little. So with fewer than
// kFewDirections the search is the quantizer's own, and its blocks are tried as they are, too.
struct RoundAlongProblem {
  DType dtype = DType::kQ4_0;         // can_choose_codes()
  const float* x = nullptr;           // [M,K] contiguous, |x| <= 65504
  const void* base = nullptr;         // [M,K] in that format, contiguous; or null
  const float* importance = nullptr;  // [K] for the quantizer's search; or null
  const float* v = nullptr;           // [K,R] contiguous
  const float* u = nullptr;           // [K,R] contiguous
  void* y = nullptr;                  // [M,K] in that format, contiguous, overwritten; not base
  int64_t m = 0, k = 0, rank = 0;
};
constexpr int64_t kFewDirections = 8;
// Limits of a row, within which a thread's scratch suffices.
constexpr int64_t kMaxRoundedColumns = int64_t{1} << 18, kMaxRoundedRank = 4096;

// What came of the change that was wanted, of each row and in float64: with D = wanted - base and W = written - base in
// float32, the sums of D^2, of D W and of (W - D)^2. Column k is added to part k % 16; parts are added in order.
struct ChangeSums {
  double wanted, common, lost;
};
struct CompareChangeProblem {
  const float* base = nullptr;     // [M,K] contiguous
  const float* wanted = nullptr;   // [M,K] contiguous
  DType dtype = DType::kF32;       // of what was written
  const void* written = nullptr;   // [M,K] contiguous
  const float* weights = nullptr;  // [K]: what each column counts; or null
  ChangeSums* sums = nullptr;      // [M], overwritten: each column counting one
  ChangeSums* weighted = nullptr;  // [M], overwritten; null where weights is
  int64_t m = 0, k = 0;
};

}  // namespace chaku
