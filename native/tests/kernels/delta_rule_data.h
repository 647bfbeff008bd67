// What the gated delta rule is run on in the tests of the processor and of the emulated device.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "kernels/delta_rule.h"
#include "paths.h"

namespace chaku::test {

struct DeltaRuleHeads {
  int32_t keys, values, key_dim, value_dim;
  bool tiled;
};

struct DeltaRuleInputs {
  Floats qkv, beta, alpha, rate;
  std::vector<AttentionSpan> spans;
  DeltaRuleProblem p;
};

inline DeltaRuleInputs delta_rule_inputs(const DeltaRuleHeads& h, std::vector<AttentionSpan> spans) {
  DeltaRuleInputs in;
  in.spans = std::move(spans);
  const int64_t t = in.spans.back().q_end, keys = int64_t{h.keys} * h.key_dim;
  DeltaRuleProblem& p = in.p;
  p.stride = 2 * keys + int64_t{h.values} * h.value_dim + 3;
  in.qkv = random_vector(t * p.stride, 1);
  for (int64_t i = 0; i < keys; ++i) in.qkv[static_cast<size_t>(i)] = 0.0f;  // a query without length
  in.beta = random_vector(t * h.values, 2, 2.0f);
  in.alpha = random_vector(t * h.values, 3, 2.0f);
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
  p.spans = in.spans.data();
  p.n_spans = static_cast<int64_t>(in.spans.size());
  return in;
}

inline std::string describe(const char* op, const DeltaRuleHeads& h) {
  return std::string(op) + " Hk" + std::to_string(h.keys) + " Hv" + std::to_string(h.values) + " dk" +
         std::to_string(h.key_dim) + " dv" + std::to_string(h.value_dim);
}

}  // namespace chaku::test
