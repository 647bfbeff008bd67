/* chaku.h used from C11: a decoder with random weights answers. */
#include <stdio.h>
#include <stdlib.h>

#include "chaku.h"

static void require(chaku_status status, const char* what) {
  if (status == CHAKU_OK) return;
  fprintf(stderr, "%s: status %d, %s\n", what, (int)status, chaku_last_error());
  exit(1);
}

static void add(chaku_model* model, int32_t module, int32_t layer, int64_t rows, int64_t columns) {
  const chaku_tensor_options tensor = {.size = sizeof tensor,
                                       .module = module,
                                       .kind = CHAKU_WEIGHT,
                                       .layer = layer,
                                       .dtype = 0,
                                       .rows = rows,
                                       .columns = columns};
  require(chaku_model_set_tensor_random(model, &tensor, rows == 1 ? 1.0f : 0.0f, 0.2f, (uint64_t)module + 1), "tensor");
}

static chaku_model* build(chaku_engine* engine) {
  const chaku_decoder_options decoder = {.size = sizeof decoder,
                                         .n_layers = 1,
                                         .width = 16,
                                         .vocab_size = 20,
                                         .norm_epsilon = 1e-5f,
                                         .embedding_scale = 1,
                                         .residual_scale = 1,
                                         .logit_scale = 1};
  chaku_model* model = NULL;
  require(chaku_model_create(engine, &decoder, &model), "model");
  const chaku_layer_options layer = {.size = sizeof layer,
                                     .n_heads = 2,
                                     .n_kv_heads = 1,
                                     .head_dim = 8,
                                     .ff_width = 24,
                                     .activation = CHAKU_ACTIVATION_SILU,
                                     .rope = -1,
                                     .attention_scale = 0.35f};
  require(chaku_model_set_layer(model, 0, &layer), "layer");
  add(model, CHAKU_TOKEN_EMBEDDING, -1, 20, 16);
  add(model, CHAKU_OUTPUT_NORM, -1, 1, 16);
  add(model, CHAKU_ATTN_NORM, 0, 1, 16);
  add(model, CHAKU_ATTN_Q, 0, 16, 16);
  add(model, CHAKU_ATTN_K, 0, 8, 16);
  add(model, CHAKU_ATTN_V, 0, 8, 16);
  add(model, CHAKU_ATTN_OUTPUT, 0, 16, 16);
  add(model, CHAKU_FFN_NORM, 0, 1, 16);
  add(model, CHAKU_FFN_GATE, 0, 24, 16);
  add(model, CHAKU_FFN_UP, 0, 24, 16);
  add(model, CHAKU_FFN_DOWN, 0, 16, 24);
  require(chaku_model_seal(model), "seal");
  return model;
}

int main(void) {
  const chaku_engine_options engine_options = {.size = sizeof engine_options, .n_threads = 2};
  chaku_engine* engine = NULL;
  require(chaku_engine_create(&engine_options, &engine), "engine");
  chaku_model* model = build(engine);
  const chaku_pool_options pool_options = {.size = sizeof pool_options, .max_tokens = 8};
  chaku_pool* pool = NULL;
  require(chaku_pool_create(model, &pool_options, &pool), "pool");
  chaku_sequence* text = NULL;
  require(chaku_sequence_create(pool, 8, &text), "text");
  const int32_t tokens[3] = {3, 1, 4};
  float logits[20];
  const int32_t n_tokens = 3, role = CHAKU_ROLE_PROMPT, which_logits = CHAKU_LOGITS_LAST;
  const chaku_step_parts parts = {.size = sizeof parts,
                                  .n_parts = 1,
                                  .n_tokens = &n_tokens,
                                  .roles = &role,
                                  .which_logits = &which_logits,
                                  .tokens = tokens,
                                  .all_tokens = 3};
  require(chaku_pool_compute(pool, &text, &parts, logits, 20), "compute");
  float sum = 0;
  for (int i = 0; i < 20; ++i) sum += logits[i] * logits[i];
  chaku_sequence_free(&text);
  chaku_pool_free(&pool);
  chaku_model_free(&model);
  chaku_engine_free(&engine);
  return sum > 0 && text == NULL && pool == NULL && model == NULL && engine == NULL ? 0 : 1;
}
