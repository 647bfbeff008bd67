// What the tile instructions do, one at a time.
#include <immintrin.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include "amx_emulator.h"

namespace chaku::test::emulator {
namespace {

thread_local char message[160];

template <class... Args>
const char* fault(const char* format, Args... args) {
  std::snprintf(message, sizeof message, format, args...);
  return message;
}

float bf16(const uint8_t* p) {
  uint16_t half;
  std::memcpy(&half, p, 2);
  const uint32_t bits = uint32_t{half} << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

struct Shape {
  int rows, row_bytes, depth;  // of the sums in bytes a row, and of the products in dwords
};

// The thread sanitizer is not up yet when the choice between clones is made.
#if defined(__SANITIZE_THREAD__)
#define CHAKU_CLONES
#else
#define CHAKU_CLONES target_clones("fma", "default"),
#endif

// The sums over even and over odd elements of the pairs are kept apart, each a chain of fused multiply-adds; they meet
// at the end, and their sum is added to the tile.
__attribute__((CHAKU_CLONES optimize("O3"))) void dot_bf16(Shape s, float (&sums)[kMaxRows][16],
                                                           const float (&left)[kMaxRows][32],
                                                           const float (&right)[16][32]) {
  for (int m = 0; m < s.rows; ++m) {
    float pairs[32] = {};
    for (int k = 0; k < s.depth; ++k) {
      float x[32];
      for (int n = 0; n < 32; ++n) x[n] = left[m][2 * k + (n & 1)];
      for (int n = 0; n < 32; ++n) pairs[n] = __builtin_fmaf(x[n], right[k][n], pairs[n]);
    }
    for (int n = 0; n < s.row_bytes / 4; ++n) sums[m][n] += pairs[2 * n] + pairs[2 * n + 1];
  }
}

int extend(uint8_t byte, bool is_signed) { return is_signed ? static_cast<int8_t>(byte) : byte; }

}  // namespace

const char* op_name(Op op) {
  static constexpr const char* kNames[] = {"ldtilecfg", "sttilecfg",   "tilerelease", "tilezero",
                                           "tileloadd", "tileloaddt1", "tilestored",  "tdpbssd",
                                           "tdpbsud",   "tdpbusd",     "tdpbuud",     "tdpbf16ps"};
  static_assert(sizeof kNames / sizeof *kNames == static_cast<size_t>(Op::kCount));
  return kNames[static_cast<int>(op)];
}

const char* TileState::load_config(const Config& c) {
  if (c.palette > 1) return fault("#GP expected palette 0 or 1, got %d", c.palette);
  for (const uint8_t byte : c.reserved)
    if (byte != 0) return fault("#GP expected reserved bytes of the configuration to be zero");
  for (int t = 0; t < 16 && c.palette == 1; ++t) {
    if (t >= kTiles && (c.rows[t] != 0 || c.row_bytes[t] != 0)) return fault("#GP there is no tile %d", t);
    if (c.rows[t] > kMaxRows || c.row_bytes[t] > kMaxRowBytes)
      return fault("#GP tile %d: expected at most 16 rows of 64 bytes, got %d of %d", t, c.rows[t], c.row_bytes[t]);
    if ((c.rows[t] == 0) != (c.row_bytes[t] == 0))
      return fault("#GP tile %d: expected rows and bytes, or neither, got %d rows of %d", t, c.rows[t], c.row_bytes[t]);
  }
  if (c.start_row != 0) return fault("expected start row 0, which is all this emulator knows, got %d", c.start_row);
  release();
  if (c.palette == 0) return nullptr;
  config_ = c;
  configured_ = true;
  return nullptr;
}

const char* TileState::check(int tile) const {
  if (!configured_) return fault("#UD no tile is configured on this thread");
  if (config_.rows[tile] == 0) return fault("#UD tile %d has no shape", tile);
  return nullptr;
}

const char* TileState::zero(int tile) {
  if (const char* wrong = check(tile)) return wrong;
  std::memset(tiles_[tile], 0, sizeof tiles_[tile]);
  return nullptr;
}

const char* TileState::load(int tile, const uint8_t* memory, int64_t stride_bytes) {
  if (const char* wrong = zero(tile)) return wrong;
  for (int r = 0; r < config_.rows[tile]; ++r)
    std::memcpy(tiles_[tile][r], memory + r * stride_bytes, config_.row_bytes[tile]);
  return nullptr;
}

const char* TileState::store(int tile, uint8_t* memory, int64_t stride_bytes) const {
  if (const char* wrong = check(tile)) return wrong;
  for (int r = 0; r < config_.rows[tile]; ++r)
    std::memcpy(memory + r * stride_bytes, tiles_[tile][r], config_.row_bytes[tile]);
  return nullptr;
}

const char* TileState::check_dot(int tile, int left, int right) const {
  if (tile == left || tile == right || left == right)
    return fault("#UD expected three different tiles, got %d, %d and %d", tile, left, right);
  for (const int t : {tile, left, right}) {
    if (const char* wrong = check(t)) return wrong;
    if (config_.row_bytes[t] % 4 != 0)
      return fault("#UD tile %d: expected whole dwords in a row, got %d bytes", t, config_.row_bytes[t]);
  }
  if (config_.row_bytes[tile] != config_.row_bytes[right])
    return fault("#UD expected rows of %d and %d to be equally long, got %d and %d bytes", tile, right,
                 config_.row_bytes[tile], config_.row_bytes[right]);
  if (config_.rows[tile] != config_.rows[left])
    return fault("#UD expected %d and %d to have as many rows, got %d and %d", tile, left, config_.rows[tile],
                 config_.rows[left]);
  if (config_.row_bytes[left] / 4 != config_.rows[right])
    return fault("#UD expected a row of %d for each dword of %d, got %d and %d", right, left, config_.rows[right],
                 config_.row_bytes[left] / 4);
  return nullptr;
}

const char* TileState::dot(Op op, int tile, int left, int right) {
  if (const char* wrong = check_dot(tile, left, right)) return wrong;
  const Shape s = {config_.rows[tile], config_.row_bytes[tile], config_.rows[right]};
  if (op == Op::kDotBf16) {
    float sums[kMaxRows][16], x[kMaxRows][32], y[16][32];
    std::memcpy(sums, tiles_[tile], sizeof sums);
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 32; ++j) {
        x[i][j] = bf16(tiles_[left][i] + 2 * j);
        y[i][j] = bf16(tiles_[right][i] + 2 * j);
      }
    const unsigned before = _mm_getcsr();
    _mm_setcsr(0x1f80 | _MM_FLUSH_ZERO_ON | 0x40);  // round to nearest even; denormals are zero, in and out
    dot_bf16(s, sums, x, y);
    _mm_setcsr(before);
    std::memset(tiles_[tile], 0, sizeof tiles_[tile]);
    for (int m = 0; m < s.rows; ++m) std::memcpy(tiles_[tile][m], sums[m], static_cast<size_t>(s.row_bytes));
    return nullptr;
  }
  const bool left_signed = op == Op::kDotS8S8 || op == Op::kDotS8U8;
  const bool right_signed = op == Op::kDotS8S8 || op == Op::kDotU8S8;
  for (int m = 0; m < s.rows; ++m)
    for (int n = 0; n < s.row_bytes / 4; ++n) {
      uint32_t sum;  // wraps, as the instruction does
      std::memcpy(&sum, tiles_[tile][m] + 4 * n, 4);
      for (int k = 0; k < s.depth; ++k)
        for (int i = 0; i < 4; ++i)
          sum += static_cast<uint32_t>(extend(tiles_[left][m][4 * k + i], left_signed) *
                                       extend(tiles_[right][k][4 * n + i], right_signed));
      std::memcpy(tiles_[tile][m] + 4 * n, &sum, 4);
    }
  return nullptr;
}

}  // namespace chaku::test::emulator
