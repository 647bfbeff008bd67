// Attention on operands that are rounded: spans of many queries on those, spans of few in float32 on avx512.
#pragma once

#include "kernels/cpu/generic/attention_forward.inl"
#include "kernels/cpu/generic/attention_gradients.inl"
#include "kernels/cpu/paths.h"

namespace chaku::CHAKU_ISA {

template <class Operands>
static void attention_rounded(const AttentionProblem& p, ThreadPool& pool) {
  if (p.head_dim > kMostHeadDim) return avx512::table().attention(p, pool);
  for_each_run(
      p,
      [&](const AttentionProblem& run) {
        using Scratch = ForwardScratch<Operands>;
        attend_all<Operands>(
            run, pool, [&](const QueryBlock& block, KeyRange range, const Scratch& scratch, RunningRows& running) {
              attend_many(run, block, range, scratch, running);
            });
      },
      [&](const AttentionProblem& run) { avx512::table().attention(run, pool); });
}

template <class Operands>
static void attention_backward_rounded(const AttentionBackwardProblem& p, ThreadPool& pool) {
  if (p.forward.head_dim > kMostHeadDim) return avx512::table().attention_backward(p, pool);
  const auto with_spans = [&](const AttentionProblem& run) {
    AttentionBackwardProblem part = p;
    part.forward = run;
    return part;
  };
  for_each_run(
      p.forward, [&](const AttentionProblem& run) { attention_gradients<Operands>(with_spans(run), pool); },
      [&](const AttentionProblem& run) { avx512::table().attention_backward(with_spans(run), pool); });
}

}  // namespace chaku::CHAKU_ISA
