// Products of generated tokens: each weight is read once, decoded in registers and multiplied there, so that of one
// token memory bandwidth is the limit. With many, a piece of the weight is multiplied with a few of them after another,
// decoded once where it is multiplied as integers. A token's sums are those of a product with it alone. Formats with
// codes for this instruction set (CHAKU_CODES) are multiplied as integers, see digits.h, the others as float32.
#pragma once

#include "kernels/cpu/generic/decode.inl"
#include "kernels/cpu/generic/groups.h"
#include "kernels/queue.h"
#ifdef CHAKU_CODES
#include CHAKU_CODES
#include "kernels/cpu/generic/decoded_rows.inl"
#ifdef CHAKU_TILES
#include CHAKU_TILES
#endif
#endif

namespace chaku::CHAKU_ISA {

constexpr int kGemvTokens = kLanes == 16 ? 4 : 2;  // that share one decoding in registers
constexpr int kChains = 4;                         // sums of a dot product, whose additions overlap
constexpr int64_t kPrefetchBytes = 8192;           // ahead of use: hardware prefetching stops at the ends of pages

// Dot products of a weight row with kTokens rows of x, each [k]. Steps in turn go to different sums. Rows of a weight
// are taken one by one, so that memory is read in one sequential stream.
template <class Format, int kTokens>
CHAKU_INLINE void dot_row(const uint8_t* row, const float* x, int64_t x_stride, int64_t k, float (&dots)[kTokens]) {
  constexpr int kVectors = kGranuleVectors<Format>;
  F sums[kChains][kTokens];
  for (int c = 0; c < kChains; ++c)
    for (int t = 0; t < kTokens; ++t) sums[c][t] = zero();
  const auto step = [&](int64_t s, int chain) __attribute__((always_inline)) {
    const uint8_t* block = row + s * kStepBytes<Format>;
    const float* at = x + s * kStep<Format>;
    for (int line = 0; line < kStepBytes<Format>; line += 64) __builtin_prefetch(block + kPrefetchBytes + line);
    const auto header = Format::header(block);
#pragma GCC unroll 8
    for (int g = 0; g < kStep<Format> / Format::kGranule; ++g) {
      F w[kVectors];
      Format::decode(block, header, g, w);
      for (int v = 0; v < kVectors; ++v)
        for (int t = 0; t < kTokens; ++t) {
          F& sum = sums[(chain + (kVectors > 1 ? v : g)) % kChains][t];
          sum = fma(w[v], load(at + t * x_stride + g * Format::kGranule + v * kLanes), sum);
        }
    }
  };
  const int64_t n_steps = k / kStep<Format>;
  int64_t s = 0;
  for (; s + 2 <= n_steps; s += 2) {
    step(s, 0);
    step(s + 1, kChains / 2);
  }
  if (s < n_steps) step(s, 0);
  const int64_t rest = k - n_steps * kStep<Format>;
  if (rest > 0) {
    const auto tail = Tail<Format>::copy(row + n_steps * kStepBytes<Format>, rest);
    F w[kVectors];
    Format::decode(tail.bytes, Format::header(tail.bytes), 0, w);
    for (int t = 0; t < kTokens; ++t)
      for (int v = 0; v < kVectors; ++v) {
        const F at = load_n(x + t * x_stride + k - rest + v * kLanes, max(rest - v * kLanes, 0));
        sums[0][t] = fma(w[v], at, sums[0][t]);
      }
  }
  for (int t = 0; t < kTokens; ++t) {
    F total = sums[0][t];
    for (int c = 1; c < kChains; ++c) total = total + sums[c][t];
    dots[t] = sum(total);
  }
}

CHAKU_INLINE void put(const MatmulProblem& p, int64_t m, int64_t n, float dot) {
  float& y = p.y[m * p.y_stride + n];
  const float base = (p.accumulate ? y : 0.0f) + (p.bias != nullptr ? p.bias[n] : 0.0f);
  y = __builtin_fmaf(dot, p.scale, base);
}

// Rows [begin, end) of the weight against tokens [m, m + kTokens).
template <class Format, int kTokens>
static void gemv_rows(const MatmulProblem& p, const Rows& rows, int64_t m, int64_t begin, int64_t end) {
  for (int64_t n = begin; n < end; ++n) {
    float dots[kTokens];
    dot_row<Format>(rows.data + n * rows.stride_bytes, p.x + m * p.x_stride, p.x_stride, p.w.columns, dots);
    for (int t = 0; t < kTokens; ++t) put(p, m + t, n, dots[t]);
  }
}

template <class Format>
static void gemv_chunk(const MatmulProblem& p, const Rows& rows, int64_t begin, int64_t end, const uint8_t*, uint8_t*) {
  for (int64_t m = 0; m < p.m; m += kGemvTokens) switch (min(p.m - m, kGemvTokens)) {
      case 1: gemv_rows<Format, 1>(p, rows, m, begin, end); break;
      case 2: gemv_rows<Format, 2>(p, rows, m, begin, end); break;
      case 3: gemv_rows<Format, 3>(p, rows, m, begin, end); break;
      default: gemv_rows<Format, 4>(p, rows, m, begin, end); break;
    }
}

constexpr int64_t kNarrow = 64;  // columns up to which float32 rows are transposed: ranks of low-rank additions

// Rows of few float32 columns: kLanes of them become columns of a register tile, so that no sum runs across lanes.
static void gemv_chunk_narrow(const MatmulProblem& p, const Rows& rows, int64_t begin, int64_t end, const uint8_t*,
                              uint8_t*) {
  const int64_t k = p.w.columns;
  const float* w = reinterpret_cast<const float*>(rows.data);
  for (int64_t n = begin; n < end; n += kLanes) {
    const int64_t count = min(kLanes, end - n);
    F sums[kMostGemvTokens];
    for (int64_t m = 0; m < p.m; ++m) sums[m] = zero();
    for (int64_t c = 0; c < k; c += kLanes) {
      F tile[kLanes];
      for (int i = 0; i < kLanes; ++i) tile[i] = i < count ? load_n(w + (n + i) * k + c, k - c) : zero();
      transpose(tile);
      for (int64_t m = 0; m < p.m; ++m)
        for (int i = 0; i < min(kLanes, k - c); ++i)
          sums[m] = fma(tile[i], broadcast(p.x[m * p.x_stride + c + i]), sums[m]);
    }
    for (int64_t m = 0; m < p.m; ++m) {
      float* y = p.y + m * p.y_stride + n;
      F base = p.bias != nullptr ? load_n(p.bias + n, count) : zero();
      if (p.accumulate) base = base + load_n(y, count);
      store_n(y, fma(sums[m], broadcast(p.scale), base), count);
    }
  }
}

constexpr int64_t kScalarRange = 16 * kRangeAlignment;

// The formats without a vector decoder: a range of a row is decoded into scratch and multiplied from there.
static void gemv_chunk_scalar(const MatmulProblem& p, const Rows& rows, int64_t begin, int64_t end, const uint8_t*,
                              uint8_t* scratch) {
  float* range = reinterpret_cast<float*>(scratch);
  for (int64_t n = begin; n < end; ++n) {
    float dots[kMostGemvTokens] = {};
    for (int64_t k = 0; k < p.w.columns; k += kScalarRange) {
      const int64_t count = min(kScalarRange, p.w.columns - k);
      rows.range(n, k, count, range);
      for (int64_t m = 0; m < p.m; ++m) {
        float dot[1];
        dot_row<FormatF32>(scratch, p.x + m * p.x_stride + k, 0, count, dot);
        dots[m] += dot[0];
      }
    }
    for (int64_t m = 0; m < p.m; ++m) put(p, m, n, dots[m]);
  }
}

#if defined(CHAKU_TILES)
constexpr int64_t kGemvRows = kTileRows;  // that a chunk is made of
constexpr int64_t kGemvRoom = max(kTileRoomBytes, kDecodedRoomBytes);
#elif defined(CHAKU_CODES)
constexpr int64_t kGemvRows = kLanes, kGemvRoom = kDecodedRoomBytes;
#else
constexpr int64_t kGemvRows = kLanes, kGemvRoom = kScalarRange * 4;
#endif
static_assert(kGemvRoom >= kScalarRange * 4);

// Rows [begin, end) of a weight. `digits`: of x, where the chunk multiplies integers; `scratch`: kGemvRoom bytes.
using GemvChunk = void (*)(const MatmulProblem&, const Rows&, int64_t begin, int64_t end, const uint8_t* digits,
                           uint8_t* scratch);

static GemvChunk find_gemv(const Matrix& w) {
  if (w.dtype == DType::kF32 && w.columns <= kNarrow) return gemv_chunk_narrow;
  switch (w.dtype) {
#define CHAKU_CASE(id, Format) \
  case DType::id: return gemv_chunk<Format>;
    CHAKU_VECTOR_FORMATS(CHAKU_CASE)
#undef CHAKU_CASE
    default: return gemv_chunk_scalar;
  }
}

#ifdef CHAKU_CODES

// Elements of x whose digits for so many tokens stay in the first-level cache.
template <int kDigits, int kTokens>
constexpr int64_t kDigitDepth = 8192 * kMostDigits / kDigits / kTokens;
constexpr int64_t kDigitRows = 16;            // of a weight, at most, whose sums wait for the next so many elements
constexpr int64_t kDigitRowBytes = 24 << 10;  // that such rows have

// Of m tokens that come one by one, those from `at` on whose digits lie together. Eight in all of one digit have their
// sums in registers at once.
constexpr int kAllAtOnce = 8;
CHAKU_INLINE int64_t together_of(DigitLayout layout, int64_t m, int64_t at) {
  const bool all = kRowsTogether == 2 && layout.digits == 1 && m == kAllAtOnce;
  return all ? m : min(m - at, kDigitTokens);
}

// As integer_rows, kDigitDepth elements of some rows at a time. The next rows are fetched meanwhile.
template <class Format, int kDigits, int kTokens>
static void integer_rows_cut(const MatmulProblem& p, const Rows& rows, int64_t m, int64_t begin, int64_t end,
                             const uint8_t* digits) {
  const int64_t k = p.w.columns, n_steps = ceil_div(k, Format::kStep),
                depth = kDigitDepth<kDigits, kTokens> / Format::kStep;
  const int64_t together = max(4, min(kDigitRows, kDigitRowBytes / rows.stride_bytes));
  const uint8_t* ahead = rows.data + begin * rows.stride_bytes;
  if (m == 0)
    for (int64_t i = 0; i < together * rows.stride_bytes; i += 64) __builtin_prefetch(ahead + i, 0, 2);
  ahead += together * rows.stride_bytes;
  for (int64_t first = begin; first < end; first += together) {
    const int64_t last = min(first + together, end);
    DotSums<kTokens> sums[kDigitRows];
    for (int64_t n = first; n < last; ++n) sums[n - first].clear();
    for (int64_t step = 0; step < n_steps; step += depth)
      for (int64_t n = first; n < last; ++n) {
        const StepRange steps = {step, min(step + depth, n_steps)};
        add_digits<Format, kDigits, 2>(rows.data + n * rows.stride_bytes, k, steps, has_whole_step<Format>(rows, k, n),
                                       ahead, digits, sums[n - first]);
        ahead += (steps.end - steps.begin) * Format::kStepBytes;
      }
    for (int64_t n = first; n < last; ++n)
      for (int t = 0; t < kTokens; ++t) put(p, m + t, n, sums[n - first].dot(t));
  }
}

// Rows [begin, end) against kTokens tokens from m on, all of a row at once where the digits of the tokens stay in the
// first-level cache, else in parts: the same additions in the same order.
template <class Format, int kDigits, int kTokens>
static void integer_rows(const MatmulProblem& p, const Rows& rows, int64_t m, int64_t begin, int64_t end,
                         const uint8_t* digits) {
  const int64_t k = p.w.columns, n_steps = ceil_div(k, Format::kStep);
  if constexpr (kTokens > 1 && kDigits == kMostDigits)
    if (k > kDigitDepth<kDigits, kTokens>)
      return integer_rows_cut<Format, kDigits, kTokens>(p, rows, m, begin, end, digits);
  for (int64_t n = begin; n < end; ++n) {
    DotSums<kTokens> sums;
    sums.clear();
    const uint8_t* row = rows.data + n * rows.stride_bytes;
    add_digits<Format, kDigits, 1>(row, k, {0, n_steps}, has_whole_step<Format>(rows, k, n), row + kDigitPrefetch,
                                   digits, sums);
    for (int t = 0; t < kTokens; ++t) put(p, m + t, n, sums.dot(t));
  }
}

// Of m tokens, those that come in tiles and how many bytes their digits take.
struct TiledTokens {
  int64_t tokens, bytes;

  CHAKU_INLINE TiledTokens of(DigitLayout layout, int64_t k, int64_t m) {
#ifdef CHAKU_TILES
    const int64_t tokens = tile_tokens(m);
    return {tokens, tokens / kTileTokens * tile_bytes(layout, k)};
#else
    static_cast<void>(layout), static_cast<void>(k), static_cast<void>(m);
    return {0, 0};
#endif
  }
};

CHAKU_INLINE int64_t digits_bytes(DigitLayout layout, int64_t k, int64_t m) {
  const TiledTokens tiled = TiledTokens::of(layout, k, m);
  int64_t bytes = tiled.bytes;
  for (int64_t at = tiled.tokens, together; at < m; at += together) {
    together = together_of(layout, m - tiled.tokens, at - tiled.tokens);
    bytes += layout.bytes(k, together);
  }
  return bytes;
}

template <int kDigits>
static void write_all(const MatmulProblem& p, DigitLayout layout, uint8_t* to) {
  const int64_t k = p.w.columns;
  int64_t m = 0;
#ifdef CHAKU_TILES
  for (; m < tile_tokens(p.m); m += kTileTokens, to += tile_bytes(layout, k))
    write_tiles<kDigits>(p.x + m * p.x_stride, p.x_stride, min(kTileTokens, p.m - m), k, layout, to);
#endif
  const int64_t first = m;
  for (int64_t together; m < p.m; m += together, to += layout.bytes(k, together)) {
    together = together_of(layout, p.m - first, m - first);
    write_digits<kDigits>(p.x + m * p.x_stride, p.x_stride, together, k, layout, to);
  }
}

static void write_all_digits(const MatmulProblem& p, DigitLayout layout, uint8_t* to) {
  switch (layout.digits) {
    case 1: return write_all<1>(p, layout, to);
    case 2: return write_all<2>(p, layout, to);
    default: return write_all<kMostDigits>(p, layout, to);
  }
}

// Tokens up to which rows are decoded in registers, for every few of them anew; beyond, decoding once is faster. Of
// short vectors and rounded activations one alone, so that the library stays small.
template <int kDigits>
constexpr int64_t kMostInRegisters = kLanes == 16 || kDigits == kMostDigits ? 8 : 1;

template <class Format, int kDigits>
static void integer_chunk(const MatmulProblem& p, const Rows& rows, int64_t begin, int64_t end, const uint8_t* digits,
                          uint8_t* scratch) {
  const TiledTokens tiled = TiledTokens::of(kLayout<Format, kDigits>, p.w.columns, p.m);
#ifdef CHAKU_TILES
  if (tiled.tokens > 0) tile_rows<Format, kDigits>(p, rows, begin, end, digits, scratch);
#endif
  const int64_t k = p.w.columns, m = tiled.tokens, n_tokens = p.m - m;
  digits += tiled.bytes;
  if (n_tokens == 0) return;
  if (n_tokens > kMostInRegisters<kDigits>)
    return decoded_rows<Format, kDigits>(p, rows, m, begin, end, digits, scratch);
  if constexpr (kRowsTogether == 2 && kDigits == 1)
    if (n_tokens == kAllAtOnce) return integer_rows<Format, kDigits, kAllAtOnce>(p, rows, m, begin, end, digits);
  for_tokens<min(kDigitTokens, kMostInRegisters<kDigits>)>(0, n_tokens, [&](int64_t first, auto tokens) {
    integer_rows<Format, kDigits, decltype(tokens)::kValue>(
        p, rows, m + first, begin, end,
        digits + first / kDigitTokens * kLayout<Format, kDigits>.bytes(k, kDigitTokens));
  });
}

template <int kDigits>
static GemvChunk find_integer_chunk(DType dtype, DigitLayout& layout) {
  switch (dtype) {
#define CHAKU_CASE(id, Format)                             \
  case DType::id:                                          \
    static_assert(Format::kStep == digit_step(DType::id)); \
    layout = kLayout<Format, kDigits>;                     \
    return integer_chunk<Format, kDigits>;
    CHAKU_INTEGER_FORMATS(CHAKU_CASE)
#undef CHAKU_CASE
    default: return nullptr;
  }
}

// Null for what is multiplied as float32: formats without codes.
static GemvChunk find_integer_gemv(DType dtype, ActivationFormat activations, DigitLayout& layout) {
  switch (digits_of(activations)) {
    case 1: return find_integer_chunk<1>(dtype, layout);
    case 2: return find_integer_chunk<2>(dtype, layout);
    default: return find_integer_chunk<kMostDigits>(dtype, layout);
  }
}

#else

struct DigitLayout {
  bool operator==(const DigitLayout&) const { return true; }
  int64_t bytes(int64_t, int64_t) const { return 0; }
};
static GemvChunk find_integer_gemv(DType, ActivationFormat, DigitLayout&) { return nullptr; }
CHAKU_INLINE int64_t digits_bytes(DigitLayout, int64_t, int64_t) { return 0; }
static void write_all_digits(const MatmulProblem&, DigitLayout, uint8_t*) {}

#endif

// Inputs as digits, once for all the products that read them alike. Every thread writes its own copy when its first
// chunk wants it: that costs no barrier, and the copy is in the cache of the core that reads it.
struct DigitSets {
  struct Set {
    const MatmulProblem* p;
    DigitLayout layout;
    int64_t offset;
  };
  Set sets[kMostTogether];
  int n = 0;
  int64_t bytes = 0;

  static constexpr int64_t kRoom = ThreadPool::kScratchBytes - kGemvRoom;

  // The set's index. There is room for those of one call of gemv_together.
  int find(const MatmulProblem& p, DigitLayout layout) {
    for (int i = 0; i < n; ++i)
      if (sets[i].p->x == p.x && sets[i].p->m == p.m && sets[i].p->w.columns == p.w.columns &&
          sets[i].p->x_stride == p.x_stride && sets[i].layout == layout)
        return i;
    sets[n] = {&p, layout, bytes};
    bytes += digits_bytes(layout, p.w.columns, p.m);
    return n++;
  }
  void write(int i, uint8_t* scratch) const { write_all_digits(*sets[i].p, sets[i].layout, scratch + sets[i].offset); }
};

struct GemvPart {
  const MatmulProblem* p;
  Rows rows;
  GemvChunk chunk;
  int64_t grain, end_unit;  // rows of a unit; units of this part and those before it
  int set;                  // of digits, or -1
};

// What multiplies a weight, and the bytes of the digits that it reads of a token, 0 for floats: by formats and width
// alone.
struct GemvChoice {
  GemvChunk chunk;
  DigitLayout layout;
  int64_t digit_bytes;

  CHAKU_INLINE GemvChoice of(const MatmulProblem& p) {
    const Matrix& w = p.w;
    DigitLayout layout = {};
    const GemvChunk chunk = find_integer_gemv(w.dtype, p.activations, layout);
    const int64_t digit_bytes = chunk != nullptr ? layout.bytes(w.columns, 1) : 0;
    if (chunk == nullptr || digit_bytes > DigitSets::kRoom) return {find_gemv(w), layout, 0};
    return {chunk, layout, digit_bytes};
  }
};

// At most kMostTogether products of at most kMostGemvTokens tokens, whose digits find room, in one parallel section:
// the whole is cut into units of some rows of one weight.
static void gemv_together(const MatmulProblem* problems, int64_t n, Queue& queue) {
  constexpr int64_t kChunkBytes = 64 << 10;  // a few microseconds of memory traffic
  constexpr int kMostThreads = 4096;         // of a pool
  GemvPart parts[kMostTogether];
  DigitSets digits;
  int64_t units = 0;
  for (int64_t i = 0; i < n; ++i) {
    const MatmulProblem& p = problems[i];
    GemvPart& part = parts[i];
    const GemvChoice choice = GemvChoice::of(p);
    part = {&p, Rows::of(p.w), choice.chunk, 0, 0, choice.digit_bytes > 0 ? digits.find(p, choice.layout) : -1};
    part.grain = round_up(max(kChunkBytes / max(part.rows.stride_bytes, 1), 1), kGemvRows);
    units += ceil_div(p.w.rows, part.grain);
    part.end_unit = units;
  }
  uint8_t written[kMostThreads];  // bit i: the thread has set i
  __builtin_memset(written, 0, static_cast<size_t>(queue.n_threads()));
  queue.parallel_for(units, 1, [&](int64_t unit, int64_t, int thread) {
    const GemvPart* part = parts;
    while (unit >= part->end_unit) ++part;
    const int64_t before = part == parts ? 0 : part[-1].end_unit;
    const int64_t begin = (unit - before) * part->grain, end = min(begin + part->grain, part->p->w.rows);
    uint8_t* scratch = reinterpret_cast<uint8_t*>(queue.scratch(thread));
    uint8_t* room = scratch + DigitSets::kRoom;
    if (part->set < 0) return part->chunk(*part->p, part->rows, begin, end, nullptr, room);
    if ((written[thread] >> part->set & 1) == 0) {
      digits.write(part->set, scratch);
      written[thread] = static_cast<uint8_t>(written[thread] | 1 << part->set);
    }
    part->chunk(*part->p, part->rows, begin, end, scratch + digits.sets[part->set].offset, room);
  });
}

// The bytes of digits that products read of one token, what several read alike counted once.
static int64_t token_bytes_of(const MatmulProblem* problems, int64_t n) {
  int64_t bytes = 0;
  GemvChoice choices[kMostTogether];
  for (int64_t i = 0; i < n; ++i) {
    choices[i] = GemvChoice::of(problems[i]);
    bool known = false;
    for (int64_t j = 0; j < i; ++j)
      known = known || (choices[j].digit_bytes > 0 && same_rows(problems[i], problems[j]) &&
                        choices[i].layout == choices[j].layout);
    if (!known) bytes += choices[i].digit_bytes;
  }
  return bytes;
}

// Tokens that share one passage of the weights: their digits stay in the second-level cache. Fewer than a tile of them
// come one by one, so that a last tile that is not full finds room too.
CHAKU_INLINE int64_t tokens_of_a_passage(int64_t token_bytes) {
  if (token_bytes == 0) return kMostGemvTokens;
#ifdef CHAKU_TILES
  constexpr int64_t kCachedDigits = 1 << 20;
  const int64_t tokens = min(kMostGemvTokens, kCachedDigits / token_bytes);
  if (tokens >= kTileTokens) return tokens / kTileTokens * kTileTokens;
  return min(DigitSets::kRoom / token_bytes, kLeastTileTokens - 1);
#else
  return min(kMostGemvTokens, DigitSets::kRoom / token_bytes);
#endif
}

// Products that do not depend on each other, at most kMostTogether, some tokens at a time.
static void gemv(const MatmulProblem* problems, int64_t n, Queue& queue) {
  int64_t most_tokens = 0;
  for (int64_t i = 0; i < n; ++i) most_tokens = max(most_tokens, problems[i].m);
  const int64_t token_bytes = token_bytes_of(problems, n);
  if (n > 1 && token_bytes > DigitSets::kRoom) {
    for (int64_t i = 0; i < n; ++i) gemv(problems + i, 1, queue);
    return;
  }
  const int64_t tokens = tokens_of_a_passage(token_bytes);
  for (int64_t first = 0; first < most_tokens; first += tokens) {
    MatmulProblem parts[kMostTogether];
    int64_t n_parts = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (problems[i].m <= first) continue;
      MatmulProblem& part = parts[n_parts++] = problems[i];
      part.x += first * part.x_stride;
      part.y += first * part.y_stride;
      part.m = min(tokens, part.m - first);
    }
    gemv_together(parts, n_parts, queue);
  }
}

}  // namespace chaku::CHAKU_ISA
