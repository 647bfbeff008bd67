#include "train/trainer.h"

#include <algorithm>

#include "capi/boundary.h"
#include "capi/create.h"
#include "capi/handles.h"

using namespace chaku;

namespace {

MergeAware convert(const char* op, const chaku_merge_aware& o) {
  if (o.every < 1) fail(Code::kInvalidArgument, "[%s] expected merge_aware.every >= 1, got %d", op, o.every);
  if (o.n_formats < 1)
    fail(Code::kInvalidArgument, "[%s] expected merge_aware.n_formats >= 1, got %d", op, o.n_formats);
  const int32_t* at = &capi::require(op, "merge_aware.formats", o.formats);
  MergeAware result;
  result.every = o.every;
  for (int32_t i = 0; i < o.n_formats; ++i, at += 3) {
    if (find_dtype(at[2]) == nullptr)
      fail(Code::kUnsupported, "[%s] expected known block formats, got type id %d (format %d)", op, at[2], i);
    result.formats.push_back({static_cast<Module>(at[0]), at[1], static_cast<DType>(at[2])});
  }
  return result;
}

void convert(const char* op, const chaku_lora_options& o, TrainerOptions& result) {
  result.rank = o.rank;
  result.scale = o.scale;
  result.dropout = o.dropout;
  result.targets = o.targets;
  result.magnitudes = o.magnitudes != 0;
  result.subtracts_frozen = o.subtracts_frozen != 0;
  result.saved = o.saved;
  if (o.n_exceptions < 0)
    fail(Code::kInvalidArgument, "[%s] expected lora.n_exceptions >= 0, got %d", op, o.n_exceptions);
  if (o.n_exceptions > 0) {
    const int32_t* at = &capi::require(op, "lora.exceptions", o.exceptions);
    const float* scales = &capi::require(op, "lora.exception_scales", o.exception_scales);
    for (int32_t i = 0; i < o.n_exceptions; ++i, at += 3) {
      if (!is_module(at[0])) fail(Code::kInvalidArgument, "[%s] expected a module of chaku.h, got %d", op, at[0]);
      result.exceptions.push_back({static_cast<Module>(at[0]), at[1], at[2], scales[i]});
    }
  }
  if (o.merge_aware != nullptr) result.merge = convert(op, capi::require_struct(op, "merge_aware", o.merge_aware));
}

TrainerOptions options_of(const char* op, const chaku_trainer_options& o) {
  TrainerOptions result;
  result.mode = static_cast<TrainMode>(o.mode);
  result.max_tokens = o.max_tokens;
  result.seed = o.seed;
  result.load_balance = o.load_balance;
  result.train_routers = o.train_routers != 0;
  result.memory_limit_bytes = o.memory_limit_bytes;
  result.embedding_noise = o.embedding_noise;
  result.optimizer = static_cast<OptimizerKind>(o.optimizer);
  if (o.mode == CHAKU_TRAIN_LORA || o.lora != nullptr) convert(op, capi::require_struct(op, "lora", o.lora), result);
  return result;
}

TrainingBatch convert(const char* op, const chaku_batch& b) {
  capi::require(op, "tokens", b.tokens);
  capi::require(op, "targets", b.targets);
  capi::require(op, "weights", b.weights);
  capi::require(op, "starts", b.starts);
  if (b.n_tokens < 1 || b.n_sequences < 1 || b.n_sequences > b.n_tokens)
    fail(Code::kInvalidArgument, "[%s] expected 1 <= n_sequences <= n_tokens, got %d and %d", op, b.n_sequences,
         b.n_tokens);
  return {b.index,
          {b.tokens, static_cast<size_t>(b.n_tokens)},
          {b.targets, b.weights},
          {b.starts, static_cast<size_t>(b.n_sequences) + 1}};
}

void store(const Loss& loss, chaku_loss& out) noexcept {
  out.n_weighted = loss.n_weighted;
  out.n_correct = loss.n_correct;
  out.loss_sum = loss.loss_sum;
  out.weight_sum = loss.weight_sum;
  out.balance = loss.balance;
}

template <class Handle>
auto& require_trainer(const char* op, Handle* trainer) {
  return capi::require(op, "trainer", trainer).trainer;
}

Slot require_slot(const char* op, int32_t slot) {
  if (slot < CHAKU_SLOT_VALUE || slot > CHAKU_SLOT_FROZEN)
    fail(Code::kInvalidArgument, "[%s] expected a slot in 0..%d, got %d", op, CHAKU_SLOT_FROZEN, slot);
  return static_cast<Slot>(slot);
}

}  // namespace

extern "C" chaku_status chaku_trainer_plan(const chaku_model* model, const chaku_trainer_options* options,
                                           chaku_memory_plan* out) {
  return capi::plan<Trainer>("trainer_plan", options_of, model, options, out);
}

extern "C" chaku_status chaku_trainer_create(chaku_model* model, const chaku_trainer_options* options,
                                             chaku_trainer** out) {
  return capi::create<Trainer>("trainer_create", options_of, model, options, out);
}

extern "C" void chaku_trainer_free(chaku_trainer** trainer) { capi::free_handle(trainer); }

extern "C" chaku_status chaku_trainer_accumulate(chaku_trainer* trainer, const chaku_batch* batch, chaku_loss* out) {
  return capi::guarded("accumulate", [&] {
    Trainer& t = require_trainer("accumulate", trainer);
    const TrainingBatch b = convert("accumulate", capi::require_struct("accumulate", "batch", batch));
    chaku_loss& result = capi::require_struct("accumulate", "out", out);
    store(t.accumulate(b), result);
  });
}

extern "C" chaku_status chaku_trainer_evaluate(chaku_trainer* trainer, const chaku_batch* batch, chaku_loss* out) {
  return capi::guarded("evaluate", [&] {
    Trainer& t = require_trainer("evaluate", trainer);
    const TrainingBatch b = convert("evaluate", capi::require_struct("evaluate", "batch", batch));
    chaku_loss& result = capi::require_struct("evaluate", "out", out);
    store(t.evaluate(b), result);
  });
}

extern "C" chaku_status chaku_trainer_logits(chaku_trainer* trainer, const chaku_batch* batch, float* logits,
                                             int64_t n_floats) {
  return capi::guarded("logits", [&] {
    Trainer& t = require_trainer("logits", trainer);
    const TrainingBatch b = convert("logits", capi::require_struct("logits", "batch", batch));
    capi::require("logits", "logits", logits);
    if (n_floats < 0)
      fail(Code::kInvalidArgument, "[logits] expected n_floats >= 0, got %lld", static_cast<long long>(n_floats));
    t.logits(b, {logits, static_cast<size_t>(n_floats)});
  });
}

extern "C" chaku_status chaku_trainer_log_probs(chaku_trainer* trainer, const chaku_batch* batch,
                                                int32_t backward_follows, double* log_probs, int64_t n_values) {
  return capi::guarded("log_probs", [&] {
    Trainer& t = require_trainer("log_probs", trainer);
    const TrainingBatch b = convert("log_probs", capi::require_struct("log_probs", "batch", batch));
    capi::require("log_probs", "log_probs", log_probs);
    if (n_values < 0)
      fail(Code::kInvalidArgument, "[log_probs] expected n_values >= 0, got %lld", static_cast<long long>(n_values));
    t.log_probs(b, backward_follows != 0, {log_probs, static_cast<size_t>(n_values)});
  });
}

extern "C" chaku_status chaku_trainer_backward(chaku_trainer* trainer, const chaku_batch* batch, double weight_sum,
                                               chaku_loss* out) {
  return capi::guarded("backward", [&] {
    Trainer& t = require_trainer("backward", trainer);
    const TrainingBatch b = convert("backward", capi::require_struct("backward", "batch", batch));
    chaku_loss& result = capi::require_struct("backward", "out", out);
    store(t.backward(b, weight_sum), result);
  });
}

extern "C" chaku_status chaku_trainer_step(chaku_trainer* trainer, const chaku_step_options* options,
                                           chaku_step_result* out) {
  return capi::guarded("step", [&] {
    Trainer& t = require_trainer("step", trainer);
    const chaku_step_options& o = capi::require_struct("step", "options", options);
    chaku_step_result& result = capi::require_struct("step", "out", out);
    const StepResult step = t.step({o.learning_rate, o.beta1, o.beta2, o.epsilon, o.weight_decay, o.max_grad_norm,
                                    o.b_rate_ratio, o.max_grad_value});
    result.skipped = step.skipped ? 1 : 0;
    result.step = step.step;
    result.grad_norm = step.grad_norm;
  });
}

extern "C" chaku_status chaku_trainer_cancel(chaku_trainer* trainer) {
  return capi::guarded("cancel", [&] { require_trainer("cancel", trainer).cancel(); });
}

extern "C" chaku_status chaku_trainer_n_parameters(const chaku_trainer* trainer, int32_t* out) {
  return capi::guarded("n_parameters", [&] {
    const Trainer& t = require_trainer("n_parameters", trainer);
    capi::require("n_parameters", "out", out) = static_cast<int32_t>(t.parameters().size());
  });
}

extern "C" chaku_status chaku_trainer_parameter(const chaku_trainer* trainer, int32_t index,
                                                chaku_parameter_info* out) {
  return capi::guarded("parameter", [&] {
    const Trainer& t = require_trainer("parameter", trainer);
    chaku_parameter_info& info = capi::require_struct("parameter", "out", out);
    const Parameter& p = t.parameter(index);
    info.module = static_cast<int32_t>(p.module);
    info.kind = static_cast<int32_t>(p.kind);
    info.layer = p.layer;
    info.rows = p.shape.rows;
    info.columns = p.shape.columns;
  });
}

extern "C" chaku_status chaku_trainer_read(const chaku_trainer* trainer, int32_t index, int32_t slot, float* dst,
                                           int64_t n) {
  return capi::guarded("read", [&] {
    const Trainer& t = require_trainer("read", trainer);
    const Slot which = require_slot("read", slot);
    t.parameter(index);
    capi::require("read", "dst", dst);
    if (n < 0) fail(Code::kInvalidArgument, "[read] expected n >= 0, got %lld", static_cast<long long>(n));
    t.read(index, which, {dst, static_cast<size_t>(n)});
  });
}

extern "C" chaku_status chaku_trainer_write(chaku_trainer* trainer, int32_t index, int32_t slot, const float* src,
                                            int64_t n) {
  return capi::guarded("write", [&] {
    Trainer& t = require_trainer("write", trainer);
    capi::require("write", "src", src);
    if (n < 0) fail(Code::kInvalidArgument, "[write] expected n >= 0, got %lld", static_cast<long long>(n));
    t.write(index, require_slot("write", slot), {src, static_cast<size_t>(n)});
  });
}

extern "C" chaku_status chaku_trainer_multiply(chaku_trainer* trainer, int32_t index, int64_t expert,
                                               int32_t transposed, const float* x, int64_t n_x, float* y, int64_t n_y) {
  return capi::guarded("multiply", [&] {
    Trainer& t = require_trainer("multiply", trainer);
    capi::require("multiply", "x", x);
    capi::require("multiply", "y", y);
    if (n_x < 0 || n_y < 0)
      fail(Code::kInvalidArgument, "[multiply] expected n_x and n_y >= 0, got %lld and %lld",
           static_cast<long long>(n_x), static_cast<long long>(n_y));
    t.multiply(index, expert, transposed != 0, {x, static_cast<size_t>(n_x)}, {y, static_cast<size_t>(n_y)});
  });
}

extern "C" chaku_status chaku_trainer_set_step(chaku_trainer* trainer, int64_t step) {
  return capi::guarded("set_step", [&] { require_trainer("set_step", trainer).set_step(step); });
}
