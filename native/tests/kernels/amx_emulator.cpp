// The handler of SIGILL, and the decoder of what it finds.
#include "amx_emulator.h"

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace chaku::test::emulator {
namespace {

std::atomic<int64_t> counts[static_cast<int>(Op::kCount)];
thread_local TileState tiles;
struct sigaction others;  // what handled SIGILL before

// An instruction by its opcode and prefix (pp of VEX: none, 66, F3, F2), and whether its ModRM names memory.
struct Encoding {
  uint8_t opcode, prefix;
  bool memory;
  Op op;
};

constexpr Encoding kEncodings[] = {
    {0x49, 0, true, Op::kLoadConfig}, {0x49, 1, true, Op::kStoreConfig}, {0x49, 0, false, Op::kRelease},
    {0x49, 3, false, Op::kZero},      {0x4b, 3, true, Op::kLoad},        {0x4b, 1, true, Op::kLoadT1},
    {0x4b, 2, true, Op::kStore},      {0x5e, 3, false, Op::kDotS8S8},    {0x5e, 2, false, Op::kDotS8U8},
    {0x5e, 1, false, Op::kDotU8S8},   {0x5e, 0, false, Op::kDotU8U8},    {0x5c, 2, false, Op::kDotBf16}};

// The bytes behind the opcode: ModRM, SIB and displacement. `extend` holds the R, X and B bits of VEX as 4, 2 and 1.
// Returns the number of bytes.
int decode_address(const uint8_t* p, int extend, Address* out) {
  const int mode = p[0] >> 6, low = p[0] & 7;
  int length = 1;
  Address a;
  if (low == 4) {
    const uint8_t sib = p[length++];
    a.scale = 1 << (sib >> 6);
    a.index = (sib >> 3 & 7) | (extend & 2) << 2;
    if (a.index == 4) a.index = kNone;
    a.base = (sib & 7) | (extend & 1) << 3;
    if ((sib & 7) == 5 && mode == 0) a.base = kNone;
  } else {
    a.base = low | (extend & 1) << 3;
    if (low == 5 && mode == 0) a.base = kInstructionPointer;
  }
  if (mode == 1) {
    a.displacement = static_cast<int8_t>(p[length++]);
  } else if (mode == 2 || a.base == kInstructionPointer || (a.base == kNone && low == 4)) {
    std::memcpy(&a.displacement, p + length, 4);
    length += 4;
  }
  *out = a;
  return length;
}

int64_t value_of(int reg, const greg_t* registers) {
  static constexpr int kPlaces[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                    REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return reg == kNone ? 0 : registers[reg == kInstructionPointer ? REG_RIP : kPlaces[reg]];
}

// RIP already stands behind the instruction, which is what addresses relative to it count from.
const char* execute(const Instruction& in, const greg_t* registers) {
  const int64_t start = value_of(in.address.base, registers) + in.address.displacement;
  const int64_t scaled = value_of(in.address.index, registers) * in.address.scale;
  switch (in.op) {
    case Op::kLoadConfig: {
      Config config;
      std::memcpy(&config, reinterpret_cast<const void*>(start + scaled), sizeof config);
      return tiles.load_config(config);
    }
    case Op::kStoreConfig: {
      const Config config = tiles.config();
      std::memcpy(reinterpret_cast<void*>(start + scaled), &config, sizeof config);
      return nullptr;
    }
    case Op::kRelease: tiles.release(); return nullptr;
    case Op::kZero: return tiles.zero(in.tile);
    case Op::kLoad:
    case Op::kLoadT1: return tiles.load(in.tile, reinterpret_cast<const uint8_t*>(start), scaled);
    case Op::kStore: return tiles.store(in.tile, reinterpret_cast<uint8_t*>(start), scaled);
    default: return tiles.dot(in.op, in.tile, in.left, in.right);
  }
}

void handle(int, siginfo_t*, void* context) {
  greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const uint8_t* code = reinterpret_cast<const uint8_t*>(registers[REG_RIP]);
  Instruction in;
  if (!decode(code, &in)) {  // not ours: it happens again, and meets who was there before
    sigaction(SIGILL, &others, nullptr);
    return;
  }
  registers[REG_RIP] += in.length;
  if (const char* wrong = execute(in, registers)) {
    std::fprintf(stderr, "AMX emulator: %s (tiles %d, %d, %d): %s\n", op_name(in.op), in.tile, in.left, in.right,
                 wrong);
    std::abort();
  }
  counts[static_cast<int>(in.op)].fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

bool decode(const uint8_t* code, Instruction* out) {
  // VEX in three bytes, map 0F38, 128 bits, W 0; the bits of registers are stored inverted.
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || (code[2] & 0x84) != 0) return false;
  const int extend = (~code[1] & 0xff) >> 5, vvvv = (~code[2] & 0xff) >> 3 & 15, prefix = code[2] & 3;
  const uint8_t modrm = code[4];
  const bool memory = modrm >> 6 != 3;
  for (const Encoding& known : kEncodings) {
    if (known.opcode != code[3] || known.prefix != prefix || known.memory != memory) continue;
    Instruction in;
    in.op = known.op;
    in.length = 5;
    const int reg = (modrm >> 3 & 7) | (extend & 4) << 1, low = (modrm & 7) | (memory ? 0 : (extend & 1) << 3);
    const bool dots = in.op >= Op::kDotS8S8;
    if (memory) in.length = 4 + decode_address(code + 4, extend, &in.address);
    if (!dots && vvvv != 0) return false;
    const bool tile_op = in.op >= Op::kZero;
    if (tile_op ? reg >= kTiles : reg != 0) return false;
    if (in.op >= Op::kLoad && in.op <= Op::kStore && (modrm & 7) != 4) return false;  // a stride needs its SIB byte
    if ((in.op == Op::kRelease || in.op == Op::kZero) && low != 0) return false;
    if (dots && (low >= kTiles || vvvv >= kTiles)) return false;
    in.tile = tile_op ? reg : 0;
    in.left = dots ? low : 0;
    in.right = dots ? vvvv : 0;
    *out = in;
    return true;
  }
  return false;
}

void install() {
  static const bool once = [] {
    // A processor that has tiles lets a process use them once it asked for them.
    constexpr long kRequestPermission = 0x1023, kTileData = 18;
    syscall(SYS_arch_prctl, kRequestPermission, kTileData);
    struct sigaction action = {};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGILL, &action, &others) == 0;
  }();
  if (!once) std::abort();
}

int64_t emulated(Op op) { return counts[static_cast<int>(op)].load(std::memory_order_relaxed); }

}  // namespace chaku::test::emulator
