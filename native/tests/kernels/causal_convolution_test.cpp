#include "kernels/causal_convolution.h"

#include "paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

const std::vector<AttentionSpan> kPacked = {{0, 1, 0, 1}, {1, 3, 1, 3}, {3, 40, 3, 40}};

CausalConvolutionProblem problem(const Floats& x, const Floats& w, int64_t channels, int32_t taps, bool silu,
                                 const std::vector<AttentionSpan>& spans) {
  return {.x = x.data(),
          .w = w.data(),
          .channels = channels,
          .taps = taps,
          .silu = silu,
          .spans = spans.data(),
          .n_spans = static_cast<int64_t>(spans.size())};
}

}  // namespace

TEST(packed_rows_of_any_width) {
  for (const int64_t channels : {1, 7, 8, 15, 16, 17, 200})
    for (const int32_t taps : {1, 3, 4, 8})
      for (const bool silu : {false, true}) {
        const Floats x = random_vector(40 * channels, 1), w = random_vector(channels * taps, 2);
        check_paths("causal_convolution C" + std::to_string(channels) + " L" + std::to_string(taps), kConvolution,
                    [&](const KernelTable& table, Queue& queue) {
                      Floats y(x.size(), kUntouched);
                      CausalConvolutionProblem p = problem(x, w, channels, taps, silu, kPacked);
                      p.y = y.data();
                      table.causal_convolution(p, queue);
                      return y;
                    });
      }
}

TEST(chunks_that_hand_on_their_state_equal_the_whole) {
  constexpr int64_t kT = 23, kC = 37;
  for (const int32_t taps : {1, 3, 8}) {
    const Floats x = random_vector(kT * kC, 1), w = random_vector(kC * taps, 2);
    check_paths("causal_convolution in chunks", kConvolution, [&](const KernelTable& table, Queue& queue) {
      Floats whole(x.size()), chunked(x.size()), state(static_cast<size_t>((taps - 1) * kC) + 1);
      const std::vector<AttentionSpan> all = {{0, kT, 0, kT}};
      CausalConvolutionProblem p = problem(x, w, kC, taps, true, all);
      p.y = whole.data();
      table.causal_convolution(p, queue);
      int64_t begin = 0;
      for (const int64_t n : {1, 2, 1, 14, 5}) {
        const std::vector<AttentionSpan> span = {{0, n, 0, begin + n}};
        CausalConvolutionProblem part = problem(x, w, kC, taps, true, span);
        part.x = x.data() + begin * kC;
        part.y = chunked.data() + begin * kC;
        const RunningState kept{begin == 0 ? nullptr : state.data(), state.data()};
        part.states = &kept;
        table.causal_convolution(part, queue);
        begin += n;
      }
      CHECK_EQ(begin, kT);
      CHECK(std::memcmp(whole.data(), chunked.data(), whole.size() * sizeof(float)) == 0);
      chunked.insert(chunked.end(), state.begin(), state.end());
      return chunked;
    });
  }
}

// Each text's state lies state_offset behind its pointers.
TEST(texts_with_states_of_their_own) {
  constexpr int64_t kC = 37, kOffset = 5;
  constexpr int32_t kTaps = 4;
  const Floats x = random_vector(40 * kC, 1), w = random_vector(kC * kTaps, 2);
  const Floats before = random_vector(3 * kTaps * kC + kOffset, 3);
  check_paths("causal_convolution of texts", kConvolution, [&](const KernelTable& table, Queue& queue) {
    const auto run = [&](bool together) {
      Floats y(x.size(), kUntouched), after(before.size(), kUntouched);
      std::vector<RunningState> states;
      for (size_t s = 0; s < kPacked.size(); ++s)
        states.push_back({s == 1 ? nullptr : &before[s * kTaps * kC], &after[s * kTaps * kC]});
      CausalConvolutionProblem p = problem(x, w, kC, kTaps, true, kPacked);
      p.y = y.data();
      p.states = states.data();
      p.state_offset = kOffset;
      if (together) table.causal_convolution(p, queue);
      p.n_spans = 1;
      for (size_t s = 0; !together && s < kPacked.size(); ++s, ++p.spans, ++p.states)
        table.causal_convolution(p, queue);
      y.insert(y.end(), after.begin(), after.end());
      return y;
    };
    const Floats together = run(true);
    CHECK(together == run(false));
    return together;
  });
}

TEST(backward) {
  for (const int64_t channels : {1, 15, 16, 33})
    for (const int32_t taps : {1, 3, 4, 8})
      for (const bool silu : {false, true}) {
        const Floats x = random_vector(40 * channels, 1), w = random_vector(channels * taps, 2);
        const Floats dy = random_vector(40 * channels, 3), before = random_vector(channels * taps, 4);
        check_paths("causal_convolution_backward C" + std::to_string(channels), kConvolution,
                    [&](const KernelTable& table, Queue& queue) {
                      Floats out(dy);  // dx in place of dy, then dw
                      out.insert(out.end(), before.begin(), before.end());
                      table.causal_convolution_backward({.forward = problem(x, w, channels, taps, silu, kPacked),
                                                         .dy = out.data(),
                                                         .dx = out.data(),
                                                         .dw = out.data() + dy.size()},
                                                        queue);
                      return out;
                    });
      }
}
