// The same answer alone and in a crowd: a text's logits have the same bits whatever other texts a step has, however
// its prompt is cut, wherever its blocks lie, and whatever it shares with others.
#include "infer/step.h"

#include <atomic>
#include <cstring>
#include <random>
#include <thread>

#include "infer/random_adapter.h"
#include "infer/single_text.h"
#include "model/expect_error.h"
#include "model/oracle.h"
#include "model/tiny_kinds.h"

using namespace chaku;
using namespace chaku::test;

namespace {

using Logits = std::vector<float>;
constexpr int32_t kVocab = 48;

// Pages of any sizes and a step over them.
struct Bench {
  std::shared_ptr<Pages> pages;
  Step step;

  Bench(const std::shared_ptr<Model>& model, int32_t n_blocks, int32_t max_batch_tokens, DType dtype = DType::kF32,
        int32_t n_memories = 64)
      : pages(std::make_shared<Pages>(model, PagesOptions{n_blocks, dtype, n_memories})),
        step(pages, {max_batch_tokens, n_blocks}) {}
};

// A text: a prompt, what is generated behind it, and what it wears.
struct Story {
  std::vector<int32_t> tokens;
  size_t n_prompt;
  std::vector<std::shared_ptr<const Adapter>> adapters;
  std::vector<float> scales;

  Role role(size_t at) const { return at < n_prompt ? Role::kPrompt : Role::kGenerated; }
};

std::vector<Story> stories(const std::shared_ptr<Model>& model, size_t n, size_t longest) {
  const auto a = random_adapter(model, 5, 3), b = random_adapter(model, 6, 5);
  const auto c = replacing_adapter(model, 7, 2, false), d = replacing_adapter(model, 8, 3, true);
  std::vector<Story> all;
  for (size_t i = 0; i < n; ++i) {
    const size_t n_prompt = 1 + i * 37 % longest;
    Story story{
        tiny_tokens(static_cast<int64_t>(n_prompt + 4), kVocab, static_cast<uint64_t>(100 + i)), n_prompt, {}, {}};
    if (i % 4 == 1) story.adapters = {a}, story.scales = {0.7f};
    if (i % 4 == 2) story.adapters = {b}, story.scales = {1.0f};
    if (i % 4 == 3) story.adapters = {a, b}, story.scales = {0.5f, -0.3f};
    if (i % 8 == 5) story.adapters = {c}, story.scales = {1.0f};
    if (i % 8 == 6) story.adapters = {a, d}, story.scales = {0.5f, 1.0f};
    all.push_back(std::move(story));
  }
  return all;
}

// Logits of the prompt's last token and of each generated one.
Logits alone(const std::shared_ptr<Model>& model, const Story& story, DType dtype, int32_t max_tokens) {
  SingleText text(model, {max_tokens, 0, 0, 0, dtype});
  text.set_adapters(story.adapters, story.scales);
  Logits all(static_cast<size_t>(kVocab) * (story.tokens.size() - story.n_prompt + 1));
  const std::span<const int32_t> tokens = story.tokens;
  text.eval(tokens.first(story.n_prompt), Role::kPrompt, LogitRows::kLast, all);
  for (size_t at = story.n_prompt; at < tokens.size(); ++at)
    text.eval(tokens.subspan(at, 1), Role::kGenerated, LogitRows::kLast,
              std::span(all).subspan((at - story.n_prompt + 1) * kVocab, kVocab));
  return all;
}

// All stories in one pool, and what came of them.
struct Crowd {
  const std::vector<Story>& all;
  Bench pool;
  std::vector<std::shared_ptr<Sequence>> texts;
  std::vector<Logits> result;
  std::mt19937 random;

  Crowd(const std::shared_ptr<Model>& model, const std::vector<Story>& stories, DType dtype, int32_t max_tokens,
        int32_t batch, uint32_t seed)
      : all(stories),
        pool(model, static_cast<int32_t>(stories.size()) * blocks_of(max_tokens), batch, dtype),
        result(stories.size()),
        random(seed) {
    for (const Story& story : stories) {
      texts.push_back(std::make_shared<Sequence>(pool.pages, max_tokens));
      texts.back()->set_adapters(story.adapters, story.scales);
    }
  }
  size_t below(size_t n) { return static_cast<size_t>(random() % n); }
  size_t at(size_t i) const { return static_cast<size_t>(texts[i]->length()); }
  bool is_over(size_t i) const { return at(i) == all[i].tokens.size(); }
  // Some tokens of a story from where its text is.
  StepPart part(size_t i, size_t n, LogitRows rows) const {
    return {texts[i].get(), std::span(all[i].tokens).subspan(at(i), n), all[i].role(at(i)), rows};
  }
  // Rows of logits, each of a story.
  void give(const std::vector<size_t>& owners, const Logits& logits) {
    for (size_t r = 0; r < owners.size(); ++r)
      result[owners[r]].insert(result[owners[r]].end(), logits.begin() + static_cast<ptrdiff_t>(r * kVocab),
                               logits.begin() + static_cast<ptrdiff_t>((r + 1) * kVocab));
  }
};

// All of them in one pool, in steps of any of them at any place, which have several generated tokens of a text, too.
std::vector<Logits> crowd(Crowd&& c) {
  for (;;) {
    std::vector<StepPart> parts;
    std::vector<size_t> owners;
    bool left = false;
    for (size_t i = 0; i < c.all.size(); ++i) {
      if (c.is_over(i)) continue;
      left = true;
      if (c.below(3) == 0) continue;
      const size_t at = c.at(i), n_prompt = c.all[i].n_prompt;
      const bool read = at < n_prompt;
      const size_t most = (read ? n_prompt : c.all[i].tokens.size()) - at;
      const size_t now = c.below(2) == 0 ? most : 1 + c.below(most);
      const LogitRows rows = !read ? LogitRows::kAll : at + now == n_prompt ? LogitRows::kLast : LogitRows::kNone;
      parts.push_back(c.part(i, now, rows));
      owners.insert(owners.end(), static_cast<size_t>(parts.back().n_rows()), i);
    }
    if (!left) return c.result;
    Logits logits(owners.size() * kVocab);
    c.pool.step.run(parts, logits);
    c.give(owners, logits);
  }
}

// The same, but prompts are held, some layers at a time, while others of the texts generate; at times they are given up
// and begun anew.
std::vector<Logits> held_crowd(Crowd&& c) {
  std::vector<size_t> held_owners;
  Logits held_logits;
  for (;;) {
    std::vector<StepPart> prompts, generated;
    std::vector<size_t> prompt_owners, owners;
    std::vector<std::shared_ptr<Sequence>> kept;
    bool left = false;
    for (size_t i = 0; i < c.all.size(); ++i) {
      left = left || !c.is_over(i);
      if (c.is_over(i) || c.texts[i]->has_begun() || c.below(3) == 0) continue;
      const size_t at = c.at(i), n_prompt = c.all[i].n_prompt;
      if (at >= n_prompt) {
        generated.push_back(c.part(i, 1, LogitRows::kLast));
        owners.push_back(i);
        continue;
      }
      const size_t now = 1 + c.below(n_prompt - at);
      const bool last = at + now == n_prompt;
      prompts.push_back(c.part(i, now, last ? LogitRows::kLast : LogitRows::kNone));
      if (last) prompt_owners.push_back(i);
      kept.push_back(c.texts[i]);
    }
    if (!left) return c.result;
    if (!generated.empty()) {
      Logits logits(owners.size() * kVocab);
      c.pool.step.run(generated, logits);
      c.give(owners, logits);
    }
    if (!c.pool.step.holds() && !prompts.empty()) {
      c.pool.step.hold(prompts, kept);
      held_owners = prompt_owners;
      held_logits.assign(held_owners.size() * kVocab, 0.0f);
    }
    if (!c.pool.step.holds()) continue;
    if (c.below(8) == 0)
      c.pool.step.abandon();
    else if (c.pool.step.advance(1 + static_cast<int64_t>(c.below(2)), held_logits))
      c.give(held_owners, held_logits);
  }
}

bool same(const Logits& a, const Logits& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<CpuPath> all_paths() {
  std::vector<CpuPath> paths;
  for (const CpuPath path : {CpuPath::kReference, CpuPath::kAvx2, CpuPath::kAvx512, CpuPath::kAvx512Vnni})
    if (find_table(path) != nullptr) paths.push_back(path);
  for (const CpuPath path : bf16_paths()) paths.push_back(path);
  return paths;
}

void check_crowd(const std::string& what, TinyOptions o, DType dtype = DType::kF32) {
  for (const CpuPath path : all_paths()) {
    o.path = path;
    o.n_threads = 3;
    const auto model = tiny_decoder(o);
    const std::vector<Story> all = stories(model, 9, 90);
    std::vector<Logits> expected;
    for (const Story& story : all) expected.push_back(alone(model, story, dtype, 128));
    const auto compare = [&](const std::vector<Logits>& got, const std::string& how) {
      for (size_t i = 0; i < all.size(); ++i)
        if (!same(got[i], expected[i]))
          report(find_table(path)->name, 0, what + ": other bits of text " + std::to_string(i) + how);
    };
    for (const int32_t batch : {512, 40}) {
      const uint32_t seed = static_cast<uint32_t>(batch);
      const std::string batches = " in batches of " + std::to_string(batch);
      compare(crowd(Crowd(model, all, dtype, 128, batch, seed)), batches);
      compare(held_crowd(Crowd(model, all, dtype, 128, batch, seed)), batches + ", held");
    }
  }
}

}  // namespace

TEST(a_crowd_of_every_kind) {
  for (TinyKind& kind : tiny_kinds()) {
    if (kind.options.n_positions > 0) kind.options.n_positions = 128;
    check_crowd(kind.name, kind.options);
  }
}

TEST(a_crowd_with_every_cache) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0})
    check_crowd(dtype_info(dtype).name, quantized(), dtype);
}

TEST(a_crowd_with_experts) {
  TinyOptions o = quantized();
  o.experts.n_experts = 6;
  o.experts.n_used = 2;
  o.experts.ff_width = 32;
  o.experts.shared_ff_width = 32;
  check_crowd("experts", o);
}

// All rows of some, the last of others, none of a third, which go to the caller's memory part by part.
TEST(rows_go_where_they_were_asked_for) {
  const auto model = tiny_decoder({});
  const std::vector<Story> all = stories(model, 7, 30);
  const LogitRows kinds[] = {LogitRows::kAll, LogitRows::kLast, LogitRows::kNone};
  for (const int32_t batch : {5, 64}) {
    Bench pool(model, 8, batch);
    std::vector<std::unique_ptr<Sequence>> texts;
    std::vector<StepPart> parts;
    Logits expected;
    for (size_t i = 0; i < all.size(); ++i) {
      const Role role = i % 2 == 0 ? Role::kPrompt : Role::kGenerated;
      texts.push_back(std::make_unique<Sequence>(pool.pages, 64));
      texts.back()->set_adapters(all[i].adapters, all[i].scales);
      parts.push_back({texts.back().get(), all[i].tokens, role, kinds[i % 3]});
      SingleText text(model, {64});
      text.set_adapters(all[i].adapters, all[i].scales);
      Logits own(static_cast<size_t>(parts.back().n_rows()) * kVocab);
      text.eval(all[i].tokens, role, kinds[i % 3], own);
      expected.insert(expected.end(), own.begin(), own.end());
    }
    Logits got(expected.size());
    pool.step.run(parts, got);
    CHECK(same(got, expected));
  }
}

// A fork goes on as if it had read everything itself, and so does what it was forked from.
TEST(forks_go_on_as_if_alone) {
  for (const TinyKind& kind : tiny_kinds()) {
    if (kind.options.n_positions > 0) continue;  // fewer than a block
    const auto model = tiny_decoder(kind.options);
    const bool mixes = model->spec().mixes();
    const auto prefix = tiny_tokens(100, kVocab), one = tiny_tokens(20, kVocab, 1), other = tiny_tokens(20, kVocab, 2);
    Bench pool(model, 16, 64);
    Sequence text(pool.pages, 192);
    const auto run = [&](Sequence& sequence, std::span<const int32_t> tokens) {
      Logits logits(tokens.size() * kVocab);
      const StepPart part{&sequence, tokens, Role::kPrompt, LogitRows::kAll};
      pool.step.run({&part, 1}, logits);
      return logits;
    };
    const int32_t at = mixes ? 64 : 77;
    run(text, std::span(prefix).first(64));
    if (mixes) text.take_snapshot();
    run(text, std::span(prefix).subspan(64));
    const auto fork = text.fork(at);
    const Logits of_fork = run(*fork, one), of_text = run(text, other);
    Sequence fresh(pool.pages, 192), second(pool.pages, 192);
    run(fresh, std::span(prefix).first(static_cast<size_t>(at)));
    run(second, prefix);
    if (!same(of_fork, run(fresh, one))) report(kind.name.c_str(), 0, "the fork has other bits");
    if (!same(of_text, run(second, other))) report(kind.name.c_str(), 0, "what was forked has other bits");
  }
}

// A draft that does not come is taken back: what follows is as if it had never been there, across the ends of blocks.
TEST(tokens_that_were_taken_back_leave_no_trace) {
  for (const CpuPath path : all_paths()) {
    TinyOptions o = quantized();
    o.path = path;
    const auto model = tiny_decoder(o);
    const Story story{tiny_tokens(60 + 12, kVocab, 3), 60, {}, {}};
    const Logits expected = alone(model, story, DType::kF32, 128);
    Bench pool(model, 8, 512);
    Sequence text(pool.pages, 128);
    const std::span<const int32_t> tokens = story.tokens;
    Logits got(static_cast<size_t>(kVocab) * (12 + 1 + 8));
    const auto run = [&](std::span<const int32_t> part, Role role, LogitRows rows, int64_t first_row) {
      const StepPart one{&text, part, role, rows};
      pool.step.run({&one, 1}, std::span(got).subspan(static_cast<size_t>(first_row * kVocab)));
    };
    run(tokens.first(60), Role::kPrompt, LogitRows::kLast, 0);
    for (int32_t at = 60; at < 72; at += 3) {  // of each draft of eight, three come
      std::vector<int32_t> draft(8);
      for (int32_t i = 0; i < 8; ++i)
        draft[static_cast<size_t>(i)] = i < 3 ? tokens[static_cast<size_t>(at + i)] : (at + 5 * i) % kVocab;
      run(draft, Role::kGenerated, LogitRows::kAll, at - 60 + 1);
      text.truncate(at + 3);
    }
    got.resize(expected.size());
    if (!same(got, expected)) report(find_table(path)->name, 0, "other bits after tokens that were taken back");
  }
}

TEST(a_step_that_fails_changes_no_text) {
  const auto model = tiny_decoder({});
  Bench pool(model, 3, 32), elsewhere(model, 3, 32);
  Sequence a(pool.pages, 128), b(pool.pages, 128), c(elsewhere.pages, 128);
  const auto tokens = tiny_tokens(128, kVocab);
  const std::span<const int32_t> few = std::span(tokens).first(3);
  const std::vector<int32_t> bad = {1, kVocab};
  Logits logits(2 * kVocab);
  const auto run = [&](std::vector<StepPart> parts) { pool.step.run(parts, logits); };
  run({{&a, few, Role::kPrompt, LogitRows::kLast}});
  CHECK_ERROR(Code::kMemoryLimit, "expected 2 free blocks of 64 tokens, got 1 of 3 (part 1)",
              run({{&a, std::span(tokens).first(62), Role::kPrompt, LogitRows::kNone},
                   {&b, tokens, Role::kPrompt, LogitRows::kNone}}));
  CHECK_ERROR(Code::kInvalidArgument, "each text once",
              run({{&a, few, Role::kPrompt, LogitRows::kNone}, {&a, few, Role::kGenerated, LogitRows::kNone}}));
  CHECK_ERROR(Code::kInvalidArgument, "0..47, got 48 (token 1 of part 1)",
              run({{&a, few, Role::kPrompt, LogitRows::kNone}, {&b, bad, Role::kPrompt, LogitRows::kNone}}));
  CHECK_ERROR(Code::kInvalidArgument, "another's (part 0)", run({{&c, few, Role::kPrompt, LogitRows::kNone}}));
  CHECK_ERROR(Code::kInvalidArgument, "room for 144 logits, got 96", run({{&a, few, Role::kPrompt, LogitRows::kAll}}));
  CHECK_ERROR(Code::kInvalidArgument, "1..125 tokens", run({{&a, tokens, Role::kPrompt, LogitRows::kNone}}));
  CHECK_EQ(a.length(), 3);
  CHECK_EQ(b.length(), 0);
  CHECK_EQ(pool.pages->blocks().n_free(), 2);
}

TEST(held_prompts_keep_to_themselves) {
  const auto model = tiny_decoder({});
  Bench pool(model, 3, 32);
  const auto text = [&] { return std::make_shared<Sequence>(pool.pages, 128); };
  auto a = text(), b = text();
  const auto tokens = tiny_tokens(128, kVocab);
  const std::span<const int32_t> few = std::span(tokens).first(3);
  Logits logits(kVocab);
  const auto hold = [&](const StepPart& part, std::shared_ptr<Sequence> kept) { pool.step.hold({&part, 1}, {kept}); };
  const auto run = [&](const StepPart& part) { pool.step.run({&part, 1}, logits); };
  CHECK_ERROR(Code::kInvalidState, "expected prompts that are held, got none", pool.step.advance(1, {}));
  CHECK_ERROR(Code::kInvalidArgument, "expected prompts, got generated tokens (part 0)",
              hold({a.get(), few, Role::kGenerated, LogitRows::kNone}, a));
  run({b.get(), std::span(tokens).first(65), Role::kPrompt, LogitRows::kNone});
  CHECK_ERROR(Code::kMemoryLimit, "[hold] expected 2 free blocks of 64 tokens, got 1 of 3 (part 0)",
              hold({a.get(), tokens, Role::kPrompt, LogitRows::kNone}, a));
  CHECK_EQ(pool.step.holds(), false);
  hold({a.get(), few, Role::kPrompt, LogitRows::kLast}, a);
  CHECK_EQ(pool.pages->blocks().n_free(), 0);
  CHECK_ERROR(Code::kInvalidState, "got some", hold({b.get(), few, Role::kPrompt, LogitRows::kNone}, b));
  CHECK_ERROR(Code::kInvalidState, "got a prompt (part 0)", run({b.get(), few, Role::kPrompt, LogitRows::kNone}));
  CHECK_ERROR(Code::kInvalidArgument, "each text once", run({a.get(), few, Role::kGenerated, LogitRows::kNone}));
  CHECK_ERROR(Code::kInvalidState, "[truncate] expected a text that is not being computed", a->truncate(0));
  CHECK_ERROR(Code::kInvalidState, "[fork]", a->fork(0));
  CHECK_ERROR(Code::kInvalidState, "[set_adapters]", a->set_adapters({}, {}));
  CHECK_ERROR(Code::kInvalidArgument, "n_layers >= 1, got 0", pool.step.advance(0, logits));
  CHECK_ERROR(Code::kInvalidArgument, "room for 48 logits, got 0", pool.step.advance(1, {}));
  CHECK_EQ(pool.step.advance(1, logits), false);
  CHECK_EQ(a->length(), 0);
  CHECK_EQ(pool.step.advance(99, logits), true);
  CHECK_EQ(a->length(), 3);
  a->truncate(0);
  hold({a.get(), few, Role::kPrompt, LogitRows::kNone}, a);
  a = nullptr;  // lives on with what is held
  CHECK_EQ(pool.step.advance(1, {}), false);
  pool.step.abandon();
  pool.step.abandon();
  CHECK_EQ(pool.pages->blocks().n_free(), 1);
}

TEST(cancelling_held_prompts_leaves_their_texts) {
  TinyOptions o;
  o.n_layers = 40;
  o.width = 128;
  o.ff_width = 256;
  const auto model = tiny_decoder(o);
  Bench pool(model, 64, 256);
  const auto a = std::make_shared<Sequence>(pool.pages, 2048);
  const std::vector<int32_t> tokens(2000, 1);
  const StepPart part = {a.get(), tokens, Role::kPrompt, LogitRows::kNone};
  pool.step.hold({&part, 1}, {a});
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done.load()) pool.step.cancel();
  });
  CHECK_ERROR(Code::kCancelled, "cancelled", while (!pool.step.advance(40, {})){});
  done.store(true);
  other.join();
  CHECK_EQ(pool.step.holds(), false);
  CHECK_EQ(a->length(), 0);
  CHECK_EQ(pool.pages->blocks().n_free(), 64);
}

TEST(cancelling_leaves_all_texts) {
  TinyOptions o;
  o.n_layers = 40;
  o.width = 128;
  o.ff_width = 256;
  const auto model = tiny_decoder(o);
  Bench pool(model, 64, 16);
  Sequence a(pool.pages, 2048), b(pool.pages, 2048);
  const std::vector<int32_t> tokens(2000, 1);
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done.load()) pool.step.cancel();
  });
  const StepPart parts[] = {{&a, tokens, Role::kPrompt, LogitRows::kNone},
                            {&b, tokens, Role::kPrompt, LogitRows::kNone}};
  CHECK_ERROR(Code::kCancelled, "cancelled", pool.step.run(parts, {}));
  done.store(true);
  other.join();
  CHECK_EQ(a.length() + b.length(), 0);
  CHECK_EQ(pool.pages->blocks().n_free(), 64);
}

TEST(inputs_are_collected_of_all_texts) {
  const auto model = tiny_decoder({});
  Bench pool(model, 4, 16);
  pool.step.collect_inputs();
  Sequence a(pool.pages, 64), b(pool.pages, 64);
  const float scale = 1.0f;
  b.set_adapters({random_adapter(model, 1, 2)}, {&scale, 1});
  const auto tokens = tiny_tokens(10, kVocab);
  Logits logits(20 * kVocab);
  const StepPart parts[] = {{&a, tokens, Role::kPrompt, LogitRows::kAll},
                            {&b, tokens, Role::kGenerated, LogitRows::kAll}};
  pool.step.run(parts, logits);
  for (const Module module : {Module::kAttnQ, Module::kFfnDown}) CHECK_EQ(pool.step.inputs(module, 1).n_rows[0], 20);
  CHECK_EQ(pool.step.inputs(Module::kOutput, -1).n_rows[0], 20);
}
