#include "train/parameters.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "device/cpu_device.h"
#include "model/tiny_decoder.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr uint32_t bit(Module m) { return 1u << static_cast<int32_t>(m); }

}  // namespace

TEST(lora_list) {
  const auto model = tiny_decoder({});
  const ParameterList list = lora_parameters(model->spec(), {bit(Module::kAttnV) | bit(Module::kOutput), 3});
  CHECK_EQ(list.items.size(), 6u);
  const Parameter& b = list.items[3];
  CHECK(b.module == Module::kAttnV && b.kind == TensorKind::kLoraB && b.layer == 1);
  CHECK((b.shape == Shape{16, 3}));
  CHECK((list.items[4].shape == Shape{3, 32}) && list.items[4].layer == -1);
  for (size_t i = 0; i < list.items.size(); ++i) {
    CHECK(list.items[i].offset % 16 == 0);
    const int64_t next = i + 1 < list.items.size() ? list.items[i + 1].offset : list.n_floats;
    CHECK(next >= list.items[i].offset + list.items[i].size());
    CHECK(list.items[i].decays());
  }
}

TEST(full_list) {
  TinyOptions o;
  o.biases = o.head_norms = true;
  o.tied = false;
  const ParameterList rich = full_parameters(*tiny_decoder(o), false);
  CHECK_EQ(rich.items.size(), 2u + 2u + 2u * (4 + 14));
  CHECK_EQ(std::count_if(rich.items.begin(), rich.items.end(), [](const Parameter& p) { return p.decays(); }), 2 + 14);
  const ParameterList plain = full_parameters(*tiny_decoder({}), false);
  CHECK_EQ(plain.items.size(), 2u + 2u * (2 + 7));
}

TEST(lora_start) {
  const auto model = tiny_decoder({});
  const ParameterList list = lora_parameters(model->spec(), {bit(Module::kFfnDown), 16});
  const CpuDevice one(1, CpuPath::kReference), three(3, CpuPath::kReference);
  ParameterStore store(one, list), same(three, list), other(one, list);
  store.initialize_lora(5);
  same.initialize_lora(5);
  other.initialize_lora(6);
  const float bound = 1.0f / std::sqrt(40.0f);
  float largest = 0.0f;
  bool differs = false;
  for (const Parameter& p : list.items)
    for (int64_t i = 0; i < p.size(); ++i) {
      const float value = store.data(p, Slot::kValue)[i];
      CHECK_EQ(value, same.data(p, Slot::kValue)[i]);
      differs |= value != other.data(p, Slot::kValue)[i];
      largest = std::max(largest, std::fabs(value));
      if (p.kind == TensorKind::kLoraB) CHECK_EQ(value, 0.0f);
    }
  CHECK(differs);
  CHECK(largest <= bound && largest > 0.95f * bound);
  // layers start from different values
  CHECK(store.data(list.items[0], Slot::kValue)[0] != store.data(list.items[2], Slot::kValue)[0]);
}

TEST(full_start_is_the_dequantized_model) {
  TinyOptions o;
  o.dtype = DType::kQ8_0;
  o.ff_width = 64;
  o.biases = true;
  const auto model = tiny_decoder(o);
  ParameterStore store(model->engine().device(), full_parameters(*model, false));
  store.initialize_copies(*model);
  const Weights copies = store.weights(*model);
  CHECK(copies.output.w.data == copies.token_embedding.data && copies.token_embedding.dtype == DType::kF32);
  std::vector<float> expected(64 * 32);
  const Matrix& down = model->weights().layers[1].linears[kLinearDown].w;
  dequantize(down.dtype, down.data, expected.data(), 64 * 32);
  CHECK(std::memcmp(copies.layers[1].linears[kLinearDown].w.data, expected.data(), 64 * 32 * sizeof(float)) == 0);
  CHECK_EQ(copies.layers[0].linears[kLinearQ].bias[3], model->weights().layers[0].linears[kLinearQ].bias[3]);
  CHECK_EQ(copies.layers[0].norms[kNormFfn][3], model->weights().layers[0].norms[kNormFfn][3]);
  const Gradients gradients = store.gradients(model->spec(), true);
  CHECK(gradients.output.w == gradients.token_embedding && gradients.output.bias != nullptr);
}
