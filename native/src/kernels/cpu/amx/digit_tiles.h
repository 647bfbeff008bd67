// Products of many generated tokens on tiles of bytes: the digits of sixteen tokens stand in tiles beside each other,
// so that the codes of a group in sixteen weight rows meet a digit of all of them in one instruction. Its sums are
// those of integers and exact; what follows adds up groups in the order that integer_dots.inl has for one token, so
// that a token's result has the same bits whether it came here or there. Up to eight tokens take half of a tile's
// columns: the other half is the next group's, whose rows are below those of the first and zero there.
//
// Memory of sixteen tokens, step by step: for each group, or two, and digit a tile whose rows hold four elements of
// each token; then, group by group, rows of the tokens' sums of elements; then the scales of the tokens. Groups count
// as 4 r + slot here.
#pragma once

#include "kernels/cpu/amx/tiles.h"
#include "kernels/cpu/generic/integer_dots.inl"

namespace chaku::amx {

constexpr int64_t kTileTokens = 16;
constexpr int64_t kLeastTileTokens = 5;      // below, tokens one by one are as fast
constexpr int64_t kTileDepth = 2048;         // elements of weight rows that are decoded at once
constexpr int64_t kTileRows = 32;            // of a weight, that share the digits in the first-level cache
constexpr int64_t kMostTileGroups = 4;       // of sixteen tokens
constexpr int64_t kLaneSums = 16 * 16 * 16;  // floats: of sixteen groups, weight rows and tokens

// Of m tokens those that come in tiles, the last tile's missing ones counted.
CHAKU_INLINE int64_t tile_tokens(int64_t m) {
  const int64_t rest = m % kTileTokens;
  return m - rest + (rest >= kLeastTileTokens ? kTileTokens : 0);
}

CHAKU_INLINE constexpr int64_t tile_step_bytes(DigitLayout layout) {
  return layout.step * layout.digits * kTileTokens + 17 * 64;
}
CHAKU_INLINE int64_t tile_bytes(DigitLayout layout, int64_t k) { return layout.steps(k) * tile_step_bytes(layout); }

CHAKU_INLINE bool in_half_a_tile(int64_t m) { return m <= kTileTokens / 2; }

// Weight rows as they meet tokens, and the sums in the making. Sixteen rows are a block.
template <class Format>
struct TileRoom {
  static constexpr int64_t kSteps = kTileDepth / Format::kStep;

  struct Block {
    uint8_t codes[kSteps][16][Format::kStep];               // groups one behind the other
    float scales[kSteps][16][16], offsets[kSteps][16][16];  // [group][row]
    float sums[kMostTileGroups][kLaneSums];
  };
  Block blocks[kTileRows / 16];
  int products[2][kMostDigits][16][16];
};
constexpr int64_t kTileRoomBytes =
    kTileRows / 16 * (16 * kTileDepth + kTileDepth / 128 * 2048 + kMostTileGroups * kLaneSums * 4) + 6144;

static_assert(sizeof(TileRoom<CodesQ4_0>) == kTileRoomBytes);

CHAKU_INLINE void load_sixteen(const uint8_t* p, int64_t stride_bytes, F (&rows)[16]) {
  for (int t = 0; t < 16; ++t) rows[t] = load(reinterpret_cast<const float*>(p + t * stride_bytes));
}

// Tokens in the columns of a tile that are those of `group`: all, or one half.
CHAKU_INLINE F in_columns(F tokens, bool half, int group) {
  if (!half) return tokens;
  return group % 2 == 0 ? _mm512_maskz_mov_ps(0x00ff, tokens)
                        : _mm512_maskz_shuffle_f32x4(0xff00, tokens, tokens, 0x44);
}

// x[m,k], m up to sixteen, as digits in tiles; missing tokens are zero.
template <int kDigits>
static void write_tiles(const float* x, int64_t x_stride, int64_t m, int64_t k, DigitLayout layout, uint8_t* to) {
  constexpr int kMostRecord = 4 * kUnitBytes<kDigits> + 64;
  const bool half = in_half_a_tile(m);
  const int together = layout.units() / layout.results, in_tile = half ? 2 : 1;
  const int64_t group_bytes = together * 4 * kRowBytes;
  alignas(64) uint8_t records[16][kMostRecord] = {};
  for (int64_t s = 0; s < layout.steps(k); ++s, to += tile_step_bytes(layout)) {
    float* sums = reinterpret_cast<float*>(to + layout.step * kDigits * kTileTokens);
    alignas(64) float scales[16] = {};
    for (int64_t t = 0; t < m; ++t) {
      const int64_t at = s * layout.step;
      scales[t] = write_step<kDigits>(x + t * x_stride + at, min(layout.step, k - at), layout, records[t]);
    }
    const F token_scales = load(scales);
    store(sums + 256, half ? _mm512_shuffle_f32x4(token_scales, token_scales, 0x44) : token_scales);
    F rows[16];
    for (int unit = 0; unit < layout.units(); ++unit)
      for (int d = 0; d < kDigits; ++d) {
        load_sixteen(&records[0][unit * kUnitBytes<kDigits> + d * kUnit], kMostRecord, rows);
        transpose(rows);
        for (int slot = 0; slot < 4; ++slot) {
          const int group = unit / together * 4 + slot, tile = group / in_tile * kDigits + d;
          uint8_t* at = to + (tile * in_tile + group % in_tile) * group_bytes + unit % together * 4 * kRowBytes;
          for (int i = 0; i < 4; ++i)
            store(reinterpret_cast<float*>(at + i * kRowBytes), in_columns(rows[4 * slot + i], half, group));
        }
      }
    load_sixteen(&records[0][layout.units() * kUnitBytes<kDigits>], kMostRecord, rows);
    transpose(rows);
    for (int group = 0; group < 4 * layout.results; group += in_tile) {
      const int lane = group % 4 * 4 + group / 4, next = (group + 1) % 4 * 4 + (group + 1) / 4;
      const F tokens = half ? in_columns(rows[lane], true, 0) + in_columns(rows[next], true, 1) : rows[lane];
      store(sums + group / in_tile * 16, tokens);
    }
  }
}

// One step of a weight row, its codes group by group.
template <class Format>
CHAKU_INLINE void decode_step(const uint8_t* block, uint8_t* codes, float* scales, float* offsets) {
  static_assert(kUnitsTogether<Format> <= 2);
  Part<Format> w;
  Format::load(block, Format::header(block), 0, w);
#pragma GCC unroll 4
  for (int r = 0; r < Format::kResults; ++r) {
    const auto put = [&](int at, I v) __attribute__((always_inline)) {
      _mm512_store_si512(codes + (r * kUnitsTogether<Format> + at) * kUnit, v);
    };
    if constexpr (kUnitsTogether<Format> == 1) {
      put(0, w.codes[r]);
    } else {
      const I a = w.codes[2 * r], b = w.codes[2 * r + 1];
      put(0, _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), b));
      put(1, _mm512_permutex2var_epi64(a, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), b));
    }
  }
  store(scales, group_scales<Format>(w));
  store(offsets, group_offsets<Format>(w));
}

// Rows of lanes become rows of groups.
CHAKU_INLINE void turn_to_groups(float (&factors)[16][16]) {
  F rows[16];
  load_sixteen(reinterpret_cast<const uint8_t*>(factors), kRowBytes, rows);
  transpose(rows);
  for (int lane = 0; lane < 16; ++lane) store(factors[lane % 4 * 4 + lane / 4], rows[lane]);
}

template <int kTile>
CHAKU_INLINE void multiply_bytes() {  // unsigned rows of tile 6, signed columns of tile 7
  __asm__ volatile("tdpbusd %%tmm7, %%tmm6, %%tmm%c0" ::"i"(kTile));
}

constexpr TileConfig digit_tiles(int groups, int together) {
  TileConfig config = full_tiles();
  config.row_bytes[6] = static_cast<uint16_t>(16 * groups * together);
  config.rows[7] = static_cast<uint8_t>(4 * groups * together);
  return config;
}

// One or two groups of each step of sixteen rows against sixteen tokens or eight, as a pipeline: while the tiles
// multiply a step digit by digit, the products of the one before are stored, which are done by then, and those of the
// one before that are scaled and added.
template <class Format, int kDigits, int kGroups>
struct TilePipeline {
  static constexpr int64_t kGroupBytes = kGroups * kUnitsTogether<Format> * 16;  // of a row's codes
  static constexpr int64_t kTileBytes = kGroupBytes * 16, kStepBytes = tile_step_bytes(kLayout<Format, kDigits>);

  using Block = typename TileRoom<Format>::Block;

  const Block& rows;
  int (&products)[2][kMostDigits][16][16];
  int64_t tile, n_steps;
  const uint8_t* digits;  // of the first step

  // Sums of even steps are the first kDigits tiles, those of odd ones the next.
  template <int kParity, int kDigit>
  CHAKU_INLINE void multiply(const TilePipeline& p, int64_t step) {
    constexpr int kTile = kParity * kDigits + kDigit;
    if constexpr (kDigit == 0) load_strided<6>(p.rows.codes[step][0] + p.tile * kGroupBytes, Format::kStep);
    const uint8_t* tile = p.digits + step * kStepBytes + (p.tile * kDigits + kDigit) * kTileBytes;
    for (int64_t line = 0; line < kTileBytes; line += kRowBytes) __builtin_prefetch(tile + 2 * kStepBytes + line);
    load_strided<7>(tile, kRowBytes);
    zero_tile<kTile>();
    multiply_bytes<kTile>();
  }
  template <int kParity, int kDigit>
  CHAKU_INLINE void put(const TilePipeline& p) {
    store_strided<kParity * kDigits + kDigit>(p.products[kParity][kDigit], kRowBytes);
  }
  CHAKU_INLINE F of_groups(const float (&factors)[16][16], int64_t tile, int n) {
    const F first = broadcast(factors[kGroups * tile][n]);
    return kGroups == 1 ? first : _mm512_mask_mov_ps(first, 0xff00, broadcast(factors[kGroups * tile + 1][n]));
  }
  template <int kParity, int kFirst, int kLast>
  CHAKU_INLINE void scale(const TilePipeline& p, int64_t step, F (&sums)[16]) {
    const auto& products = p.products[kParity];
    const float* parts = reinterpret_cast<const float*>(p.digits + step * kStepBytes + Format::kStep * kDigits * 16);
    const F part = load(parts + p.tile * 16), token_scales = load(parts + 256);
#pragma GCC unroll 16
    for (int n = kFirst; n < kLast; ++n) {
      I digits[kDigits];
      for (int d = 0; d < kDigits; ++d) digits[d] = _mm512_load_si512(products[d][n]);
      const F dots = join_digits<Format, kDigits>(digits);
      sums[n] = fma(dots * of_groups(p.rows.scales[step], p.tile, n), token_scales, sums[n]);
      sums[n] = fma(of_groups(p.rows.offsets[step], p.tile, n), part, sums[n]);
    }
  }
  template <int kParity, int kDigit = 0>
  CHAKU_INLINE void advance(const TilePipeline& p, int64_t step, F (&sums)[16]) {
    constexpr int kFirst = kDigit * 16 / kDigits, kLast = (kDigit + 1) * 16 / kDigits;
    if (step < p.n_steps) multiply<kParity, kDigit>(p, step);
    if (step >= 2 && step < p.n_steps + 2) scale<kParity, kFirst, kLast>(p, step - 2, sums);
    if (step >= 1 && step <= p.n_steps) put<1 - kParity, kDigit>(p);
    if constexpr (kDigit + 1 < kDigits) advance<kParity, kDigit + 1>(p, step, sums);
  }
  // to[16 rows][16 columns] += the tile's.
  CHAKU_INLINE void run(const TilePipeline& p, float* to) {
    F sums[16];
#pragma GCC unroll 16
    for (int n = 0; n < 16; ++n) sums[n] = load(to + n * 16);
    for (int64_t step = 0; step < p.n_steps + 2; step += 2) {
      advance<0>(p, step, sums);
      advance<1>(p, step + 1, sums);
    }
#pragma GCC unroll 16
    for (int n = 0; n < 16; ++n) store(to + n * 16, sums[n]);
  }
};

// Adds steps of some blocks of rows against the tokens of a tile. What a tile needs of the digits stays in the
// first-level cache for all blocks.
template <class Format, int kDigits, int kGroups>
static void add_tiles(TileRoom<Format>& room, int64_t n_blocks, int64_t n_steps, const uint8_t* digits,
                      int64_t token_tile) {
  static constexpr TileConfig kConfig = digit_tiles(kGroups, kUnitsTogether<Format>);
  const TilesInUse in_use(kConfig);
  for (int64_t tile = 0; tile < 4 * Format::kResults / kGroups; ++tile)
    for (int64_t b = 0; b < n_blocks; ++b)
      TilePipeline<Format, kDigits, kGroups>::run({room.blocks[b], room.products, tile, n_steps, digits},
                                                  room.blocks[b].sums[token_tile] + tile * 256);
}

// The sums of all lanes, as sum() of simd.h takes them: of weight row n, for all tokens.
CHAKU_INLINE F sum_lanes(const float* sums, bool half, int64_t n) {
  F lanes[16];
#pragma GCC unroll 16
  for (int lane = 0; lane < 16; ++lane) {
    const int group = lane % 4 * 4 + lane / 4;
    lanes[lane] = half ? _mm512_zextps256_ps512(_mm256_loadu_ps(sums + group / 2 * 256 + n * 16 + group % 2 * 8))
                       : load(sums + group * 256 + n * 16);
  }
#pragma GCC unroll 4
  for (int left = 8; left > 0; left /= 2)
    for (int i = 0; i < left; ++i) lanes[i] = lanes[i] + lanes[i + left];
  return lanes[0];
}

// y of weight rows [n, n + count) and tokens [m, m + tokens), as put() has it of one.
CHAKU_INLINE void put_tile(const MatmulProblem& p, int64_t m, int64_t tokens, int64_t n, int64_t count,
                           const float* sums) {
  F rows[16];
  for (int i = 0; i < 16; ++i) rows[i] = i < count ? sum_lanes(sums, in_half_a_tile(tokens), i) : zero();
  transpose(rows);
  const F bias = p.bias != nullptr ? load_n(p.bias + n, count) : zero();
  for (int64_t t = 0; t < tokens; ++t) {
    float* y = p.y + (m + t) * p.y_stride + n;
    const F base = (p.accumulate ? load_n(y, count) : zero()) + bias;
    store_n(y, fma(rows[t], broadcast(p.scale), base), count);
  }
}

// Some steps of weight rows [n, n + count), up to sixteen, decoded.
template <class Format>
static void decode_block(const Rows& rows, int64_t k, int64_t n, int64_t count, StepRange steps,
                         typename TileRoom<Format>::Block& to) {
  const int64_t whole = min(steps.end, k / Format::kStep), n_steps = steps.end - steps.begin;
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t* block = rows.data + (n + i) * rows.stride_bytes + steps.begin * Format::kStepBytes;
    int64_t at = 0;
    for (; steps.begin + at < whole; ++at, block += Format::kStepBytes) {
      for (int line = 0; line < Format::kStepBytes; line += 64) __builtin_prefetch(block + kDigitPrefetch + line);
      decode_step<Format>(block, to.codes[at][i], to.scales[at][i], to.offsets[at][i]);
    }
    if (at == n_steps) continue;
    uint8_t copy[Format::kStepBytes] = {};
    const int64_t rest = k - whole * Format::kStep;
    __builtin_memcpy(copy, block, static_cast<size_t>(rest * Format::kStepBytes / Format::kStep));
    decode_step<Format>(copy, to.codes[at][i], to.scales[at][i], to.offsets[at][i]);
  }
  for (int64_t at = 0; at < n_steps; ++at) {
    turn_to_groups(to.scales[at]);
    turn_to_groups(to.offsets[at]);
  }
}

// Rows [begin, end) of a weight against the first tokens, whose tiles are at `digits`.
template <class Format, int kDigits>
static void tile_rows(const MatmulProblem& p, const Rows& rows, int64_t begin, int64_t end, const uint8_t* digits,
                      uint8_t* scratch) {
  auto& room = *reinterpret_cast<TileRoom<Format>*>(scratch);
  const int64_t k = p.w.columns, n_steps = ceil_div(k, Format::kStep), n_tiles = tile_tokens(p.m) / kTileTokens;
  const int64_t step_bytes = tile_step_bytes(kLayout<Format, kDigits>);
  const auto tokens_of = [&](int64_t tile) { return min(kTileTokens, p.m - tile * kTileTokens); };
  for (int64_t n = begin; n < end; n += kTileRows) {
    const int64_t count = min(kTileRows, end - n), n_blocks = ceil_div(count, 16);
    for (int64_t b = 0; b < n_blocks; ++b)
      __builtin_memset(room.blocks[b].sums, 0, static_cast<size_t>(n_tiles * kLaneSums * 4));
    for (int64_t first = 0; first < n_steps; first += room.kSteps) {
      const StepRange steps = {first, min(first + room.kSteps, n_steps)};
      for (int64_t b = 0; b < n_blocks; ++b)
        decode_block<Format>(rows, k, n + 16 * b, min(16, count - 16 * b), steps, room.blocks[b]);
      for (int64_t tile = 0; tile < n_tiles; ++tile) {
        const uint8_t* at = digits + (tile * n_steps + first) * step_bytes;
        if (in_half_a_tile(tokens_of(tile)))
          add_tiles<Format, kDigits, 2>(room, n_blocks, steps.end - first, at, tile);
        else
          add_tiles<Format, kDigits, 1>(room, n_blocks, steps.end - first, at, tile);
      }
    }
    for (int64_t b = 0; b < n_blocks; ++b)
      for (int64_t tile = 0; tile < n_tiles; ++tile)
        put_tile(p, tile * kTileTokens, tokens_of(tile), n + 16 * b, min(16, count - 16 * b),
                 room.blocks[b].sums[tile]);
  }
}

}  // namespace chaku::amx
