#include <algorithm>
#include <cmath>

#include "capi/support.h"

using namespace chaku::test;

namespace {

LoraOptions lora_options() { return {16, 1u << CHAKU_ATTN_Q | 1u << CHAKU_FFN_DOWN}; }

chaku_step_options step_options() {
  auto o = sized<chaku_step_options>();
  o.learning_rate = 0.01f;
  o.beta1 = 0.9f;
  o.beta2 = 0.999f;
  o.epsilon = 1e-8f;
  o.b_rate_ratio = 1.0f;
  return o;
}

struct Row {
  int32_t tokens[6] = {1, 2, 3, 4, 5, 6}, targets[6] = {2, 3, 4, 5, 6, 7}, starts[3] = {0, 2, 6};
  float weights[6] = {1, 0, 1, 1, 1, 1};
  chaku_batch batch() const {
    auto b = sized<chaku_batch>();
    b.n_tokens = 6;
    b.n_sequences = 2;
    b.tokens = tokens;
    b.targets = targets;
    b.weights = weights;
    b.starts = starts;
    return b;
  }
};

struct Ready {
  EngineHandle engine = make_engine();
  ModelHandle model = random_model(engine);
  TrainerHandle trainer;
  explicit Ready(const LoraOptions& o = lora_options()) {
    CHECK_OK(chaku_trainer_create(model, &o.options, trainer.out()));
  }
};

}  // namespace

TEST(training_lowers_the_loss_and_the_adapter_carries_it_over) {
  Ready t;
  const Row row;
  const chaku_batch batch = row.batch();
  auto before = sized<chaku_loss>(), after = sized<chaku_loss>();
  CHECK_OK(chaku_trainer_evaluate(t.trainer, &batch, &before));
  CHECK_EQ(before.n_weighted, 5);
  CHECK_EQ(before.weight_sum, 5.0);
  const chaku_step_options step = step_options();
  auto result = sized<chaku_step_result>();
  for (int i = 0; i < 30; ++i) {
    CHECK_OK(chaku_trainer_accumulate(t.trainer, &batch, &after));
    CHECK_OK(chaku_trainer_step(t.trainer, &step, &result));
  }
  CHECK_EQ(result.step, 30);
  CHECK_OK(chaku_trainer_evaluate(t.trainer, &batch, &after));
  CHECK(after.loss_sum < 0.5 * before.loss_sum);

  // The trained pairs worn by a text give the loss that the trainer saw.
  AdapterHandle adapter;
  CHECK_OK(chaku_adapter_create(t.model, adapter.out()));
  int32_t n = 0;
  CHECK_OK(chaku_trainer_n_parameters(t.trainer, &n));
  CHECK_EQ(n, 8);
  for (int32_t i = 0; i < n; i += 2) {
    auto a = sized<chaku_parameter_info>(), b = sized<chaku_parameter_info>();
    CHECK_OK(chaku_trainer_parameter(t.trainer, i, &a));
    CHECK_OK(chaku_trainer_parameter(t.trainer, i + 1, &b));
    CHECK(a.kind == CHAKU_LORA_A && b.kind == CHAKU_LORA_B && a.module == b.module && a.layer == b.layer);
    std::vector<float> av(static_cast<size_t>(a.rows * a.columns)), bv(static_cast<size_t>(b.rows * b.columns));
    CHECK_OK(chaku_trainer_read(t.trainer, i, CHAKU_SLOT_VALUE, av.data(), a.rows * a.columns));
    CHECK_OK(chaku_trainer_read(t.trainer, i + 1, CHAKU_SLOT_VALUE, bv.data(), b.rows * b.columns));
    CHECK_OK(chaku_adapter_add(adapter, a.module, a.layer, 2, 1.0f, av.data(), a.rows * a.columns, bv.data(),
                               b.rows * b.columns));
  }
  SingleText text(t.model, 16);
  const float scale = 1.0f;
  CHECK_OK(chaku_sequence_set_adapters(text.text, &adapter.at, &scale, 1));
  double loss = 0;
  for (int s = 0; s < 2; ++s) {
    const int32_t begin = row.starts[s], length = row.starts[s + 1] - begin;
    std::vector<float> logits(static_cast<size_t>(length) * 64);
    CHECK_OK(chaku_sequence_truncate(text.text, 0));
    // Neither a training of few rows nor generated tokens round the operands of products.
    CHECK_OK(
        text.compute(row.tokens + begin, length, CHAKU_ROLE_GENERATED, CHAKU_LOGITS_ALL, logits.data(), length * 64));
    for (int32_t i = 0; i < length; ++i) {
      double sum = 0;
      for (int v = 0; v < 64; ++v) sum += std::exp(static_cast<double>(logits[static_cast<size_t>(i * 64 + v)]));
      loss += row.weights[begin + i] * (std::log(sum) - logits[static_cast<size_t>(i * 64 + row.targets[begin + i])]);
    }
  }
  CHECK(std::fabs(loss - after.loss_sum) < 1e-3);
}

TEST(logits_are_those_that_the_loss_is_taken_from) {
  Ready t;
  const Row row;
  const chaku_batch batch = row.batch();
  auto loss = sized<chaku_loss>();
  CHECK_OK(chaku_trainer_evaluate(t.trainer, &batch, &loss));
  std::vector<float> logits(5 * 64);
  CHECK_OK(chaku_trainer_logits(t.trainer, &batch, logits.data(), 5 * 64));
  double sum = 0;
  int at = 0;
  for (int i = 0; i < 6; ++i) {
    if (row.weights[i] == 0) continue;
    double total = 0;
    for (int v = 0; v < 64; ++v) total += std::exp(static_cast<double>(logits[static_cast<size_t>(at * 64 + v)]));
    sum += std::log(total) - logits[static_cast<size_t>(at * 64 + row.targets[i])];
    ++at;
  }
  CHECK_EQ(at, 5);
  CHECK(std::fabs(sum - loss.loss_sum) < 1e-4);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_logits(t.trainer, &batch, logits.data(), 4 * 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_logits(t.trainer, &batch, nullptr, 5 * 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_logits(nullptr, &batch, logits.data(), 5 * 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_logits(t.trainer, nullptr, logits.data(), 5 * 64));
}

TEST(log_probs_and_backward_do_what_accumulate_does) {
  Ready t;
  const Row row;
  const chaku_batch batch = row.batch();
  auto expected = sized<chaku_loss>(), loss = sized<chaku_loss>();
  CHECK_OK(chaku_trainer_evaluate(t.trainer, &batch, &expected));
  double values[6];
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_trainer_backward(t.trainer, &batch, 1.0, &loss));
  CHECK_OK(chaku_trainer_log_probs(t.trainer, &batch, 0, values, 6));
  double sum = 0;
  for (int i = 0; i < 6; ++i) sum -= row.weights[i] * values[i];
  CHECK(std::fabs(sum - expected.loss_sum) < 1e-6);
  CHECK_OK(chaku_trainer_log_probs(t.trainer, &batch, 1, values, 6));
  CHECK_OK(chaku_trainer_backward(t.trainer, &batch, 2.5, &loss));
  CHECK(loss.weight_sum == 2.5);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_backward(t.trainer, &batch, -1.0, &loss));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_backward(t.trainer, nullptr, 1.0, &loss));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_backward(t.trainer, &batch, 1.0, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_log_probs(t.trainer, &batch, 0, values, 5));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_log_probs(t.trainer, &batch, 0, values, -1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_log_probs(t.trainer, &batch, 0, nullptr, 6));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_log_probs(nullptr, &batch, 0, values, 6));
}

TEST(full_training_lists_every_weight) {
  auto options = lora_options();
  options.options.mode = CHAKU_TRAIN_FULL;
  Ready t(options);
  int32_t n = 0;
  CHECK_OK(chaku_trainer_n_parameters(t.trainer, &n));
  CHECK_EQ(n, 2 + 2 * 9);
  auto info = sized<chaku_parameter_info>();
  CHECK_OK(chaku_trainer_parameter(t.trainer, 0, &info));
  CHECK(info.module == CHAKU_TOKEN_EMBEDDING && info.kind == CHAKU_WEIGHT && info.layer == -1 && info.rows == 64);
}

// attn_q and ffn_down of both layers, in Q8_0 and F16.
struct Merging {
  int32_t formats[12] = {CHAKU_ATTN_Q, 0, 8, CHAKU_FFN_DOWN, 0, 1, CHAKU_ATTN_Q, 1, 8, CHAKU_FFN_DOWN, 1, 1};
  chaku_merge_aware merge = sized<chaku_merge_aware>();
  LoraOptions options = lora_options();
  Merging() {
    merge.every = 3;
    merge.n_formats = 4;
    merge.formats = formats;
    options.lora.merge_aware = &merge;
  }
  Merging(const Merging&) = delete;
};

TEST(merge_aware_training_has_a_frozen_slot) {
  const Merging merging;
  Ready t(merging.options);
  const Row row;
  const chaku_batch batch = row.batch();
  const chaku_step_options step = step_options();
  auto loss = sized<chaku_loss>();
  auto result = sized<chaku_step_result>();
  for (int i = 0; i < 2; ++i) {
    CHECK_OK(chaku_trainer_accumulate(t.trainer, &batch, &loss));
    CHECK_OK(chaku_trainer_step(t.trainer, &step, &result));
  }
  auto info = sized<chaku_parameter_info>();
  CHECK_OK(chaku_trainer_parameter(t.trainer, 0, &info));
  const int64_t n = info.rows * info.columns;
  std::vector<float> values(static_cast<size_t>(n)), frozen(values.size());
  CHECK_OK(chaku_trainer_read(t.trainer, 0, CHAKU_SLOT_VALUE, values.data(), n));
  CHECK_OK(chaku_trainer_read(t.trainer, 0, CHAKU_SLOT_FROZEN, frozen.data(), n));
  CHECK(values != frozen);
  CHECK_OK(chaku_trainer_write(t.trainer, 0, CHAKU_SLOT_FROZEN, values.data(), n));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_read(t.trainer, 0, 5, values.data(), n));
}

TEST(merge_aware_misuse) {
  Ready t;
  TrainerHandle trainer;
  const auto refused = [&](chaku_status status, auto change) {
    Merging m;
    change(m);
    CHECK_FAILS(status, chaku_trainer_create(t.model, &m.options.options, trainer.out()));
    auto plan = sized<chaku_memory_plan>();
    CHECK_FAILS(status, chaku_trainer_plan(t.model, &m.options.options, &plan));
  };
  refused(CHAKU_INVALID_ARGUMENT, [](Merging& m) { m.merge.size = 4; });
  refused(CHAKU_INVALID_ARGUMENT, [](Merging& m) { m.merge.formats = nullptr; });
  for (const int32_t bad : {0, -1, INT32_MAX, INT32_MIN})
    refused(CHAKU_INVALID_ARGUMENT, [&](Merging& m) { m.merge.every = bad; });
  for (const int32_t bad : {0, -1, 3, INT32_MIN})
    refused(CHAKU_INVALID_ARGUMENT, [&](Merging& m) { m.merge.n_formats = bad; });
  for (const int32_t bad : {-1, 4, 17, INT32_MAX}) refused(CHAKU_UNSUPPORTED, [&](Merging& m) { m.formats[2] = bad; });
  for (const int32_t bad : {-1, 2, INT32_MAX}) {
    refused(CHAKU_INVALID_ARGUMENT, [&](Merging& m) { m.formats[1] = bad; });
    refused(CHAKU_INVALID_ARGUMENT, [&](Merging& m) { m.formats[0] = bad; });
  }
  refused(CHAKU_INVALID_ARGUMENT, [](Merging& m) { m.options.options.mode = CHAKU_TRAIN_FULL; });
}

TEST(exceptions_have_ranks_of_their_own) {
  const auto create = [](chaku_model* model, std::vector<int32_t> exceptions, std::vector<float> scales,
                         chaku_trainer** out) {
    LoraOptions o = lora_options();
    o.lora.n_exceptions = static_cast<int32_t>(exceptions.size() / 3);
    o.lora.exceptions = exceptions.empty() ? nullptr : exceptions.data();
    o.lora.exception_scales = scales.empty() ? nullptr : scales.data();
    return chaku_trainer_create(model, &o.options, out);
  };
  Ready t;
  TrainerHandle trainer;
  CHECK_OK(create(t.model, {CHAKU_ATTN_Q, 0, 0, CHAKU_FFN_DOWN, 1, 5}, {0.0f, 0.5f}, trainer.out()));
  int32_t n = 0;
  CHECK_OK(chaku_trainer_n_parameters(trainer, &n));
  CHECK_EQ(n, 6);
  auto info = sized<chaku_parameter_info>();
  CHECK_OK(chaku_trainer_parameter(trainer, 0, &info));
  CHECK(info.module == CHAKU_FFN_DOWN && info.layer == 0 && info.rows == 2);
  CHECK_OK(chaku_trainer_parameter(trainer, 5, &info));
  CHECK(info.module == CHAKU_FFN_DOWN && info.layer == 1 && info.columns == 5);
  const auto refused = [&](std::vector<int32_t> exceptions, std::vector<float> scales) {
    TrainerHandle none;
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, create(t.model, exceptions, scales, none.out()));
  };
  refused({CHAKU_ATTN_Q, 0, 1}, {});
  refused({CHAKU_ATTN_Q, 0, -1}, {1.0f});
  refused({CHAKU_ATTN_Q, 0, 16385}, {1.0f});
  refused({CHAKU_ATTN_Q, 0, 1}, {NAN});
  refused({CHAKU_ATTN_Q, 2, 1}, {1.0f});
  refused({CHAKU_ATTN_Q, -1, 1}, {1.0f});
  refused({CHAKU_ATTN_K, 0, 1}, {1.0f});  // no target
  refused({CHAKU_ATTN_NORM, 0, 1}, {1.0f});
  refused({-1, 0, 1}, {1.0f});
  refused({INT32_MAX, 0, 1}, {1.0f});
  refused({CHAKU_ATTN_Q, 0, 1, CHAKU_ATTN_Q, 0, 2}, {1.0f, 1.0f});
  refused({CHAKU_ATTN_Q, 0, 0, CHAKU_ATTN_Q, 1, 0, CHAKU_FFN_DOWN, 0, 0, CHAKU_FFN_DOWN, 1, 0}, {1, 1, 1, 1});
}

TEST(create_and_plan_misuse) {
  Ready t;
  TrainerHandle trainer;
  const LoraOptions good = lora_options();
  auto plan = sized<chaku_memory_plan>();
  CHECK_OK(chaku_trainer_plan(t.model, &good.options, &plan));
  CHECK(plan.total_bytes > plan.weight_bytes && plan.parameter_bytes > 0 && plan.optimizer_bytes > 0);
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_plan(nullptr, &good.options, &plan));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_plan(t.model, nullptr, &plan));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_plan(t.model, &good.options, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_create(nullptr, &good.options, trainer.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_create(t.model, nullptr, trainer.out()));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_create(t.model, &good.options, nullptr));
  const auto refused = [&](chaku_status status, auto change) {
    LoraOptions o = good;
    change(o);
    CHECK_FAILS(status, chaku_trainer_create(t.model, &o.options, trainer.out()));
    CHECK(trainer.at == nullptr);
  };
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.options.size = 12; });
  for (const int32_t bad : {-1, 2, INT32_MAX}) refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.options.mode = bad; });
  for (const int32_t bad : {0, -1, INT32_MAX, INT32_MIN}) {
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.options.max_tokens = bad; });
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.lora.rank = bad; });
  }
  for (const float bad : {NAN, INFINITY}) refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.lora.scale = bad; });
  for (const float bad : {NAN, 1.0f, -0.1f}) refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.lora.dropout = bad; });
  for (const uint32_t bad : {0u, 1u, 1u << CHAKU_ATTN_NORM, ~0u})
    refused(CHAKU_INVALID_ARGUMENT, [&](auto& o) { o.lora.targets = bad; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.options.lora = nullptr; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.lora.size = 12; });
  refused(CHAKU_INVALID_ARGUMENT, [](auto& o) { o.options.memory_limit_bytes = INT64_MIN; });
  refused(CHAKU_MEMORY_LIMIT, [](auto& o) { o.options.memory_limit_bytes = 1000; });
  refused(CHAKU_MEMORY_LIMIT,
          [](auto& o) { o.options.max_tokens = 1 << 24, o.options.memory_limit_bytes = int64_t{1} << 30; });
}

TEST(batch_misuse) {
  Ready t;
  const Row row;
  const chaku_batch good = row.batch();
  auto loss = sized<chaku_loss>();
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_accumulate(nullptr, &good, &loss));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_accumulate(t.trainer, nullptr, &loss));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_accumulate(t.trainer, &good, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_evaluate(nullptr, &good, &loss));
  const auto refused = [&](auto change) {
    chaku_batch b = good;
    change(b);
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_accumulate(t.trainer, &b, &loss));
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_evaluate(t.trainer, &b, &loss));
  };
  refused([](auto& b) { b.size = 0; });
  refused([](auto& b) { b.tokens = nullptr; });
  refused([](auto& b) { b.targets = nullptr; });
  refused([](auto& b) { b.weights = nullptr; });
  refused([](auto& b) { b.starts = nullptr; });
  for (const int32_t bad : {0, -1, INT32_MAX, INT32_MIN}) {
    refused([&](auto& b) { b.n_tokens = bad; });
    refused([&](auto& b) { b.n_sequences = bad; });
  }
  refused([](auto& b) { b.n_tokens = 5; });
  refused([](auto& b) { b.index = -1; });
  refused([](auto& b) { b.index = INT64_MAX; });
  loss.size = 1;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_accumulate(t.trainer, &good, &loss));
}

TEST(step_misuse) {
  Ready t;
  const chaku_step_options good = step_options();
  auto result = sized<chaku_step_result>();
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_trainer_step(t.trainer, &good, &result));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_step(nullptr, &good, &result));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_step(t.trainer, nullptr, &result));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_step(t.trainer, &good, nullptr));
  const Row row;
  const chaku_batch batch = row.batch();
  auto loss = sized<chaku_loss>();
  CHECK_OK(chaku_trainer_accumulate(t.trainer, &batch, &loss));
  const auto refused = [&](auto change) {
    chaku_step_options o = good;
    change(o);
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_step(t.trainer, &o, &result));
  };
  refused([](auto& o) { o.size = 99; });
  refused([](auto& o) { o.learning_rate = NAN; });
  refused([](auto& o) { o.beta1 = 1.0f; });
  refused([](auto& o) { o.beta2 = 2.0f; });
  refused([](auto& o) { o.epsilon = -1.0f; });
  refused([](auto& o) { o.weight_decay = INFINITY; });
  refused([](auto& o) { o.max_grad_norm = NAN; });
  refused([](auto& o) { o.b_rate_ratio = -2.0f; });
  CHECK_OK(chaku_trainer_step(t.trainer, &good, &result));
  CHECK_FAILS(CHAKU_INVALID_STATE, chaku_trainer_step(t.trainer, &good, &result));
}

TEST(slot_misuse) {
  Ready t;
  std::vector<float> values(64);
  auto info = sized<chaku_parameter_info>();
  int32_t n = 0;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_n_parameters(nullptr, &n));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_n_parameters(t.trainer, nullptr));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_parameter(nullptr, 0, &info));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_parameter(t.trainer, 0, nullptr));
  for (const int32_t bad : {-1, 8, INT32_MAX, INT32_MIN}) {
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_parameter(t.trainer, bad, &info));
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_read(t.trainer, bad, CHAKU_SLOT_VALUE, values.data(), 64));
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_write(t.trainer, bad, CHAKU_SLOT_VALUE, values.data(), 64));
  }
  for (const int32_t bad : {-1, 4, INT32_MAX}) {
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_read(t.trainer, 0, bad, values.data(), 64));
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_write(t.trainer, 0, bad, values.data(), 64));
  }
  for (const int64_t bad : {int64_t{-1}, int64_t{0}, int64_t{63}, INT64_MAX}) {
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_read(t.trainer, 0, CHAKU_SLOT_VALUE, values.data(), bad));
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_write(t.trainer, 0, CHAKU_SLOT_VALUE, values.data(), bad));
  }
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_read(nullptr, 0, CHAKU_SLOT_VALUE, values.data(), 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_read(t.trainer, 0, CHAKU_SLOT_VALUE, nullptr, 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_write(nullptr, 0, CHAKU_SLOT_VALUE, values.data(), 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_write(t.trainer, 0, CHAKU_SLOT_VALUE, nullptr, 64));
  CHECK_OK(chaku_trainer_write(t.trainer, 0, CHAKU_SLOT_MOMENT2, values.data(), 64));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_set_step(nullptr, 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_set_step(t.trainer, -1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_cancel(nullptr));
  CHECK_OK(chaku_trainer_cancel(t.trainer));
}

TEST(free_accepts_null_and_nulls) {
  chaku_trainer_free(nullptr);
  Ready t;
  chaku_trainer_free(t.trainer.out());
  CHECK(t.trainer.at == nullptr);
  chaku_trainer_free(t.trainer.out());
}

TEST(saved_modules_are_the_last_parameters) {
  LoraOptions o = lora_options();
  o.lora.targets = 1u << CHAKU_ATTN_Q;
  o.lora.saved = 1u << CHAKU_TOKEN_EMBEDDING;
  Ready t(o);
  int32_t n = 0;
  CHECK_OK(chaku_trainer_n_parameters(t.trainer, &n));
  auto info = sized<chaku_parameter_info>();
  CHECK_OK(chaku_trainer_parameter(t.trainer, n - 1, &info));
  CHECK_EQ(info.module, CHAKU_TOKEN_EMBEDDING);
  CHECK_EQ(info.kind, CHAKU_WEIGHT);
}

TEST(a_frozen_pair_is_subtracted) {
  LoraOptions o = lora_options();
  o.lora.subtracts_frozen = 1;
  Ready t(o);
  auto info = sized<chaku_parameter_info>();
  CHECK_OK(chaku_trainer_parameter(t.trainer, 0, &info));
  const int64_t k = info.columns, n = info.rows * k;
  CHECK_OK(chaku_trainer_parameter(t.trainer, 1, &info));
  const int64_t rows = info.rows;
  std::vector<float> values(static_cast<size_t>(n)), y(static_cast<size_t>(rows)), x(static_cast<size_t>(k), 1.0f);
  CHECK_OK(chaku_trainer_read(t.trainer, 0, CHAKU_SLOT_FROZEN, values.data(), n));
  CHECK(std::all_of(values.begin(), values.end(), [](float v) { return v == 0.0f; }));
  CHECK_OK(chaku_trainer_write(t.trainer, 0, CHAKU_SLOT_FROZEN, values.data(), n));
  CHECK_OK(chaku_trainer_multiply(t.trainer, 0, 0, 0, x.data(), k, y.data(), rows));
  CHECK(y[0] != 0.0f && std::any_of(y.begin(), y.end(), [&](float v) { return v != y[0]; }));
  CHECK_OK(chaku_trainer_multiply(t.trainer, 0, 0, 1, y.data(), rows, x.data(), k));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_multiply(t.trainer, 0, 0, 0, x.data(), -1, y.data(), rows));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_multiply(t.trainer, 0, 0, 0, x.data(), k, y.data(), rows - 1));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_multiply(t.trainer, 0, 0, 0, nullptr, k, y.data(), rows));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_multiply(t.trainer, 0, 0, 0, x.data(), k, nullptr, rows));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_multiply(nullptr, 0, 0, 0, x.data(), k, y.data(), rows));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_trainer_multiply(t.trainer, 1, 0, 0, x.data(), k, y.data(), rows));
}
