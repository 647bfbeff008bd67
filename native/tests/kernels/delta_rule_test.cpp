#include "kernels/delta_rule_data.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr DeltaRuleHeads kHeads[] = {{1, 1, 1, 1, false},  {2, 4, 16, 16, true},   {2, 6, 15, 17, false},
                                     {1, 3, 33, 40, true}, {2, 2, 128, 128, true}, {1, 2, 256, 20, false},
                                     {1, 1, 300, 5, false}};

int64_t out_size(const DeltaRuleInputs& in) { return in.spans.back().q_end * in.p.n_value_heads * in.p.value_dim; }

}  // namespace

TEST(packed_rows) {
  for (const DeltaRuleHeads& h : kHeads) {
    DeltaRuleInputs in = delta_rule_inputs(h, {{0, 1, 0, 1}, {1, 3, 1, 3}, {3, 30, 3, 30}});
    check_paths(describe("delta_rule", h), kDeltaRule, [&](const KernelTable& table, Queue& queue) {
      Floats o(static_cast<size_t>(out_size(in)), kUntouched);
      DeltaRuleProblem p = in.p;
      p.o = o.data();
      table.delta_rule(p, queue);
      return o;
    });
  }
}

TEST(chunks_that_hand_on_their_state_equal_the_whole) {
  for (const DeltaRuleHeads& h : kHeads) {
    DeltaRuleInputs in = delta_rule_inputs(h, {{0, 20, 0, 20}});
    check_paths(describe("delta_rule in chunks", h), kDeltaRule, [&](const KernelTable& table, Queue& queue) {
      Floats whole(static_cast<size_t>(out_size(in))), chunked(whole.size());
      Floats state(static_cast<size_t>(int64_t{h.values} * h.key_dim * h.value_dim), kUntouched);
      DeltaRuleProblem p = in.p;
      p.o = whole.data();
      table.delta_rule(p, queue);
      int64_t begin = 0;
      for (const int64_t n : {1, 12, 7}) {
        const AttentionSpan span = {0, n, 0, begin + n};
        DeltaRuleProblem part = in.p;
        part.spans = &span;
        part.q += begin * p.stride;
        part.k += begin * p.stride;
        part.v += begin * p.stride;
        part.beta += begin * h.values;
        part.alpha += begin * h.values;
        part.o = chunked.data() + begin * h.values * h.value_dim;
        const RunningState kept{begin == 0 ? nullptr : state.data(), state.data()};
        part.states = &kept;
        table.delta_rule(part, queue);
        begin += n;
      }
      // The reference keeps float64 between tokens, but not between chunks.
      if (&table != &reference_table() && h.key_dim <= kMostVectorKeyDim)
        CHECK(std::memcmp(whole.data(), chunked.data(), whole.size() * sizeof(float)) == 0);
      chunked.insert(chunked.end(), state.begin(), state.end());
      return chunked;
    });
  }
}

// Each text's state lies state_offset behind its pointers.
TEST(texts_with_states_of_their_own) {
  constexpr int64_t kOffset = 7;
  for (const DeltaRuleHeads& h : kHeads) {
    DeltaRuleInputs in = delta_rule_inputs(h, {{0, 1, 0, 1}, {1, 3, 1, 3}, {3, 30, 3, 30}});
    const int64_t size = int64_t{h.values} * h.key_dim * h.value_dim;
    const Floats before = random_vector(3 * size + kOffset, 5);
    check_paths(describe("delta_rule of texts", h), kDeltaRule, [&](const KernelTable& table, Queue& queue) {
      const auto run = [&](bool together) {
        Floats o(static_cast<size_t>(out_size(in)), kUntouched), after(before.size(), kUntouched);
        std::vector<RunningState> states;
        for (int64_t s = 0; s < 3; ++s)
          states.push_back({s == 1 ? nullptr : before.data() + s * size, after.data() + s * size});
        DeltaRuleProblem p = in.p;
        p.o = o.data();
        p.states = states.data();
        p.state_offset = kOffset;
        if (together) table.delta_rule(p, queue);
        p.n_spans = 1;
        for (int s = 0; !together && s < 3; ++s, ++p.spans, ++p.states) table.delta_rule(p, queue);
        o.insert(o.end(), after.begin(), after.end());
        return o;
      };
      const Floats together = run(true);
      CHECK(together == run(false));
      return together;
    });
  }
}

TEST(backward_of_packed_rows) {
  for (const DeltaRuleHeads& h : kHeads)
    for (const int64_t last : {4, 5, 30}) {
      DeltaRuleInputs in = delta_rule_inputs(h, {{0, 1, 0, 1}, {1, 3, 1, 3}, {3, last, 3, last}});
      const Floats d_o = random_vector(out_size(in), 5), drate = random_vector(h.values, 6);
      check_paths(describe("delta_rule_backward", h), kDeltaRuleGradient, [&](const KernelTable& table, Queue& queue) {
        Floats dqkv(in.qkv.size(), kUntouched), gates(2 * in.beta.size(), kUntouched), rates = drate;
        const int64_t keys = int64_t{h.keys} * h.key_dim;
        table.delta_rule_backward({.forward = in.p,
                                   .d_o = d_o.data(),
                                   .dq = dqkv.data(),
                                   .dk = dqkv.data() + keys,
                                   .dv = dqkv.data() + 2 * keys,
                                   .dbeta = gates.data(),
                                   .dalpha = gates.data() + in.beta.size(),
                                   .drate = rates.data()},
                                  queue);
        dqkv.insert(dqkv.end(), gates.begin(), gates.end());
        dqkv.insert(dqkv.end(), rates.begin(), rates.end());
        return dqkv;
      });
    }
}

// So many tokens that the states before each are kept on several levels.
TEST(backward_of_a_long_row) {
  const DeltaRuleHeads h = {1, 1, 200, 3, false};
  DeltaRuleInputs in = delta_rule_inputs(h, {{0, 220, 0, 220}});
  for (float& a : in.alpha) a -= 4.0f;  // forget slowly: early tokens matter to late ones
  const Floats d_o = random_vector(out_size(in), 5);
  check_paths("delta_rule_backward of a long row", kDeltaRuleGradient, [&](const KernelTable& table, Queue& queue) {
    Floats dqkv(in.qkv.size(), kUntouched), gates(2 * in.beta.size(), kUntouched);
    table.delta_rule_backward({.forward = in.p,
                               .d_o = d_o.data(),
                               .dq = dqkv.data(),
                               .dk = dqkv.data() + h.key_dim,
                               .dv = dqkv.data() + 2 * h.key_dim,
                               .dbeta = gates.data(),
                               .dalpha = gates.data() + in.beta.size()},
                              queue);
    dqkv.insert(dqkv.end(), gates.begin(), gates.end());
    return dqkv;
  });
}
