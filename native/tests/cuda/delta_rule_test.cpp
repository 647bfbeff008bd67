// The gated delta rule on the emulated device, in shapes that suit it.
#include "kernels/delta_rule_data.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr DeltaRuleHeads kHeads[] = {
    {1, 1, 1, 1, false}, {2, 4, 16, 6, true}, {2, 6, 15, 3, false}, {1, 2, 140, 9, false}, {1, 1, 300, 2, false}};

// A token alone, few, and as many as make several chunks, the last one shorter.
const std::vector<AttentionSpan> kSpans = {{0, 1, 0, 1}, {1, 3, 1, 3}, {3, 20, 3, 20}};
constexpr int64_t kTokens = 20;

}  // namespace

TEST(packed_rows_with_states) {
  for (const DeltaRuleHeads& h : kHeads) {
    const DeltaRuleInputs in = delta_rule_inputs(h, kSpans);
    const int64_t memory = int64_t{h.values} * h.key_dim * h.value_dim, n_out = kTokens * h.values * h.value_dim;
    const Floats before = random_vector(3 * memory, 5);
    for (const bool stateful : {false, true})
      check_paths(describe("delta_rule", h), kDeltaRule, [&](const KernelTable& table, Queue& queue) {
        Floats out(static_cast<size_t>(n_out + 3 * memory), kUntouched);
        float* after = out.data() + n_out;
        std::vector<RunningState> states;
        for (int64_t s = 0; s < 3; ++s)
          states.push_back({s == 1 ? nullptr : before.data() + s * memory, after + s * memory});
        DeltaRuleProblem p = in.p;
        p.o = out.data();
        p.states = stateful ? states.data() : nullptr;
        table.delta_rule(p, queue);
        return out;
      });
  }
}

TEST(gradients_of_packed_rows) {
  for (const DeltaRuleHeads& h : kHeads) {
    const DeltaRuleInputs in = delta_rule_inputs(h, kSpans);
    const Floats d_o = random_vector(kTokens * h.values * h.value_dim, 5), drate = random_vector(h.values, 6);
    for (const bool rates_too : {true, false})
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
                                   .drate = rates_too ? rates.data() : nullptr},
                                  queue);
        dqkv.insert(dqkv.end(), gates.begin(), gates.end());
        dqkv.insert(dqkv.end(), rates.begin(), rates.end());
        return dqkv;
      });
  }
}
