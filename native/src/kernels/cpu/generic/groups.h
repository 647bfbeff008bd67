// How a group of products is run: runs of products of few tokens together, the others one by one.
#pragma once

#include "kernels/cpu/generic/simd.h"
#include "kernels/matmul.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kMostTogether = 8;  // products of one section

// few(problems, n) for up to kMostTogether products of at most few_tokens tokens each; one(problem) for the others.
template <class Few, class One>
CHAKU_INLINE void split_group(const MatmulGroup& group, int64_t few_tokens, Few few, One one) {
  for (int64_t begin = 0; begin < group.n;) {
    int64_t end = begin;
    while (end < group.n && end - begin < kMostTogether && group.problems[end].m <= few_tokens) ++end;
    if (end > begin) few(group.problems + begin, end - begin);
    else one(group.problems[end++]);
    begin = end;
  }
}

}  // namespace chaku::CHAKU_ISA
