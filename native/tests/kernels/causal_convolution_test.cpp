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
        part.state_in = begin == 0 ? nullptr : state.data();
        part.state_out = state.data();
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
