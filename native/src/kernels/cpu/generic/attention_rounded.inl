// Attention on operands that are rounded; that of generated tokens is bound by memory, and in float32 on avx512.
#pragma once

#include "kernels/cpu/generic/attention_forward.inl"
#include "kernels/cpu/generic/attention_gradients.inl"
#include "kernels/cpu/paths.h"

namespace chaku::CHAKU_ISA {

template <class Operands>
static void attention_of_many(const AttentionProblem& p, Queue& queue) {
  const auto attend_with = [&](const PackedKeys<Operands>* packed) {
    attend_all<Operands>(p, queue,
                         [&](const QueryBlock& block, KeyRange range, const ForwardScratch<Operands>& scratch,
                             RunningRows& running) { attend_many(p, block, range, packed, scratch, running); });
  };
  if (!PackedKeys<Operands>::pays(p)) return attend_with(nullptr);
  ThreadPool::Turn turn(queue.threads());
  const PackedKeys<Operands> packed(p, queue, turn.shared());
  attend_with(&packed);
}

template <class Operands>
static void attention_rounded(const AttentionProblem& p, Queue& queue) {
  if (p.head_dim > kMostHeadDim || p.role == Role::kGenerated) return avx512::table().attention(p, queue);
  if (p.role == Role::kPrompt) return attention_of_many<Operands>(p, queue);
  for_each_run(
      p, [&](const AttentionProblem& run) { attention_of_many<Operands>(run, queue); },
      [&](const AttentionProblem& run) { avx512::table().attention(run, queue); });
}

template <class Operands>
static void attention_backward_rounded(const AttentionBackwardProblem& p, Queue& queue) {
  if (p.forward.head_dim > kMostHeadDim) return avx512::table().attention_backward(p, queue);
  const auto with_spans = [&](const AttentionProblem& run) {
    AttentionBackwardProblem part = p;
    part.forward = run;
    return part;
  };
  for_each_run(
      p.forward, [&](const AttentionProblem& run) { attention_gradients<Operands>(with_spans(run), queue); },
      [&](const AttentionProblem& run) { avx512::table().attention_backward(with_spans(run), queue); });
}

}  // namespace chaku::CHAKU_ISA
