// The tile instructions, and the loop that all large products spend their time in.
//
// A tile is 16 rows of 64 bytes. One tdpbf16ps multiplies 16 rows of 32 bfloat16 (A) by 16 rows of 16 pairs (B: row i
// holds elements 2i and 2i + 1 of the depth, for 16 columns) into 16 x 16 float32 sums. Two tiles of A and two of B
// make four products a step, so that each load feeds two of them.
//
// The instructions are written here instead of taken from immintrin.h, whose loads (gcc 12) do not tell the compiler
// that they read memory: stores that fill a tile could move behind the load.
#pragma once

#ifndef CHAKU_ISA
#define CHAKU_ISA amx
#endif

#include "kernels/cpu/generic/bf16.h"

namespace chaku::amx {

constexpr int64_t kTileSide = 16;                     // rows of a tile, and columns of float32 or of pairs
constexpr int64_t kTileElements = 512;                // bfloat16 of a tile
constexpr int64_t kStepDepth = 32;                    // that one product of tiles covers
constexpr int64_t kStrip = 32;                        // rows or columns of two tiles side by side
constexpr int64_t kStepElements = 2 * kTileElements;  // of a strip
constexpr int64_t kSums = kStrip * kStrip;            // of two strips' product: four tiles of 16 x 16, rows first
constexpr int64_t kRowBytes = 64;

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

constexpr TileConfig full_tiles() {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = kRowBytes;
    config.rows[tile] = kTileSide;
  }
  return config;
}

constexpr TileConfig kFullTiles = full_tiles();

// Configures the tiles of this thread for as long as it lives: a thread that leaves them in use makes every switch to
// another one save 8 KB.
class TilesInUse {
 public:
  __attribute__((always_inline)) explicit TilesInUse(const TileConfig& config = kFullTiles) {
    __asm__ volatile("ldtilecfg %0" ::"m"(config));
  }
  __attribute__((always_inline)) ~TilesInUse() { __asm__ volatile("tilerelease"); }
  TilesInUse(const TilesInUse&) = delete;
  TilesInUse& operator=(const TilesInUse&) = delete;
};

template <int kTile>
CHAKU_INLINE void zero_tile() {
  __asm__ volatile("tilezero %%tmm%c0" ::"i"(kTile));
}

// Tile kNumber of a row of tiles that starts at p.
template <int kTile, int kNumber>
CHAKU_INLINE void load_tile(const void* p) {
  __asm__ volatile("tileloadd %c1(%2, %3, 1), %%tmm%c0" ::"i"(kTile), "i"(kNumber * kTileSide * kRowBytes), "r"(p),
                   "r"(kRowBytes)
                   : "memory");
}

template <int kTile, int kNumber>
CHAKU_INLINE void store_tile(void* p) {
  __asm__ volatile("tilestored %%tmm%c0, %c1(%2, %3, 1)" ::"i"(kTile), "i"(kNumber * kTileSide * kRowBytes), "r"(p),
                   "r"(kRowBytes)
                   : "memory");
}

// The same of a tile whose rows lie stride_bytes apart.
template <int kTile>
CHAKU_INLINE void load_strided(const void* p, int64_t stride_bytes) {
  __asm__ volatile("tileloadd (%1, %2, 1), %%tmm%c0" ::"i"(kTile), "r"(p), "r"(stride_bytes) : "memory");
}

template <int kTile>
CHAKU_INLINE void store_strided(void* p, int64_t stride_bytes) {
  __asm__ volatile("tilestored %%tmm%c0, (%1, %2, 1)" ::"i"(kTile), "r"(p), "r"(stride_bytes) : "memory");
}

// Tiles 0 to 3 are the sums, 4 and 5 the rows, 6 and 7 the columns. kTurned: rows lie as pairs and columns as rows do,
// and each tile of sums has the columns as rows. Every sum is the same, to the bit.
template <int kRow, int kColumn, bool kTurned = false>
CHAKU_INLINE void multiply_tiles() {
  __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(2 * kRow + kColumn),
                   "i"(kTurned ? 6 + kColumn : 4 + kRow), "i"(kTurned ? 4 + kRow : 6 + kColumn));
}

// A quarter of the next step's rows, asked for while the current one multiplies.
template <int kQuarter>
CHAKU_INLINE void prefetch_quarter(const Bf16* step) {
  constexpr int64_t kLine = kRowBytes / 2, kLines = kStepElements / kLine / 4;
#pragma GCC unroll 8
  for (int64_t i = 0; i < kLines; ++i) __builtin_prefetch(step + (kQuarter * kLines + i) * kLine);
}

// sums = (add ? sums : 0) + strip of rows * strip of columns, over `steps` steps that lie behind each other. kRows and
// kColumns are the tiles of a strip in use. `next` is the strip of rows of the following call: rows stream from the
// second-level cache, a step ahead, while the columns stay in the first.
//
// A step of 2 x 2 tiles is 8 tile instructions and 32 prefetches. tdpbf16ps starts every 16 cycles, so that a step
// takes 64 cycles at best; its four loads of 16 lines take 32 at two a cycle, and run beside.
template <int kRows, int kColumns, bool kTurned>
__attribute__((noinline, noclone)) static void multiply_strips(const Bf16* rows, const Bf16* columns, float* sums,
                                                               int64_t steps, bool add, const Bf16* next) {
  if (add) {
    load_tile<0, 0>(sums);
    if constexpr (kColumns > 1) load_tile<1, 1>(sums);
    if constexpr (kRows > 1) load_tile<2, 2>(sums);
    if constexpr (kRows > 1 && kColumns > 1) load_tile<3, 3>(sums);
  } else {
    zero_tile<0>();
    if constexpr (kColumns > 1) zero_tile<1>();
    if constexpr (kRows > 1) zero_tile<2>();
    if constexpr (kRows > 1 && kColumns > 1) zero_tile<3>();
  }
  for (int64_t step = 0; step < steps; ++step) {
    const Bf16* ahead = step + 1 < steps ? rows + kStepElements : next;
    load_tile<6, 0>(columns);
    load_tile<4, 0>(rows);
    multiply_tiles<0, 0, kTurned>();
    prefetch_quarter<0>(ahead);
    if constexpr (kColumns > 1) {
      load_tile<7, 1>(columns);
      multiply_tiles<0, 1, kTurned>();
    }
    prefetch_quarter<1>(ahead);
    if constexpr (kRows > 1) {
      load_tile<5, 1>(rows);
      multiply_tiles<1, 0, kTurned>();
      prefetch_quarter<2>(ahead);
      if constexpr (kColumns > 1) multiply_tiles<1, 1, kTurned>();
      prefetch_quarter<3>(ahead);
    }
    rows += kStepElements;
    columns += kStepElements;
  }
  store_tile<0, 0>(sums);
  if constexpr (kColumns > 1) store_tile<1, 1>(sums);
  if constexpr (kRows > 1) store_tile<2, 2>(sums);
  if constexpr (kRows > 1 && kColumns > 1) store_tile<3, 3>(sums);
}

}  // namespace chaku::amx
