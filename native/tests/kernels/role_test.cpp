// A row of a product, or of attention, has the same bits whatever other rows are computed with it and on any number of
// threads, in both roles and on every path.
#include "kernels/role.h"

#include "attention_data.h"
#include "bf16_tables.h"

using namespace chaku;
using namespace chaku::test;

namespace {

constexpr Role kRoles[] = {Role::kPrompt, Role::kGenerated};
constexpr ActivationFormat kActivationFormats[] = {ActivationFormat::kF32, ActivationFormat::kInt16,
                                                   ActivationFormat::kInt8};

// All of this machine, and AMX under the emulator where only the tiles are missing.
std::vector<const KernelTable*> all_tables() {
  std::vector<const KernelTable*> tables = {&reference_table()};
  for (const CpuPath path : kVectorPaths)
    if (const KernelTable* table = table_here(path)) tables.push_back(table);
  if (cpu_features().avx512_bf16)
    for (const KernelTable* table : bf16_tables()) tables.push_back(table);
  else
    skip_part("this machine lacks AVX-512 BF16");
  return tables;
}

void check_same(const KernelTable& table, Role role, const Floats& whole, const Floats& pieces,
                const std::string& what) {
  for (size_t i = 0; i < whole.size(); ++i)
    if (std::memcmp(&whole[i], &pieces[i], sizeof(float)) != 0) {
      report(table.name, 0,
             what + (role == Role::kPrompt ? ", prompt" : ", generated") + ": element " + std::to_string(i) + " is " +
                 std::to_string(pieces[i]) + " in pieces, " + std::to_string(whole[i]) + " at once");
      return;
    }
}

// Cuts of `n` rows into pieces of these sizes in turn.
using Sizes = std::vector<int64_t>;

template <class Run>
void in_pieces(int64_t n, const Sizes& sizes, Run run) {
  size_t i = 0;
  for (int64_t begin = 0; begin < n; ++i) {
    const int64_t end = std::min(n, begin + sizes[i % sizes.size()]);
    run(begin, end, static_cast<int>(i % 3) + 1);
    begin = end;
  }
}

// A product with a bias and a low-rank addition of what it reads itself, as a layer has it.
struct Product {
  Weights w;
  int64_t m, rank;
  Floats x, a, b, bias;

  Product(DType dtype, int64_t rows, int64_t columns, int64_t n_tokens, int64_t of_rank)
      : w(random_weights(dtype, rows, columns, 5)), m(n_tokens), rank(of_rank) {
    x = random_vector(m * columns, 6);
    a = random_vector(rank * columns, 7, 0.1f);
    b = random_vector(rows * rank, 8);
    bias = random_vector(rows, 9);
  }

  ActivationFormat activations = ActivationFormat::kF32;

  Floats run(const KernelTable& table, Role role, const Sizes& sizes) const {
    const int64_t n = w.matrix.rows, k = w.matrix.columns;
    Floats y(static_cast<size_t>(m * n), 0.25f), low(static_cast<size_t>(m * std::max<int64_t>(rank, 1)));
    in_pieces(m, sizes, [&](int64_t begin, int64_t end, int n_threads) {
      MatmulProblem down{.x = &x[static_cast<size_t>(begin * k)],
                         .x_stride = k,
                         .w = {a.data(), DType::kF32, rank, k},
                         .y = &low[static_cast<size_t>(begin * rank)],
                         .y_stride = rank,
                         .m = end - begin,
                         .role = role,
                         .activations = activations};
      MatmulProblem base{.x = down.x,
                         .x_stride = k,
                         .w = w.matrix,
                         .bias = bias.data(),
                         .y = &y[static_cast<size_t>(begin * n)],
                         .y_stride = n,
                         .m = end - begin,
                         .scale = 0.5f,
                         .accumulate = true,
                         .role = role,
                         .activations = activations};
      if (rank > 0) base.tail = {down.y, rank, {b.data(), DType::kF32, n, rank}, 1.5f};
      const MatmulProblem group[] = {down, base};
      table.matmul_group({rank > 0 ? group : group + 1, rank > 0 ? 2 : 1}, queue_of(n_threads));
    });
    return y;
  }
};

void check_product(const Product& product, const std::string& what) {
  for (const KernelTable* table : all_tables())
    for (const Role role : kRoles) {
      const Floats whole = product.run(*table, role, {product.m});
      for (const Sizes& sizes : {Sizes{1}, Sizes{1, 2, 3, 5, 9}, Sizes{product.m - 1, 1}})
        check_same(*table, role, whole, product.run(*table, role, sizes), what);
    }
}

// dy w, which forward passes have too: what a low-rank addition gives to absorbed queries.
Floats run_backward(const KernelTable& table, const Weights& w, int64_t m, Role role, const Sizes& sizes) {
  const int64_t n = w.matrix.rows, k = w.matrix.columns;
  const Floats dy = random_vector(m * n, 6);
  Floats dx(static_cast<size_t>(m * k), 0.25f);
  in_pieces(m, sizes, [&](int64_t begin, int64_t end, int n_threads) {
    table.matmul_backward({.dy = &dy[static_cast<size_t>(begin * n)],
                           .dy_stride = n,
                           .w = w.matrix,
                           .dx = &dx[static_cast<size_t>(begin * k)],
                           .dx_stride = k,
                           .m = end - begin,
                           .scale = 0.5f,
                           .accumulate = true,
                           .role = role},
                          queue_of(n_threads));
  });
  return dx;
}

// Queries of a text, the last positions of its keys; a call sees the keys up to its last query, as in a cache.
struct Text {
  Heads heads;
  int64_t n_queries, n_keys;
  int32_t window;
  Shaping shaping = {};
  DType dtype = DType::kF32;
};

Floats attend(const KernelTable& table, const Text& text, Role role, const Sizes& sizes) {
  const std::vector<AttentionSpan> whole = {{0, text.n_queries, 0, text.n_keys}};
  Inputs in = make_inputs(text.heads, whole, text.window, 2.0f);
  shape(in, text.shaping);
  if (text.dtype != DType::kF32) {
    in.p.kv_stride = int64_t{text.heads.kv} * text.heads.dim;
    encode_cache(text.dtype, in);
    in.p.kv_dtype = text.dtype;
    in.p.k_encoded = in.k_encoded.data();
    in.p.v_encoded = in.v_encoded.data();
  }
  in.p.role = role;
  Floats out(static_cast<size_t>(text.n_queries * (in.p.o_stride + text.heads.n)));
  float* lse = &out[static_cast<size_t>(text.n_queries * in.p.o_stride)];
  in_pieces(text.n_queries, sizes, [&](int64_t begin, int64_t end, int n_threads) {
    const AttentionSpan span{0, end - begin, 0, text.n_keys - text.n_queries + end};
    AttentionProblem p = in.p;
    p.q += begin * p.q_stride;
    p.o = &out[static_cast<size_t>(begin * p.o_stride)];
    p.lse = lse + begin * text.heads.n;
    p.spans = &span;
    table.attention(p, queue_of(n_threads));
  });
  return out;
}

void check_attention(const Text& text) {
  for (const KernelTable* table : all_tables())
    for (const Role role : kRoles) {
      const Floats whole = attend(*table, text, role, {text.n_queries});
      for (const Sizes& sizes : {Sizes{1, 7, 40}, Sizes{33}, Sizes{text.n_queries - 1, 1}})
        check_same(*table, role, whole, attend(*table, text, role, sizes),
                   describe("attention", text.heads, {{0, text.n_queries, 0, text.n_keys}}, text.window));
    }
}

}  // namespace

TEST(products_of_every_format) {
  for (const DType dtype : all_dtypes()) {
    const int64_t rank = dtype == DType::kQ4_K ? 5 : 0;
    check_product(Product(dtype, 37, 512, 19, rank), dtype_info(dtype).name);
  }
}

// Every way to share a decoded weight among generated tokens: registers, scratch, tiles and halves of tiles.
TEST(rows_of_many_generated_tokens_are_those_of_each_alone) {
  constexpr int64_t kMost = 64;
  for (const ActivationFormat activations : kActivationFormats) {
    for (const DType dtype : all_dtypes()) {
      if (activations != ActivationFormat::kF32 && digit_step(dtype) == 0) continue;
      Product product(dtype, 37, 768, kMost, 0);
      product.activations = activations;
      for (const KernelTable* table : all_tables()) {
        const Floats alone = product.run(*table, Role::kGenerated, {1});
        for (const int64_t m : {2, 3, 7, 8, 16, 31, 32, 64})
          check_same(*table, Role::kGenerated, alone, product.run(*table, Role::kGenerated, {m}),
                     std::string(dtype_info(dtype).name) + " by " + std::to_string(m));
      }
    }
    for (const DType dtype : {DType::kQ4_K, DType::kQ6_K, DType::kQ8_0}) {  // deeper than what is decoded at once
      Product product(dtype, 70, 4352, kMost, 0);
      product.activations = activations;
      for (const KernelTable* table : all_tables())
        check_same(*table, Role::kGenerated, product.run(*table, Role::kGenerated, {1}),
                   product.run(*table, Role::kGenerated, {45}), "deep");
    }
  }
}

// Weights of floats meet activations as they are, and so do prompts.
TEST(activations_are_rounded_for_codes_and_generated_tokens_alone) {
  for (const DType dtype : all_dtypes())
    for (const KernelTable* table : all_tables())
      for (const Role role : kRoles) {
        Product product(dtype, 37, 768, 5, 0);
        const Floats exact = product.run(*table, role, {5});
        product.activations = ActivationFormat::kInt8;
        const bool rounds = role == Role::kGenerated && digit_step(dtype) > 0;
        // without products of integers, a path takes all of a rounded group from a lower one
        const bool own = table->path != CpuPath::kAvx512 || role == Role::kPrompt;
        if (rounds || own) CHECK_EQ(product.run(*table, role, {5}) != exact, rounds);
      }
}

TEST(low_rank_additions) {
  for (const DType dtype : {DType::kQ4_0, DType::kQ6_K, DType::kF16})
    for (const int64_t rank : {1, 16, 70}) check_product(Product(dtype, 70, 256, 30, rank), dtype_info(dtype).name);
}

// Texts that wear different adapters share the product with the weight, and what each wears is added behind it.
TEST(tails_of_generated_tokens_are_products_of_their_own) {
  constexpr int64_t kN = 70, kK = 256, kM = 5;
  for (const DType dtype : {DType::kQ4_0, DType::kQ6_K, DType::kF32})
    for (const int64_t rank : {1, 16, 70})
      for (const KernelTable* table : all_tables()) {
        const Weights w = random_weights(dtype, kN, kK, 5);
        const Floats x = random_vector(kM * kK, 1), low = random_vector(kM * rank, 2), b = random_vector(kN * rank, 3);
        Floats with(kM * kN, 0.25f), apart = with;
        MatmulProblem p{.x = x.data(), .x_stride = kK, .w = w.matrix, .y = with.data(), .y_stride = kN, .m = kM};
        p.scale = 0.3f;
        p.accumulate = true;
        p.role = Role::kGenerated;
        MatmulProblem up = p;
        p.tail = {low.data(), rank, {b.data(), DType::kF32, kN, rank}, 1.7f};
        table->matmul(p, queue_of(2));
        p.tail = {};
        p.y = up.y = apart.data();
        table->matmul(p, queue_of(2));
        up.x = low.data();
        up.x_stride = rank;
        up.w = {b.data(), DType::kF32, kN, rank};
        up.scale = 0.3f * 1.7f;
        table->matmul(up, queue_of(2));
        check_same(*table, Role::kGenerated, with, apart, "tail");
      }
}

namespace {

// A prompt's product of m rows, with a bias and added to what is there: [y of all rows].
Floats prompt_product(const KernelTable& table, const Weights& w, int64_t m, const LowRankTail& tail,
                      const std::vector<TailOfRows>& tails) {
  const int64_t n = w.matrix.rows, k = w.matrix.columns;
  const Floats x = random_vector(m * k, 1), bias = random_vector(n, 2);
  Floats y(static_cast<size_t>(m * n), 0.25f);
  MatmulProblem p{.x = x.data(), .x_stride = k, .w = w.matrix, .bias = bias.data(), .y = y.data(), .y_stride = n};
  p.m = m;
  p.scale = 0.3f;
  p.accumulate = true;
  p.tail = tail;
  p.tails = tails.data();
  p.n_tails = static_cast<int64_t>(tails.size());
  table.matmul(p, queue_of(2));
  return y;
}

struct Range {
  int64_t begin, end, rank;
};

// Rows without a tail, and those of each `step`th range.
void check_parted_tails(const KernelTable& table, const Weights& w, int64_t m, const std::vector<Range>& ranges,
                        size_t step = 1) {
  const int64_t n = w.matrix.rows;
  std::vector<Floats> low, b;
  std::vector<TailOfRows> tails;
  std::vector<LowRankTail> wholes;
  for (size_t i = 0; i < ranges.size(); ++i) {
    const auto [begin, end, rank] = ranges[i];
    low.push_back(random_vector(m * rank, 10 + i));
    b.push_back(random_vector(n * rank, 20 + i));
    wholes.push_back({low[i].data(), rank, {b[i].data(), DType::kF32, n, rank}, 1.7f});
    tails.push_back({begin, end, wholes[i]});
    tails[i].tail.x += begin * rank;
  }
  const Floats parted = prompt_product(table, w, m, {}, tails);
  Floats expected = prompt_product(table, w, m, {}, {});
  for (size_t i = 0; i < ranges.size(); ++i) {
    const Floats from = i % step == 0 ? prompt_product(table, w, m, wholes[i], {}) : parted;
    std::copy(from.begin() + ranges[i].begin * n, from.begin() + ranges[i].end * n,
              expected.begin() + ranges[i].begin * n);
  }
  check_same(table, Role::kPrompt, expected, parted, "tails of rows");
}

}  // namespace

// Prompts that wear different adapters share the product with the weight; each row has the bits that it has where all
// wear what it does.
TEST(rows_of_prompts_have_tails_of_their_own) {
  const auto check = [](DType dtype, int64_t rows, int64_t columns, int64_t m, const std::vector<Range>& ranges) {
    const Weights w = random_weights(dtype, rows, columns, 5);
    for (const KernelTable* table : all_tables())
      if (table->tails_of_rows) check_parted_tails(*table, w, m, ranges);
  };
  for (const auto& [dtype, rows, columns] :
       {std::tuple<DType, int64_t, int64_t>{DType::kQ4_0, 70, 256}, {DType::kF32, 130, 87}, {DType::kQ8_0, 35, 9248}}) {
    check(dtype, rows, columns, 40, {{0, 3, 16}});
    check(dtype, rows, columns, 40, {{0, 3, 3}, {7, 20, 16}});
    check(dtype, rows, columns, 40, {{0, 3, 1}, {7, 20, 300}, {33, 40, 16}});
    check(dtype, rows, columns, 40, {{0, 3, 16}, {7, 20, 70}, {20, 40, 1}});
  }
  // Units and passes of many rows, and ranks that are no low ones beside some that are.
  check(DType::kQ4_0, 35, 256, 1100, {{5, 400, 16}, {400, 511, 600}, {530, 531, 4}, {1000, 1100, 16}});
  std::vector<Range> each;  // row its own
  for (int64_t row = 0; row < 40; ++row) each.push_back({row, row + 1, row % 2 == 0 ? 5 : 300});
  check(DType::kQ8_0, 35, 64, 40, each);
}

// Tiles take few rows as their second operand and many as their first.
TEST(prompts_of_many_rows_have_the_bits_of_few) {
  for (const DType dtype : {DType::kQ4_K, DType::kQ6_K, DType::kF32}) {
    const Weights w = random_weights(dtype, 45, 512, 5);
    const Floats low = random_vector(530 * 16, 6), b = random_vector(45 * 16, 7);
    const LowRankTail tail = {low.data(), 16, {b.data(), DType::kF32, 45, 16}, 1.7f};
    for (const KernelTable* table : all_tables()) {
      const Floats many = prompt_product(*table, w, 530, tail, {}), few = prompt_product(*table, w, 3, tail, {});
      check_same(*table, Role::kPrompt, {many.begin(), many.begin() + 3 * 45}, few, "rows of many and few");
    }
  }
}

// More tails than find room beside the rows at once.
TEST(passes_of_few_rows_with_many_tails) {
  const Weights w = random_weights(DType::kQ8_0, 16, 8192, 5);
  std::vector<Range> each;
  for (int64_t row = 0; row < 320; ++row) each.push_back({row, row + 1, row % 64 == 0 ? 500 : 1});
  for (const KernelTable* table : all_tables())
    if (table->tails_of_rows && rounds_to_bf16(table->path)) check_parted_tails(*table, w, 400, each, 64);
}

TEST(odd_widths_and_depths_of_several_passes) {
  check_product(Product(DType::kF32, 33, 87, 19, 3), "odd");
  check_product(Product(DType::kQ8_0, 18, 96, 19, 3), "a part of a step");
  check_product(Product(DType::kQ8_0, 35, 9248, 12, 3), "deep");
}

// Digits of several wide inputs do not find room at once; those of the widest in none.
TEST(inputs_wider_than_the_scratch) {
  for (const int64_t k : {int64_t{40} << 10, int64_t{600} << 10})
    check_product(Product(DType::kQ4_0, 3, k, 12, 0), "wide");
}

TEST(products_with_a_weight_as_it_lies) {
  constexpr int64_t kM = 30;
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{2, 19}, {48, 70}, {300, 512}}) {
    const Weights w = random_weights(DType::kF32, rows, columns, 5);
    for (const KernelTable* table : all_tables())
      for (const Role role : kRoles) {
        const Floats whole = run_backward(*table, w, kM, role, {kM});
        for (const Sizes& sizes : {Sizes{1}, Sizes{1, 2, 3, 5, 9}, Sizes{kM - 1, 1}})
          check_same(*table, role, whole, run_backward(*table, w, kM, role, sizes), "matmul_backward");
      }
  }
}

// Products of generated tokens run together or alone, with inputs that share the room for digits.
TEST(groups_of_wide_inputs_are_their_products) {
  constexpr int64_t kK = int64_t{128} << 10, kM = 3;
  const Weights w = random_weights(DType::kQ8_0, 5, kK, 1);
  for (const KernelTable* table : all_tables()) {
    std::vector<Floats> x, together(8, Floats(kM * 5)), alone(8, Floats(kM * 5));
    std::vector<MatmulProblem> group;
    for (size_t i = 0; i < 8; ++i) x.push_back(random_vector(kM * kK, i));
    for (size_t i = 0; i < 8; ++i) {
      MatmulProblem p{.x = x[i].data(),
                      .x_stride = kK,
                      .w = w.matrix,
                      .y = alone[i].data(),
                      .y_stride = 5,
                      .m = kM,
                      .role = Role::kGenerated};
      table->matmul(p, queue_of(2));
      p.y = together[i].data();
      group.push_back(p);
    }
    table->matmul_group({group.data(), 8}, queue_of(3));
    for (size_t i = 0; i < 8; ++i) check_same(*table, Role::kGenerated, alone[i], together[i], "group");
  }
}

TEST(attention_without_a_cache) {
  check_attention({{4, 2, 64}, 150, 150, 0});
  check_attention({{9, 3, 40}, 70, 70, 0});
  check_attention({{24, 2, 17}, 70, 70, 0});
}

TEST(attention_over_a_cache) {
  check_attention({{4, 1, 64}, 100, 350, 0});
  check_attention({{8, 2, 32}, 40, 3000, 0});
  check_attention({{2, 2, 128}, 45, 600, 0});
  check_attention({{1, 1, 520}, 5, 40, 0});
}

namespace {

// Keys of a text in blocks that lie anywhere, and other texts beside it.
void check_blocks(const Text& text) {
  constexpr int64_t kTexts = 3;
  const int64_t n_blocks = (text.n_keys + kCacheBlockTokens - 1) / kCacheBlockTokens;
  const AttentionSpan whole{0, text.n_queries, 0, text.n_keys};
  Inputs in = make_inputs(text.heads, {whole}, text.window, 2.0f);
  shape(in, text.shaping);
  const int64_t stride = in.p.kv_stride = int64_t{text.heads.kv} * text.heads.dim;
  Floats k = random_vector(kTexts * n_blocks * kCacheBlockTokens * stride, 2),
         v = random_vector(kTexts * n_blocks * kCacheBlockTokens * stride, 3);
  std::vector<int32_t> tables;
  for (int64_t i = 0; i < kTexts * n_blocks; ++i) tables.push_back(static_cast<int32_t>(i * 7 % (kTexts * n_blocks)));
  std::vector<std::byte> k_bytes(static_cast<size_t>(row_bytes(text.dtype, static_cast<int64_t>(k.size())))),
      v_bytes = k_bytes;
  quantize(text.dtype, k.data(), k_bytes.data(), static_cast<int64_t>(k.size()));
  quantize(text.dtype, v.data(), v_bytes.data(), static_cast<int64_t>(v.size()));
  const int64_t block_bytes = row_bytes(text.dtype, stride * kCacheBlockTokens);
  const int64_t q_floats = text.n_queries * in.p.q_stride, o_floats = text.n_queries * in.p.o_stride;
  const Floats q = random_vector(kTexts * q_floats, 1, 2.0f);
  const auto run = [&](const KernelTable& table, AttentionProblem p, const std::byte* keys, const std::byte* values) {
    p.kv_dtype = text.dtype;
    p.k = reinterpret_cast<const float*>(p.k_encoded = keys);
    p.v = reinterpret_cast<const float*>(p.v_encoded = values);
    table.attention(p, queue_of(2));
  };
  for (const KernelTable* table : all_tables())
    for (const Role role : kRoles) {
      in.p.role = role;
      Floats apart(static_cast<size_t>(kTexts * o_floats)), together = apart;
      for (int64_t t = 0; t < kTexts; ++t) {  // a text by itself, its blocks in order
        std::vector<std::byte> keys, values;
        for (int64_t b = 0; b < n_blocks; ++b) {
          const int64_t at = tables[static_cast<size_t>(t * n_blocks + b)] * block_bytes;
          keys.insert(keys.end(), k_bytes.begin() + at, k_bytes.begin() + at + block_bytes);
          values.insert(values.end(), v_bytes.begin() + at, v_bytes.begin() + at + block_bytes);
        }
        AttentionProblem p = in.p;
        p.spans = &whole;
        p.q = q.data() + t * q_floats;
        p.o = apart.data() + t * o_floats;
        run(*table, p, keys.data(), values.data());
      }
      std::vector<AttentionSpan> spans;
      for (int64_t t = 0; t < kTexts; ++t)
        spans.push_back(
            {t * text.n_queries, (t + 1) * text.n_queries, 0, text.n_keys, &tables[static_cast<size_t>(t * n_blocks)]});
      AttentionProblem p = in.p;
      p.spans = spans.data();
      p.n_spans = kTexts;
      p.q = q.data();
      p.o = together.data();
      run(*table, p, k_bytes.data(), v_bytes.data());
      check_same(*table, role, apart, together, describe("blocks", text.heads, {whole}, text.window));
    }
}

}  // namespace

TEST(attention_over_blocks_anywhere) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ8_0}) {
    check_blocks({{4, 2, 64}, 1, 1, 0, {}, dtype});
    check_blocks({{4, 2, 64}, 1, 700, 0, {}, dtype});
    check_blocks({{4, 1, 32}, 70, 200, 0, {}, dtype});
    check_blocks({{4, 2, 32}, 40, 300, 90, {1.5f, true, 1.0f}, dtype});
  }
  check_blocks({{2, 1, 520}, 3, 130, 0});
  check_blocks({{8, 2, 32}, 2, 3000, 0});
}

TEST(attention_within_windows) {
  for (const int32_t window : {1, 50, 64, 300}) check_attention({{4, 2, 32}, 90, 700, window});
}

TEST(attention_whose_scores_are_shaped) {
  for (const Shaping shaping : {Shaping{1.5f, false}, Shaping{0.0f, true}, Shaping{0.0f, false, 1.0f}})
    for (const int32_t window : {0, 70}) check_attention({{4, 2, 32}, 80, 400, window, shaping});
}

TEST(attention_over_narrower_caches) {
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kQ8_0})
    check_attention({{4, 2, 64}, 80, 400, 0, {}, dtype});
}
