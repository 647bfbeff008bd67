#include <cmath>

#include "capi/support.h"

using namespace chaku::test;

namespace {

constexpr int32_t kE = 4, kF = 24, kFs = 16;

chaku_expert_options expert_options() {
  auto o = sized<chaku_expert_options>();
  o.n_experts = kE;
  o.n_used = 2;
  o.ff_width = kF;
  o.shared_ff_width = kFs;
  o.gating = CHAKU_GATING_SOFTMAX;
  o.normalize = 1;
  o.weights_scale = 1.0f;
  return o;
}

ModelHandle expert_model(chaku_engine* engine) {
  const Sizes s;
  ModelHandle model;
  const chaku_decoder_options options = decoder_options(s);
  CHECK_OK(chaku_model_create(engine, &options, model.out()));
  set_rope_and_layers(model, s, 10000.0);
  std::vector<chaku_tensor_options> tensors;
  for (const chaku_tensor_options& t : required_tensors(s))
    if (t.module != CHAKU_FFN_GATE && t.module != CHAKU_FFN_UP && t.module != CHAKU_FFN_DOWN) tensors.push_back(t);
  const chaku_expert_options experts = expert_options();
  for (int32_t l = 0; l < s.n_layers; ++l) {
    CHECK_OK(chaku_model_set_experts(model, l, &experts));
    tensors.push_back(tensor(CHAKU_ROUTER, l, kE, s.width));
    tensors.push_back(tensor(CHAKU_EXPERT_GATE, l, kE * kF, s.width));
    tensors.push_back(tensor(CHAKU_EXPERT_UP, l, kE * kF, s.width));
    tensors.push_back(tensor(CHAKU_EXPERT_DOWN, l, kE * s.width, kF));
    tensors.push_back(tensor(CHAKU_SHARED_GATE, l, kFs, s.width));
    tensors.push_back(tensor(CHAKU_SHARED_UP, l, kFs, s.width));
    tensors.push_back(tensor(CHAKU_SHARED_DOWN, l, s.width, kFs));
  }
  uint64_t seed = 0;
  for (const chaku_tensor_options& t : tensors) {
    const bool norm = t.rows == 1;
    CHECK_OK(chaku_model_set_tensor_random(model, &t, norm ? 1.0f : 0.0f, norm ? 0.1f : 0.2f, ++seed));
  }
  CHECK_OK(chaku_model_seal(model));
  return model;
}

}  // namespace

TEST(set_experts_misuse) {
  EngineHandle engine = make_engine(1);
  ModelHandle model;
  const chaku_decoder_options options = decoder_options({});
  CHECK_OK(chaku_model_create(engine, &options, model.out()));
  const chaku_expert_options good = expert_options();
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_model_set_experts(model, 0, &good));  // before the layer
  set_rope_and_layers(model, {}, 10000.0);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_experts(nullptr, 0, &good));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_experts(model, 0, nullptr));
  for (const int32_t bad : {-1, 2, INT32_MAX})
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_experts(model, bad, &good));
  const auto refused = [&](auto change) {
    chaku_expert_options o = good;
    change(o);
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_model_set_experts(model, 0, &o));
  };
  refused([](auto& o) { o.size -= 4; });
  for (const int32_t bad : {0, -1, INT32_MAX, INT32_MIN}) {
    refused([&](auto& o) { o.n_experts = bad; });
    refused([&](auto& o) { o.n_used = bad; });
    refused([&](auto& o) { o.ff_width = bad; });
  }
  refused([](auto& o) { o.shared_ff_width = -1; });
  refused([](auto& o) { o.gating = 3; });
  refused([](auto& o) { o.normalize = 2; });
  refused([](auto& o) { o.weights_scale = INFINITY; });
  CHECK_OK(chaku_model_set_experts(model, 0, &good));
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_model_seal(model));  // tensors are missing
}

TEST(experts_generate_and_train) {
  EngineHandle engine = make_engine();
  ModelHandle model = expert_model(engine);
  LoraOptions lora(16, 1u << CHAKU_ATTN_Q | 1u << CHAKU_EXPERT_UP | 1u << CHAKU_SHARED_DOWN);
  chaku_trainer_options& options = lora.options;
  options.load_balance = 0.01f;
  TrainerHandle trainer;
  CHECK_OK(chaku_trainer_create(model, &options, trainer.out()));
  auto info = sized<chaku_parameter_info>();
  CHECK_OK(chaku_trainer_parameter(trainer, 2, &info));
  CHECK(info.module == CHAKU_EXPERT_UP && info.kind == CHAKU_LORA_A && info.rows == kE * 2 && info.columns == 32);
  CHECK_OK(chaku_trainer_parameter(trainer, 3, &info));
  CHECK(info.module == CHAKU_EXPERT_UP && info.kind == CHAKU_LORA_B && info.rows == kE * kF && info.columns == 2);

  const int32_t tokens[6] = {1, 2, 3, 4, 5, 6}, targets[6] = {2, 3, 4, 5, 6, 7}, starts[2] = {0, 6};
  const float weights[6] = {1, 1, 1, 1, 1, 1};
  auto batch = sized<chaku_batch>();
  batch.n_tokens = 6;
  batch.n_sequences = 1;
  batch.tokens = tokens;
  batch.targets = targets;
  batch.weights = weights;
  batch.starts = starts;
  auto step = sized<chaku_step_options>();
  step.learning_rate = 0.05f;
  step.beta1 = 0.9f;
  step.beta2 = 0.999f;
  step.epsilon = 1e-8f;
  step.b_rate_ratio = 1.0f;
  auto first = sized<chaku_loss>(), loss = sized<chaku_loss>();
  auto result = sized<chaku_step_result>();
  CHECK_OK(chaku_trainer_evaluate(trainer, &batch, &first));
  CHECK(first.balance > 0.5);
  for (int i = 0; i < 20; ++i) {
    CHECK_OK(chaku_trainer_accumulate(trainer, &batch, &loss));
    CHECK_OK(chaku_trainer_step(trainer, &step, &result));
  }
  CHECK_OK(chaku_trainer_evaluate(trainer, &batch, &loss));
  CHECK(loss.loss_sum < 0.5 * first.loss_sum);
}

TEST(routers_are_trained_in_full_training_alone) {
  EngineHandle engine = make_engine();
  ModelHandle model = expert_model(engine);
  auto options = sized<chaku_trainer_options>();
  options.mode = CHAKU_TRAIN_FULL;
  options.max_tokens = 16;
  int32_t without = 0, with = 0;
  {
    TrainerHandle trainer;
    CHECK_OK(chaku_trainer_create(model, &options, trainer.out()));
    CHECK_OK(chaku_trainer_n_parameters(trainer, &without));
  }
  options.train_routers = 1;
  TrainerHandle trainer;
  CHECK_OK(chaku_trainer_create(model, &options, trainer.out()));
  CHECK_OK(chaku_trainer_n_parameters(trainer, &with));
  CHECK_EQ(with, without + 2);  // one a layer
  LoraOptions lora(16, 1u << CHAKU_ATTN_Q);
  lora.options.train_routers = 1;
  TrainerHandle refused;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_create(model, &lora.options, refused.out()));
}
