#include "capi/support.h"

using namespace chaku::test;

namespace {

using EncoderHandle = Handle<chaku_encoder, chaku_encoder_free>;

}  // namespace

TEST(texts_become_rows) {
  EngineHandle engine = make_engine();
  ModelHandle model = random_model(engine);
  auto options = sized<chaku_encoder_options>();
  options.max_batch_tokens = 16;
  auto plan = sized<chaku_memory_plan>();
  CHECK_OK(chaku_encoder_plan(model, &options, &plan));
  CHECK(plan.scratch_bytes > 0 && plan.total_bytes > plan.scratch_bytes);
  EncoderHandle encoder;
  CHECK_OK(chaku_encoder_create(model, &options, encoder.out()));
  const int32_t n_tokens[] = {3, 2}, tokens[] = {1, 2, 3, 4, 5};
  auto texts = sized<chaku_texts>();
  texts.n_texts = 2;
  texts.n_tokens = n_tokens;
  texts.tokens = tokens;
  texts.all_tokens = 5;
  texts.pooling = CHAKU_POOL_NONE;
  std::vector<float> all(5 * 4096);
  int64_t width = 0;  // the one that is taken
  for (int64_t d = 1; d <= 4096 && width == 0; ++d)
    if (chaku_encoder_compute(encoder, &texts, all.data(), 5 * d) == CHAKU_OK) width = d;
  CHECK(width > 0);
  texts.pooling = CHAKU_POOL_LAST;
  std::vector<float> last(static_cast<size_t>(2 * width));
  CHECK_OK(chaku_encoder_compute(encoder, &texts, last.data(), 2 * width));
  for (int64_t i = 0; i < width; ++i) {
    CHECK(last[static_cast<size_t>(i)] == all[static_cast<size_t>(2 * width + i)]);
    CHECK(last[static_cast<size_t>(width + i)] == all[static_cast<size_t>(4 * width + i)]);
  }
  const auto refused = [&](auto change) {
    chaku_texts other = texts;
    change(other);
    CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_encoder_compute(encoder, &other, last.data(), 2 * width));
  };
  refused([](chaku_texts& t) { t.n_texts = 0; });
  refused([](chaku_texts& t) { t.all_tokens = 4; });
  refused([](chaku_texts& t) { t.tokens = nullptr; });
  refused([](chaku_texts& t) { t.n_tokens = nullptr; });
  refused([](chaku_texts& t) { t.pooling = 4; });
  refused([](chaku_texts& t) { t.head = 2; });
  refused([](chaku_texts& t) { t.size = 0; });
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_encoder_compute(encoder, &texts, nullptr, 2 * width));
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_encoder_compute(nullptr, &texts, last.data(), 2 * width));
  CHECK_OK(chaku_encoder_cancel(encoder));
  options.max_batch_tokens = -1;
  EncoderHandle none;
  CHECK_FAILS(CHAKU_INVALID_ARGUMENT, chaku_encoder_create(model, &options, none.out()));
  options.max_batch_tokens = 16;
  options.memory_limit_bytes = 1;
  CHECK_FAILS(CHAKU_MEMORY_LIMIT, chaku_encoder_create(model, &options, none.out()));
}
