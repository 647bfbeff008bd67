// The gated delta rule on the emulated device, in shapes that suit it.
#include "kernels/delta_rule.h"

#include "kernels/paths.h"

using namespace chaku;
using namespace chaku::test;

namespace {

struct Heads {
  int32_t keys, values, key_dim, value_dim;
  bool tiled;
};

constexpr Heads kHeads[] = {
    {1, 1, 1, 1, false}, {2, 4, 16, 6, true}, {2, 6, 15, 3, false}, {1, 2, 140, 9, false}, {1, 1, 300, 2, false}};

// A token alone, few, and as many as make several chunks, the last one shorter.
constexpr AttentionSpan kSpans[] = {{0, 1, 0, 1}, {1, 3, 1, 3}, {3, 20, 3, 20}};
constexpr int64_t kTokens = 20;

struct Inputs {
  Floats qkv, beta, alpha, rate;
  DeltaRuleProblem p;
};

Inputs make_inputs(const Heads& h) {
  Inputs in;
  DeltaRuleProblem& p = in.p;
  const int64_t keys = int64_t{h.keys} * h.key_dim;
  p.stride = 2 * keys + int64_t{h.values} * h.value_dim + 3;
  in.qkv = random_vector(kTokens * p.stride, 1);
  std::fill_n(in.qkv.begin(), keys, 0.0f);  // a query without length
  in.beta = random_vector(kTokens * h.values, 2, 2.0f);
  in.alpha = random_vector(kTokens * h.values, 3, 2.0f);
  in.rate = random_vector(h.values, 4);
  for (float& r : in.rate) r = -std::exp(r) / 4;
  p.q = in.qkv.data();
  p.k = p.q + keys;
  p.v = p.k + keys;
  p.beta = in.beta.data();
  p.alpha = in.alpha.data();
  p.rate = in.rate.data();
  p.n_key_heads = h.keys;
  p.n_value_heads = h.values;
  p.key_dim = h.key_dim;
  p.value_dim = h.value_dim;
  p.tiled = h.tiled;
  p.spans = kSpans;
  p.n_spans = 3;
  return in;
}

std::string describe(const char* op, const Heads& h) {
  return std::string(op) + " Hk" + std::to_string(h.keys) + " Hv" + std::to_string(h.values) + " dk" +
         std::to_string(h.key_dim) + " dv" + std::to_string(h.value_dim);
}

}  // namespace

TEST(packed_rows_with_states) {
  for (const Heads& h : kHeads) {
    const Inputs in = make_inputs(h);
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
  for (const Heads& h : kHeads) {
    const Inputs in = make_inputs(h);
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
