// The emulator against tiles worked out by hand, against what the assembler encodes, and against the processor's own
// tiles where there are any.
#include "amx_emulator.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu_features.h"
#include "base/half.h"
#include "base/random.h"
#include "test.h"

using namespace chaku;
using namespace chaku::test;
using emulator::Op;

// Every base with every index, in the three sizes of displacement, then the forms without a base, an index or both; in
// the order that the test walks them. Only decoded, never run.
__asm__(R"(
  .section .rodata
chaku_test_addresses:
  .irp base, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
  .irp index, rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
  tileloadd (%\base, %\index, 1), %tmm3
  tileloaddt1 -64(%\base, %\index, 4), %tmm7
  tilestored %tmm0, 0x12345(%\base, %\index, 8)
  .endr
  .endr
chaku_test_odd_forms:
  tileloadd 0x1000(, %r9, 2), %tmm1
  {disp32} tileloadd 16(%r12), %tmm2
  ldtilecfg (%rsp)
  ldtilecfg 64(%rip)
  ldtilecfg 8(%r13)
  sttilecfg -128(%rbp, %r15, 2)
  tilerelease
  tilezero %tmm5
  tdpbf16ps %tmm7, %tmm6, %tmm0
  tdpbssd %tmm1, %tmm2, %tmm3
  tdpbsud %tmm1, %tmm2, %tmm3
  tdpbusd %tmm1, %tmm2, %tmm3
  tdpbuud %tmm1, %tmm2, %tmm3
  vpmulld (%rax), %xmm1, %xmm2
  tdpbf16ps %tmm7, %tmm6, %tmm0
  .previous
)");
extern "C" const uint8_t addresses[] __asm__("chaku_test_addresses");
extern "C" const uint8_t odd_forms[] __asm__("chaku_test_odd_forms");

namespace {

void configure(emulator::Config& c, int tile, int rows, int row_bytes) {
  c.palette = 1;
  c.rows[tile] = static_cast<uint8_t>(rows);
  c.row_bytes[tile] = static_cast<uint16_t>(row_bytes);
}

bool says(const char* message, const char* part) {
  if (message != nullptr && std::strstr(message, part) != nullptr) return true;
  std::fprintf(stderr, "expected \"%s\", got \"%s\"\n", part, message == nullptr ? "no fault" : message);
  return false;
}

uint16_t half(float x) { return f32_to_bf16(x); }

void check_address(const emulator::Instruction& in, int base, int index, int scale, int displacement) {
  CHECK_EQ(in.address.base, base);
  CHECK_EQ(in.address.index, index);
  CHECK_EQ(in.address.scale, scale);
  CHECK_EQ(in.address.displacement, displacement);
}

emulator::Instruction next(const uint8_t** code, Op op) {
  emulator::Instruction in;
  CHECK(emulator::decode(*code, &in));
  CHECK(in.op == op);
  *code += in.length;
  return in;
}

// Tiles 0 += 1 * 2 (bf16) and 3 += 4 * 5 (int8, each kind of sign), by the instructions themselves.
struct Inputs {
  alignas(64) emulator::Config config;
  alignas(64) uint16_t left[16][32], right[16][32];
  alignas(64) float sums[16][16];
  alignas(64) uint8_t bytes_left[16][64], bytes_right[16][64];
};

struct Outputs {
  float sums[16][16];
  uint32_t integers[4][16][16];
  bool operator==(const Outputs& o) const { return std::memcmp(this, &o, sizeof o) == 0; }
};

void run_instructions(const Inputs& in, Outputs* out) {
  constexpr int64_t kStride = 64;
  __asm__ volatile("ldtilecfg %0" ::"m"(in.config));
  __asm__ volatile("tileloadd (%0, %1, 1), %%tmm0" ::"r"(in.sums), "r"(kStride) : "memory");
  __asm__ volatile("tileloadd -256(%0, %1, 2), %%tmm1" ::"r"(&in.left[4]), "r"(kStride / 2) : "memory");
  __asm__ volatile("tileloaddt1 (%0, %1, 4), %%tmm2" ::"r"(in.right), "r"(kStride / 4) : "memory");
  __asm__ volatile("tdpbf16ps %tmm2, %tmm1, %tmm0");  // the assembler's order: right, left, sums
  __asm__ volatile("tilestored %%tmm0, (%0, %1, 1)" ::"r"(out->sums), "r"(kStride) : "memory");
  __asm__ volatile("tileloadd (%0, %1, 1), %%tmm4" ::"r"(in.bytes_left), "r"(kStride) : "memory");
  __asm__ volatile("tileloadd (%0, %1, 1), %%tmm5" ::"r"(in.bytes_right), "r"(kStride) : "memory");
  const auto store = [&](int i) {
    __asm__ volatile("tilestored %%tmm3, (%0, %1, 1)" ::"r"(out->integers[i]), "r"(kStride) : "memory");
  };
  __asm__ volatile("tilezero %tmm3\n tdpbssd %tmm5, %tmm4, %tmm3");
  store(0);
  __asm__ volatile("tilezero %tmm3\n tdpbsud %tmm5, %tmm4, %tmm3");
  store(1);
  __asm__ volatile("tilezero %tmm3\n tdpbusd %tmm5, %tmm4, %tmm3");
  store(2);
  __asm__ volatile("tilezero %tmm3\n tdpbuud %tmm5, %tmm4, %tmm3");
  store(3);
  __asm__ volatile("tilerelease");
}

void run_states(const Inputs& in, Outputs* out) {
  const auto bytes = [](const auto& array) { return reinterpret_cast<const uint8_t*>(&array[0][0]); };
  emulator::TileState t;
  const auto run = [](const char* wrong) { CHECK(wrong == nullptr); };
  run(t.load_config(in.config));
  run(t.load(0, bytes(in.sums), 64));
  run(t.load(1, bytes(in.left), 64));
  run(t.load(2, bytes(in.right), 64));
  run(t.dot(Op::kDotBf16, 0, 1, 2));
  run(t.store(0, reinterpret_cast<uint8_t*>(out->sums), 64));
  run(t.load(4, bytes(in.bytes_left), 64));
  run(t.load(5, bytes(in.bytes_right), 64));
  const Op ops[] = {Op::kDotS8S8, Op::kDotS8U8, Op::kDotU8S8, Op::kDotU8U8};
  for (int i = 0; i < 4; ++i) {
    run(t.zero(3));
    run(t.dot(ops[i], 3, 4, 5));
    run(t.store(3, reinterpret_cast<uint8_t*>(out->integers[i]), 64));
  }
}

Inputs random_inputs(uint64_t seed) {
  Inputs in{};
  const Philox random(seed, 11);
  for (int t = 0; t < 6; ++t) configure(in.config, t, 16, 64);
  for (uint64_t i = 0; i < 512; ++i) {
    const float magnitude = i % 7 == 0 ? 1e-30f : i % 11 == 0 ? 1e15f : 1.0f;  // products down to denormals
    in.left[i / 32][i % 32] = half(random.normal(i) * magnitude);
    in.right[i / 32][i % 32] = half(random.normal(i + 1000) * magnitude);
    in.sums[i / 2 / 16][i / 2 % 16] = random.normal(i / 2 + 2000);
    for (uint64_t b = 0; b < 2; ++b) {
      in.bytes_left[i / 32][2 * (i % 32) + b] = static_cast<uint8_t>(random.words(i)[b]);
      in.bytes_right[i / 32][2 * (i % 32) + b] = static_cast<uint8_t>(random.words(i)[b + 2]);
    }
  }
  return in;
}

}  // namespace

TEST(all_registers_and_displacements_decode) {
  const uint8_t* code = addresses;
  for (int base = 0; base < 16; ++base)
    for (int index = 0; index < 16; ++index) {
      if (index == 4) continue;  // rsp is no index
      emulator::Instruction in = next(&code, Op::kLoad);
      check_address(in, base, index, 1, 0);
      CHECK_EQ(in.tile, 3);
      in = next(&code, Op::kLoadT1);
      check_address(in, base, index, 4, -64);
      CHECK_EQ(in.tile, 7);
      in = next(&code, Op::kStore);
      check_address(in, base, index, 8, 0x12345);
      CHECK_EQ(in.tile, 0);
    }
  CHECK(code == odd_forms);
}

TEST(odd_forms_decode_and_others_are_left_alone) {
  const uint8_t* code = odd_forms;
  check_address(next(&code, Op::kLoad), emulator::kNone, 9, 2, 0x1000);
  check_address(next(&code, Op::kLoad), 12, emulator::kNone, 1, 16);
  check_address(next(&code, Op::kLoadConfig), 4, emulator::kNone, 1, 0);
  check_address(next(&code, Op::kLoadConfig), emulator::kInstructionPointer, emulator::kNone, 1, 64);
  check_address(next(&code, Op::kLoadConfig), 13, emulator::kNone, 1, 8);
  check_address(next(&code, Op::kStoreConfig), 5, 15, 2, -128);
  next(&code, Op::kRelease);
  CHECK_EQ(next(&code, Op::kZero).tile, 5);
  for (const Op op : {Op::kDotBf16, Op::kDotS8S8, Op::kDotS8U8, Op::kDotU8S8, Op::kDotU8U8}) {
    const emulator::Instruction in = next(&code, op);
    CHECK_EQ(in.tile, op == Op::kDotBf16 ? 0 : 3);
    CHECK_EQ(in.left, op == Op::kDotBf16 ? 6 : 2);
    CHECK_EQ(in.right, op == Op::kDotBf16 ? 7 : 1);
  }
  emulator::Instruction in;
  CHECK(!emulator::decode(code, &in));  // vpmulld: the same map, another opcode
  uint8_t wide[8];
  std::memcpy(wide, code + 5, 5);
  CHECK(emulator::decode(wide, &in));
  wide[2] |= 0x04;  // 256 bits
  CHECK(!emulator::decode(wide, &in));
  wide[2] &= 0xfb;
  wide[1] &= 0x7f;  // tile 8
  CHECK(!emulator::decode(wide, &in));
}

TEST(a_small_bf16_product_by_hand) {
  emulator::Config c;
  configure(c, 0, 2, 8);  // sums [2,2]
  configure(c, 1, 2, 4);  // left [2,1 pair]
  configure(c, 2, 1, 8);  // right [1 pair,2]
  const uint16_t left[2][2] = {{half(1), half(2)}, {half(-3), half(0.5f)}};
  const uint16_t right[1][4] = {{half(4), half(5), half(6), half(7)}};  // columns (4,5) and (6,7)
  const float start[2][2] = {{100, 200}, {300, 400}};
  float out[2][2];
  emulator::TileState t;
  CHECK(t.load_config(c) == nullptr);
  CHECK(t.load(0, reinterpret_cast<const uint8_t*>(start), 8) == nullptr);
  CHECK(t.load(1, reinterpret_cast<const uint8_t*>(left), 4) == nullptr);
  CHECK(t.load(2, reinterpret_cast<const uint8_t*>(right), 8) == nullptr);
  CHECK(t.dot(Op::kDotBf16, 0, 1, 2) == nullptr);
  CHECK(t.store(0, reinterpret_cast<uint8_t*>(out), 8) == nullptr);
  CHECK_EQ(out[0][0], 100 + 1 * 4 + 2 * 5);
  CHECK_EQ(out[0][1], 200 + 1 * 6 + 2 * 7);
  CHECK_EQ(out[1][0], 300 - 3 * 4 + 0.5f * 5);
  CHECK_EQ(out[1][1], 400 - 3 * 6 + 0.5f * 7);
}

// One element, two pairs: what is rounded when, and that denormals vanish.
TEST(sums_round_in_the_order_of_the_instruction) {
  const auto dot = [](const std::vector<float>& left, const std::vector<float>& right, float start) {
    emulator::Config c;
    const int pairs = static_cast<int>(left.size()) / 2;
    configure(c, 0, 1, 4);
    configure(c, 1, 1, 4 * pairs);
    configure(c, 2, pairs, 4);
    std::vector<uint16_t> l, r;
    for (const float v : left) l.push_back(half(v));
    for (const float v : right) r.push_back(half(v));
    float out = 0;
    emulator::TileState t;
    CHECK(t.load_config(c) == nullptr);
    CHECK(t.load(0, reinterpret_cast<const uint8_t*>(&start), 4) == nullptr);
    CHECK(t.load(1, reinterpret_cast<const uint8_t*>(l.data()), 64) == nullptr);
    CHECK(t.load(2, reinterpret_cast<const uint8_t*>(r.data()), 4) == nullptr);
    CHECK(t.dot(Op::kDotBf16, 0, 1, 2) == nullptr);
    CHECK(t.store(0, reinterpret_cast<uint8_t*>(&out), 4) == nullptr);
    return out;
  };
  const float big = 16777216.0f;                            // 2^24: adding 1 is lost, a tie to even
  CHECK_EQ(dot({1, 1}, {1, 1}, big), big + 2);              // the pair is summed before it meets the tile
  CHECK_EQ(dot({1, 0, 1, 0}, {1, 0, 1, 0}, big), big + 2);  // and so are the pairs
  CHECK_EQ(dot({big, 1, 1, 0}, {1, 1, 1, 0}, 0), big);      // 2^24 + 1 of the even elements first: rounded away
  CHECK_EQ(dot({3, 0}, {big, 0}, 1), 3 * big);              // to nearest even
  const float tiny = 1e-39f, least = 1.5e-38f;              // a denormal, and a number just above them
  CHECK_EQ(dot({tiny, 0}, {1e30f, 0}, 5), 5.0f);            // an operand that counts as zero
  CHECK_EQ(dot({1e-20f, 0}, {1e-20f, 0}, 0), 0.0f);         // a product that is flushed
  CHECK_EQ(dot({0, 0}, {0, 0}, tiny), 0.0f);                // a sum that counts as zero
  CHECK_EQ(dot({1, 0}, {least, 0}, 0), bf16_to_f32(half(least)));
}

TEST(integer_products_by_hand) {
  emulator::Config c;
  configure(c, 0, 1, 4);
  configure(c, 1, 1, 4);
  configure(c, 2, 1, 4);
  const uint8_t left[4] = {0xff, 2, 0x80, 1}, right[4] = {3, 0xfe, 0x80, 0xff};
  const auto dot = [&](Op op) {
    const int32_t start = 7;
    int32_t out = 0;
    emulator::TileState t;
    CHECK(t.load_config(c) == nullptr);
    CHECK(t.load(0, reinterpret_cast<const uint8_t*>(&start), 4) == nullptr);
    CHECK(t.load(1, left, 4) == nullptr);
    CHECK(t.load(2, right, 4) == nullptr);
    CHECK(t.dot(op, 0, 1, 2) == nullptr);
    CHECK(t.store(0, reinterpret_cast<uint8_t*>(&out), 4) == nullptr);
    return out;
  };
  CHECK_EQ(dot(Op::kDotS8S8), 7 - 3 - 4 + 128 * 128 - 1);
  CHECK_EQ(dot(Op::kDotS8U8), 7 - 3 + 508 - 128 * 128 + 255);
  CHECK_EQ(dot(Op::kDotU8S8), 7 + 765 - 4 - 128 * 128 - 1);
  CHECK_EQ(dot(Op::kDotU8U8), 7 + 765 + 508 + 128 * 128 + 255);
}

TEST(loads_clear_what_lies_outside_of_the_shape) {
  emulator::Config full, small;
  configure(full, 0, 16, 64);
  configure(small, 0, 3, 10);
  uint8_t ones[1024], out[1024];
  std::memset(ones, 1, sizeof ones);
  std::memset(out, 9, sizeof out);
  emulator::TileState t;
  CHECK(t.load_config(small) == nullptr);
  CHECK(t.load(0, ones, 64) == nullptr);
  CHECK(t.store(0, out, 64) == nullptr);
  for (int i = 0; i < 1024; ++i) CHECK_EQ(int{out[i]}, i / 64 < 3 && i % 64 < 10 ? 1 : 9);  // nothing else is written
  CHECK(t.load_config(full) == nullptr);
  CHECK(t.store(0, out, 64) == nullptr);
  for (const uint8_t byte : out) CHECK_EQ(int{byte}, 0);  // a new configuration clears the tiles
}

TEST(misuse_is_named) {
  emulator::TileState t;
  CHECK(says(t.zero(0), "no tile is configured"));
  emulator::Config c;
  configure(c, 0, 16, 64);
  c.rows[1] = 17;
  c.row_bytes[1] = 64;
  CHECK(says(t.load_config(c), "tile 1: expected at most 16 rows of 64 bytes, got 17 of 64"));
  c.rows[1] = 0;
  CHECK(says(t.load_config(c), "tile 1: expected rows and bytes, or neither"));
  c.row_bytes[1] = 0;
  c.rows[9] = 1;
  CHECK(says(t.load_config(c), "there is no tile 9"));
  c.rows[9] = 0;
  c.reserved[3] = 1;
  CHECK(says(t.load_config(c), "reserved"));
  c.reserved[3] = 0;
  c.palette = 2;
  CHECK(says(t.load_config(c), "palette"));
  c.palette = 1;
  CHECK(t.load_config(c) == nullptr);
  CHECK(says(t.zero(1), "tile 1 has no shape"));
  CHECK(says(t.dot(Op::kDotBf16, 0, 0, 1), "three different tiles"));
  CHECK(says(t.dot(Op::kDotBf16, 0, 1, 2), "tile 1 has no shape"));
  configure(c, 1, 16, 32);
  configure(c, 2, 16, 64);
  CHECK(t.load_config(c) == nullptr);
  CHECK(says(t.dot(Op::kDotBf16, 0, 1, 2), "expected a row of 2 for each dword of 1, got 16 and 8"));
  configure(c, 1, 8, 64);
  CHECK(t.load_config(c) == nullptr);
  CHECK(says(t.dot(Op::kDotBf16, 0, 1, 2), "as many rows"));
  configure(c, 1, 16, 64);
  configure(c, 2, 16, 60);
  CHECK(t.load_config(c) == nullptr);
  CHECK(says(t.dot(Op::kDotBf16, 0, 1, 2), "equally long"));
  t.release();
  CHECK(says(t.zero(0), "no tile is configured"));
}

TEST(instructions_and_emulator_give_the_same_bits) {
  emulator::install();
  const int64_t before = emulator::emulated(Op::kDotBf16);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Inputs in = random_inputs(seed);
    Outputs by_instruction, by_state;
    run_instructions(in, &by_instruction);
    run_states(in, &by_state);
    CHECK(by_instruction == by_state);
  }
  const int64_t count = emulator::emulated(Op::kDotBf16) - before;
  std::printf("       %s\n", count > 0 ? "emulated" : "on the tiles of this processor");
  CHECK_EQ(count, cpu_features().amx_bf16 ? 0 : 20);
}

TEST(misuse_of_an_instruction_aborts_the_program) {
  emulator::install();
  if (cpu_features().amx_bf16) {
    chaku::test::skip_part("misuse of tiles: this processor has them and raises its own signal");
    return;
  }
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    std::fclose(stderr);
    __asm__ volatile("tilerelease\n tilezero %tmm0");
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
