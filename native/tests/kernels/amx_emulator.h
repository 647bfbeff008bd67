// AMX on machines without it: the tile instructions of the kernels run as they were compiled. Without AMX each of them
// raises SIGILL; the handler decodes it from the interrupted context, executes it on the tiles of that thread, and
// continues behind it. On a machine with AMX no signal comes, and the same tests run on the tiles of the processor.
//
// Misuse that a processor answers with #UD or #GP (an unconfigured tile, shapes that do not fit, a bad configuration)
// prints what is wrong and aborts the test.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2 (the instructions), volume 1
// chapter 18.
#pragma once

#include <cstdint>

namespace chaku::test::emulator {

enum class Op {
  kLoadConfig,
  kStoreConfig,
  kRelease,
  kZero,
  kLoad,
  kLoadT1,
  kStore,
  kDotS8S8,
  kDotS8U8,
  kDotU8S8,
  kDotU8U8,
  kDotBf16,
  kCount
};

const char* op_name(Op op);

constexpr int kTiles = 8, kMaxRows = 16, kMaxRowBytes = 64;
constexpr int kNone = -1, kInstructionPointer = -2;  // instead of a register

// base + index * scale + displacement; registers are numbered as the processor does, rax 0 to r15 15.
struct Address {
  int base = kNone, index = kNone, scale = 1;
  int32_t displacement = 0;
};

struct Instruction {
  Op op = Op::kCount;
  int length = 0;
  int tile = 0, left = 0, right = 0;  // tmm1, tmm2 and tmm3 of the manual
  Address address;
};

// False when the bytes are no AMX instruction that this emulator knows. Reads up to 15 bytes.
bool decode(const uint8_t* code, Instruction* out);

// The 64 bytes of ldtilecfg.
struct Config {
  uint8_t palette = 0, start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(Config) == 64);

// The tiles of one thread. Each instruction returns null, or what is wrong with it, and then has done nothing.
class TileState {
 public:
  const char* load_config(const Config& config);
  Config config() const { return config_; }
  void release() { *this = TileState(); }
  const char* zero(int tile);
  const char* load(int tile, const uint8_t* memory, int64_t stride_bytes);
  const char* store(int tile, uint8_t* memory, int64_t stride_bytes) const;
  // tile += left * right, as op says.
  const char* dot(Op op, int tile, int left, int right);

 private:
  const char* check(int tile) const;
  const char* check_dot(int tile, int left, int right) const;

  Config config_;
  bool configured_ = false;
  uint8_t tiles_[kTiles][kMaxRows][kMaxRowBytes] = {};
};

// Installs the handler; once is enough, for all threads.
void install();

// How many of these instructions have been emulated in this process.
int64_t emulated(Op op);

}  // namespace chaku::test::emulator
