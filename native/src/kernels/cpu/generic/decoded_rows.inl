// Products of several tokens on integers: steps of some weight rows are decoded into scratch once, and every few tokens
// meet them there. Where registers allow it two rows share the loads of the digits. A token's sums have the order and
// so the bits of those that it has alone.
#pragma once

#include "kernels/cpu/generic/groups.h"
#include "kernels/cpu/generic/integer_dots.inl"
#include "kernels/queue.h"

namespace chaku::CHAKU_ISA {

constexpr int64_t kDecodedRows = 16;     // of a weight, that are decoded at once
constexpr int64_t kDecodedDepth = 2048;  // elements of them
constexpr int kDigitTokens = 4;          // that share one reading of decoded rows
#if defined(__AVX512F__) && !defined(CHAKU_TILES)
constexpr int kRowsTogether = 2;  // that share one reading of digits
#else
constexpr int kRowsTogether = 1;
#endif

template <int kValueOf>
struct Count {
  static constexpr int kValue = kValueOf;
};

// run(m, the number of tokens from m on, as a type) for all of them, at most kMost at once.
template <int kMost, class Run>
CHAKU_INLINE void for_tokens(int64_t m, int64_t n_tokens, const Run& run) {
  for (; m + kMost <= n_tokens; m += kMost) run(m, Count<kMost>());
  if constexpr (kMost > 1)
    if (m < n_tokens) for_tokens<kMost - 1>(m, n_tokens, run);
}

template <class Shape>
struct DecodedRoom {
  static constexpr int64_t kSteps = kDecodedDepth / Shape::kStep;

  StepWeights<Shape> rows[kDecodedRows][kSteps];
  alignas(64) uint8_t sums[kMostGemvTokens / kDigitTokens][kDecodedRows][sizeof(DotSums<kDigitTokens>)];

  // Of kTokens tokens from m on.
  template <int kTokens>
  DotSums<kTokens>& sums_of(int64_t m, int64_t row) {
    return *reinterpret_cast<DotSums<kTokens>*>(sums[m / kDigitTokens][row]);
  }
};
constexpr int64_t kDecodedRoomBytes = 160 << 10;

// Whether memory holds a whole step where row n ends.
template <class Format>
CHAKU_INLINE bool has_whole_step(const Rows& rows, int64_t k, int64_t n) {
  const int64_t last_step = n * rows.stride_bytes + k / Format::kStep * Format::kStepBytes;
  return last_step + Format::kStepBytes <= rows.rows * rows.stride_bytes;
}

// Steps of some of the rows whose sums are written together.
struct Piece {
  int64_t row, rows;
  StepRange steps;

  int64_t n_steps() const { return steps.end - steps.begin; }
};

// Those of a weight whose rows begin at `first_row`.
template <class Format>
static void decode_piece(const Rows& rows, int64_t k, int64_t first_row, const Piece& piece,
                         DecodedRoom<ShapeOf<Format>>& to) {
  using Weights = StepWeights<ShapeOf<Format>>;
  const int64_t whole = min(piece.steps.end, k / Format::kStep);
  for (int64_t i = 0; i < piece.rows; ++i) {
    const int64_t n = first_row + piece.row + i;
    const uint8_t* block = rows.data + n * rows.stride_bytes + piece.steps.begin * Format::kStepBytes;
    int64_t at = 0;
    for (; piece.steps.begin + at < whole; ++at, block += Format::kStepBytes)
      to.rows[i][at] = Weights::template of<Format>(block);
    if (piece.steps.begin + at == piece.steps.end) continue;
    uint8_t copy[Format::kStepBytes] = {};
    __builtin_memcpy(copy, block,
                     static_cast<size_t>((k - whole * Format::kStep) * Format::kStepBytes / Format::kStep));
    to.rows[i][at] = Weights::template of<Format>(copy);
  }
}

// sums += n_steps steps of kRows decoded rows times those of kTokens tokens.
template <class Shape, int kDigits, int kTokens, int kRows>
CHAKU_INLINE void add_decoded(const StepWeights<Shape> (*rows)[DecodedRoom<Shape>::kSteps], int64_t n_steps,
                              const uint8_t* digits, DotSums<kTokens>* const (&kept)[kRows]) {
  DotSums<kTokens> sums[kRows];
  for (int n = 0; n < kRows; ++n) sums[n] = *kept[n];
  for (int64_t s = 0; s < n_steps; ++s) {
    StepWeights<Shape> w[kRows];
    for (int n = 0; n < kRows; ++n) w[n] = rows[n][s];
    add_step(w, StepDigits<Shape, kDigits, kTokens>::at(digits, s), sums);
  }
  for (int n = 0; n < kRows; ++n) *kept[n] = sums[n];
}

// Rows of bytes that are fetched while others are multiplied, some lines at each of `n_turns` turns.
struct BytesAhead {
  const uint8_t* data;
  int64_t stride_bytes, rows, row_lines, n_turns, turn = 0, line = 0;

  CHAKU_INLINE void fetch(BytesAhead& a) {
    const int64_t end = ++a.turn * a.rows * a.row_lines / a.n_turns;
    for (; a.line < end; ++a.line)
      __builtin_prefetch(a.data + a.line / a.row_lines * a.stride_bytes + a.line % a.row_lines * 64);
  }
};

// A decoded piece times tokens [m, m + kTokens), whose digits of all steps are at `digits`.
template <class Shape, int kDigits, int kTokens>
static void multiply_piece(DecodedRoom<Shape>& room, const Piece& piece, int64_t m, const uint8_t* digits,
                           BytesAhead& ahead) {
  digits += piece.steps.begin * StepDigits<Shape, kDigits, kTokens>::kBytes;
  const auto sums_of = [&](int64_t i) -> DotSums<kTokens>& { return room.template sums_of<kTokens>(m, piece.row + i); };
  if (piece.steps.begin == 0)
    for (int64_t i = 0; i < piece.rows; ++i) sums_of(i).clear();
  int64_t i = 0;
  if constexpr (kRowsTogether == 2)
    for (; i + 2 <= piece.rows; i += 2) {
      BytesAhead::fetch(ahead);
      add_decoded<Shape, kDigits, kTokens, 2>(room.rows + i, piece.n_steps(), digits, {&sums_of(i), &sums_of(i + 1)});
    }
  for (; i < piece.rows; ++i) {
    BytesAhead::fetch(ahead);
    add_decoded<Shape, kDigits, kTokens, 1>(room.rows + i, piece.n_steps(), digits, {&sums_of(i)});
  }
}

// y of weight rows [n, n + count) and tokens [m, m + kTokens), as put() has it of one.
template <class Shape, int kTokens>
static void put_decoded(const MatmulProblem& p, int64_t first_m, int64_t m, int64_t n, int64_t count,
                        DecodedRoom<Shape>& room) {
  for (int t = 0; t < kTokens; ++t)
    for (int64_t i = 0; i < count; i += kLanes) {
      const int64_t here = min(kLanes, count - i);
      F lanes[kLanes];
      for (int64_t r = 0; r < kLanes; ++r)
        lanes[r] = r < here ? room.template sums_of<kTokens>(m, i + r).lanes(t) : zero();
      float* y = p.y + (first_m + m + t) * p.y_stride + n + i;
      const F base =
          (p.accumulate ? load_n(y, here) : zero()) + (p.bias != nullptr ? load_n(p.bias + n + i, here) : zero());
      store_n(y, fma(sum_each(lanes), broadcast(p.scale), base), here);
    }
}

// Rows [begin, end) against the tokens from first_m on, whose digits are at `digits`.
template <class Format, int kDigits>
static void decoded_rows(const MatmulProblem& p, const Rows& rows, int64_t first_m, int64_t begin, int64_t end,
                         const uint8_t* digits, uint8_t* scratch) {
  using Shape = ShapeOf<Format>;
  using Room = DecodedRoom<Shape>;
  static_assert(sizeof(Room) <= kDecodedRoomBytes);
  Room& room = *reinterpret_cast<Room*>(scratch);
  const int64_t k = p.w.columns, n_steps = ceil_div(k, Format::kStep), n_tokens = p.m - first_m;
  const int64_t group_bytes = kLayout<Format, kDigits>.bytes(k, kDigitTokens);
  // of one reading alone, what is decoded stays in the first-level cache
  const int64_t at_once = n_tokens <= kDigitTokens ? 2 : kDecodedRows;
  for (int64_t n = begin; n < end; n += kDecodedRows) {
    const int64_t count = min(kDecodedRows, end - n);
    for (int64_t row = 0; row < count; row += at_once)
      for (int64_t first = 0; first < n_steps; first += Room::kSteps) {
        const Piece piece = {row, min(at_once, count - row), {first, min(first + Room::kSteps, n_steps)}};
        decode_piece<Format>(rows, k, n, piece, room);
        const bool goes_on = piece.steps.end < n_steps;
        const int64_t next = n + row + (goes_on ? 0 : at_once), next_step = goes_on ? piece.steps.end : 0;
        BytesAhead ahead = {rows.data + next * rows.stride_bytes + next_step * Format::kStepBytes, rows.stride_bytes,
                            max(0, min(at_once, end - next)),
                            ceil_div(min(Room::kSteps, n_steps - next_step) * Format::kStepBytes, 64),
                            ceil_div(piece.rows, kRowsTogether) * ceil_div(n_tokens, kDigitTokens)};
        for_tokens<kDigitTokens>(0, n_tokens, [&](int64_t m, auto tokens) {
          multiply_piece<Shape, kDigits, decltype(tokens)::kValue>(room, piece, m,
                                                                   digits + m / kDigitTokens * group_bytes, ahead);
        });
      }
    for_tokens<kDigitTokens>(0, n_tokens, [&](int64_t m, auto tokens) {
      put_decoded<Shape, decltype(tokens)::kValue>(p, first_m, m, n, count, room);
    });
  }
}

}  // namespace chaku::CHAKU_ISA
