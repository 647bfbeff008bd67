#include "infer/sequence.h"

#include "infer/random_adapter.h"
#include "model/expect_error.h"
#include "model/tiny_decoder.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr int32_t kBlock = kCacheBlockTokens;

// As a step that computes nothing.
void append(Sequence& text, int32_t n) {
  text.begin(n);
  text.commit(n);
}

TinyOptions mixing() {
  TinyOptions o;
  o.mixer = {MixerKind::kDeltaRule, 4, 2, 4, 8, 8, false};
  return o;
}

}  // namespace

TEST(blocks_follow_the_length) {
  const auto pages = std::make_shared<Pages>(tiny_decoder({}), PagesOptions{5, DType::kF32, 0});
  {
    Sequence text(pages, 4 * kBlock);
    CHECK_EQ(text.n_blocks_to_take(1), 1);
    append(text, 1);
    append(text, kBlock - 1);
    CHECK_EQ(pages->blocks().n_free(), 4);
    append(text, kBlock + 1);
    CHECK_EQ(pages->blocks().n_free(), 2);
    CHECK_EQ(text.length(), 2 * kBlock + 1);
    for (const int32_t position : {0, kBlock - 1, kBlock, 2 * kBlock})
      CHECK_EQ(text.cache_row(position),
               text.blocks()[static_cast<size_t>(position / kBlock)] * kBlock + position % kBlock);
    text.begin(2 * kBlock - 1);
    CHECK_EQ(pages->blocks().n_free(), 1);
    text.abort();
    CHECK_EQ(pages->blocks().n_free(), 2);
    CHECK_EQ(text.length(), 2 * kBlock + 1);
    text.truncate(kBlock);
    CHECK_EQ(pages->blocks().n_free(), 4);
    text.begin(kBlock);
  }
  CHECK_EQ(pages->blocks().n_free(), 5);
}

TEST(forks_share_and_copy_on_write) {
  const auto pages = std::make_shared<Pages>(tiny_decoder({}), PagesOptions{8, DType::kF32, 0});
  Sequence text(pages, 4 * kBlock);
  append(text, 2 * kBlock + 10);
  const auto fork = text.fork(kBlock + 5), whole = text.fork(2 * kBlock + 10);
  CHECK_EQ(pages->blocks().n_free(), 5);
  CHECK_EQ(pages->blocks().n_shared(), 3);
  CHECK_EQ(fork->length(), kBlock + 5);
  CHECK_EQ(fork->n_blocks_to_take(1), 1);  // the copy
  const int32_t shared = fork->blocks().back();
  append(*fork, 1);
  CHECK_EQ(fork->blocks()[0], text.blocks()[0]);
  CHECK(fork->blocks()[1] != shared && text.blocks()[1] == shared);
  CHECK_EQ(pages->blocks().n_free(), 4);
  CHECK_EQ(fork->n_blocks_to_take(1), 0);
  append(text, 1);  // its last block is the whole fork's too
  CHECK(text.blocks()[2] != whole->blocks()[2]);
  CHECK_EQ(pages->blocks().n_free(), 3);
  text.truncate(0);
  CHECK_EQ(pages->blocks().n_free(), 4);
  CHECK_EQ(pages->blocks().n_shared(), 1);
  CHECK_ERROR(Code::kInvalidArgument, "[fork] expected 0..0", text.fork(1));
  CHECK_ERROR(Code::kInvalidArgument, "[truncate] expected 0..70", fork->truncate(-1));
}

TEST(forks_wear_the_same) {
  const auto model = tiny_decoder({});
  const auto pages = std::make_shared<Pages>(model, PagesOptions{4, DType::kF32, 0});
  Sequence text(pages, kBlock);
  const float scale = 0.5f;
  text.set_adapters({random_adapter(model, 1, 2)}, {&scale, 1});
  append(text, 3);
  const auto fork = text.fork(2);
  CHECK(&fork->worn() == &text.worn());
  CHECK_ERROR(Code::kInvalidState, "2 tokens", fork->set_adapters({}, {}));
}

TEST(running_memories_are_shared_until_they_change) {
  const auto pages = std::make_shared<Pages>(tiny_decoder(mixing()), PagesOptions{16, DType::kF32, 6});
  Sequence text(pages, 4 * kBlock);
  CHECK(text.memory_before() == nullptr);
  text.begin(1);
  CHECK(text.memory_before() == nullptr && text.memory_after() != nullptr);
  CHECK_EQ(pages->memories().n_free(), 5);
  const float* first = text.memory_after();
  text.commit(1);
  CHECK(text.memory_before() == first);
  text.begin(1);
  CHECK(text.memory_before() == first && text.memory_after() != first);
  text.abort();
  CHECK(text.memory_before() == first);
  CHECK_EQ(pages->memories().n_free(), 5);
  const auto fork = text.fork(1);
  CHECK(fork->memory_before() == first);
  CHECK_EQ(pages->memories().n_free(), 5);
  append(text, 1);
  CHECK(text.memory_before() != first && fork->memory_before() == first);
  CHECK_EQ(pages->memories().n_free(), 4);
}

TEST(snapshots_of_running_memories) {
  const auto pages = std::make_shared<Pages>(tiny_decoder(mixing()), PagesOptions{16, DType::kF32, 6});
  {
    Sequence text(pages, 4 * kBlock);
    append(text, 3);
    CHECK_ERROR(Code::kInvalidState, "whole blocks of 64 tokens, got 3", text.take_snapshot());
    append(text, kBlock - 3);
    text.take_snapshot();
    text.take_snapshot();
    CHECK_EQ(text.n_snapshots(), 1);
    CHECK_EQ(pages->memories().n_free(), 5);  // it costs nothing until the text goes on
    const float* kept = text.memory_before();
    append(text, kBlock);
    text.take_snapshot();
    append(text, 7);
    CHECK_EQ(pages->memories().n_free(), 3);
    const auto fork = text.fork(kBlock);
    CHECK(fork->memory_before() == kept && fork->n_snapshots() == 1);
    CHECK_ERROR(Code::kUnsupported, "or a snapshot's, got 65", text.fork(kBlock + 1));
    CHECK_ERROR(Code::kUnsupported, "0 or 135 tokens", text.truncate(134));
    text.truncate(kBlock);
    CHECK(text.memory_before() == kept && text.n_snapshots() == 1 && text.length() == kBlock);
    CHECK_EQ(pages->memories().n_free(), 5);
    text.drop_snapshots();
    text.truncate(0);
    CHECK(text.memory_before() == nullptr);
    CHECK_EQ(pages->memories().n_free(), 5);
  }
  CHECK_EQ(pages->memories().n_free(), 6);
  CHECK_EQ(pages->blocks().n_free(), 16);
  Sequence plain(std::make_shared<Pages>(tiny_decoder({}), PagesOptions{2, DType::kF32, 0}), kBlock);
  CHECK_ERROR(Code::kUnsupported, "running memory", plain.take_snapshot());
}

TEST(capacities) {
  TinyOptions o;
  o.n_positions = 12;
  const auto pages = std::make_shared<Pages>(tiny_decoder(o), PagesOptions{2, DType::kF32, 0});
  Sequence most(pages, 12);
  CHECK_ERROR(Code::kInvalidArgument, "12 positions, got 13", Sequence(pages, 13));
  CHECK_ERROR(Code::kInvalidArgument, "max_tokens", Sequence(pages, 0));
  CHECK_ERROR(Code::kInvalidArgument, "max_tokens", Sequence(pages, INT32_MAX));
}
