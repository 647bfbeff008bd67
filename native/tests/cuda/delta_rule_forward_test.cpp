// The gated delta rule on the emulated device, forward: its backward pass has no kernel yet.
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
    {1, 1, 1, 1, false}, {2, 4, 16, 6, true}, {2, 6, 15, 3, false}, {1, 2, 140, 5, false}, {1, 1, 300, 2, false}};

}  // namespace

TEST(packed_rows_with_states) {
  for (const Heads& h : kHeads) {
    const std::vector<AttentionSpan> spans = {{0, 1, 0, 1}, {1, 3, 1, 3}, {3, 20, 3, 20}};
    const int64_t keys = h.keys * h.key_dim, stride = 2 * keys + h.values * h.value_dim + 3, t = 20;
    Floats qkv = random_vector(t * stride, 1), rate = random_vector(h.values, 4);
    std::fill_n(qkv.begin(), keys, 0.0f);  // a query without length
    for (float& r : rate) r = -std::exp(r) / 4;
    const Floats beta = random_vector(t * h.values, 2, 2.0f), alpha = random_vector(t * h.values, 3, 2.0f);
    const int64_t memory = int64_t{h.values} * h.key_dim * h.value_dim;
    const Floats before = random_vector(3 * memory, 5);
    for (const bool stateful : {false, true})
      check_paths("delta_rule dk" + std::to_string(h.key_dim), kDeltaRule, [&](const KernelTable& table, Queue& queue) {
        Floats out(static_cast<size_t>(t * h.values * h.value_dim + 3 * memory), kUntouched);
        float* after = out.data() + t * h.values * h.value_dim;
        std::vector<RunningState> states;
        for (int64_t s = 0; s < 3; ++s)
          states.push_back({s == 1 ? nullptr : before.data() + s * memory, after + s * memory});
        DeltaRuleProblem p;
        p.q = qkv.data();
        p.k = p.q + keys;
        p.v = p.k + keys;
        p.stride = stride;
        p.beta = beta.data();
        p.alpha = alpha.data();
        p.rate = rate.data();
        p.o = out.data();
        p.n_key_heads = h.keys;
        p.n_value_heads = h.values;
        p.key_dim = h.key_dim;
        p.value_dim = h.value_dim;
        p.tiled = h.tiled;
        p.states = stateful ? states.data() : nullptr;
        p.spans = spans.data();
        p.n_spans = 3;
        table.delta_rule(p, queue);
        return out;
      });
  }
}
