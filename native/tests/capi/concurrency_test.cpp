// One engine and one model, used by pools and a trainer on threads of their own: each gets the bits that it gets
// alone.
#include <cstring>
#include <thread>

#include "capi/support.h"

using namespace chaku::test;

namespace {

std::vector<float> generate(chaku_model* model, int32_t first) {
  SingleText text(model, 64);
  std::vector<int32_t> prompt;
  for (int32_t i = 0; i < 24; ++i) prompt.push_back((first * 7 + i * 5) % 64);
  std::vector<float> all(40 * 64);
  CHECK_OK(text.compute(prompt.data(), 24, CHAKU_ROLE_PROMPT, CHAKU_LOGITS_ALL, all.data(), 24 * 64));
  for (int32_t i = 0; i < 16; ++i) {
    const int32_t token = (first + i) % 64;
    CHECK_OK(text.compute(&token, 1, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_LAST, all.data() + (24 + i) * 64, 64));
  }
  return all;
}

std::vector<float> train(chaku_model* model) {
  LoraOptions lora(24, 1u << CHAKU_ATTN_V);
  lora.lora.dropout = 0.1f;
  TrainerHandle trainer;
  CHECK_OK(chaku_trainer_create(model, &lora.options, trainer.out()));
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < 24; ++i) tokens.push_back((i * 11) % 64);
  const std::vector<float> weights(24, 1.0f);
  const int32_t starts[] = {0, 24};
  auto batch = sized<chaku_batch>();
  batch.n_tokens = 24;
  batch.n_sequences = 1;
  batch.tokens = batch.targets = tokens.data();
  batch.weights = weights.data();
  batch.starts = starts;
  auto step = sized<chaku_step_options>();
  step.learning_rate = 0.01f;
  step.beta1 = 0.9f;
  step.beta2 = 0.999f;
  step.epsilon = 1e-8f;
  step.b_rate_ratio = 1.0f;
  auto loss = sized<chaku_loss>();
  auto result = sized<chaku_step_result>();
  for (int i = 0; i < 8; ++i) {
    batch.index = i;
    CHECK_OK(chaku_trainer_accumulate(trainer, &batch, &loss));
    CHECK_OK(chaku_trainer_step(trainer, &step, &result));
  }
  std::vector<float> b(16 * 2);
  CHECK_OK(chaku_trainer_read(trainer, 1, CHAKU_SLOT_VALUE, b.data(), 32));
  return b;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST(users_of_one_model_do_not_disturb_each_other) {
  EngineHandle engine = make_engine(2);
  ModelHandle model = random_model(engine);
  const std::vector<float> first = generate(model, 1), second = generate(model, 2), trained = train(model);
  CHECK(!same_bits(first, second));
  for (int round = 0; round < 10; ++round) {
    std::vector<float> a, b, c;
    std::thread one([&] { a = generate(model, 1); });
    std::thread two([&] { b = generate(model, 2); });
    std::thread three([&] { c = train(model); });
    one.join();
    two.join();
    three.join();
    CHECK(same_bits(a, first));
    CHECK(same_bits(b, second));
    CHECK(same_bits(c, trained));
  }
}
