#include "infer/encoder.h"

#include "capi/boundary.h"
#include "capi/create.h"
#include "capi/handles.h"

using namespace chaku;

namespace {

constexpr int32_t kMostTexts = 1 << 20;

EncoderOptions options_of(const char*, const chaku_encoder_options& o) {
  return {o.max_batch_tokens, o.memory_limit_bytes};
}

EncoderTexts texts_of(const chaku_texts& t) {
  if (t.n_texts < 1 || t.n_texts > kMostTexts)
    fail(Code::kInvalidArgument, "[encode] expected 1..%d texts, got %d", kMostTexts, t.n_texts);
  if (t.all_tokens < 1)
    fail(Code::kInvalidArgument, "[encode] expected tokens, got %lld", static_cast<long long>(t.all_tokens));
  if (t.pooling < CHAKU_POOL_NONE || t.pooling > CHAKU_POOL_LAST)
    fail(Code::kInvalidArgument, "[encode] expected pooling in 0..3, got %d", t.pooling);
  if (t.head != 0 && t.head != 1) fail(Code::kInvalidArgument, "[encode] expected head 0 or 1, got %d", t.head);
  capi::require("encode", "n_tokens", t.n_tokens);
  capi::require("encode", "tokens", t.tokens);
  const size_t all = static_cast<size_t>(t.all_tokens);
  EncoderTexts texts;
  texts.n_tokens = {t.n_tokens, static_cast<size_t>(t.n_texts)};
  texts.tokens = {t.tokens, all};
  if (t.types != nullptr) texts.types = {t.types, all};
  texts.pooling = static_cast<Pooling>(t.pooling);
  texts.head = t.head == 1;
  return texts;
}

}  // namespace

extern "C" chaku_status chaku_encoder_plan(const chaku_model* model, const chaku_encoder_options* options,
                                           chaku_memory_plan* out) {
  return capi::plan<Encoder>("encoder_plan", options_of, model, options, out);
}

extern "C" chaku_status chaku_encoder_create(chaku_model* model, const chaku_encoder_options* options,
                                             chaku_encoder** out) {
  return capi::create<Encoder>("encoder_create", options_of, model, options, out);
}

extern "C" void chaku_encoder_free(chaku_encoder** encoder) { capi::free_handle(encoder); }

extern "C" chaku_status chaku_encoder_compute(chaku_encoder* encoder, const chaku_texts* texts, float* rows,
                                              int64_t rows_floats) {
  return capi::guarded("encode", [&] {
    Encoder& e = capi::require("encode", "encoder", encoder).encoder;
    const EncoderTexts t = texts_of(capi::require_struct("encode", "texts", texts));
    capi::require("encode", "rows", rows);
    if (rows_floats < 0)
      fail(Code::kInvalidArgument, "[encode] expected rows_floats >= 0, got %lld", static_cast<long long>(rows_floats));
    e.run(t, {rows, static_cast<size_t>(rows_floats)});
  });
}

extern "C" chaku_status chaku_encoder_cancel(chaku_encoder* encoder) {
  return capi::guarded("cancel", [&] { capi::require("cancel", "encoder", encoder).encoder.cancel(); });
}
