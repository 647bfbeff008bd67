// The arithmetic of a token is chosen by what it is to the text, and by nothing else.
#pragma once

#include <cstdint>

namespace chaku {

// Paths have two kinds of products and of attention: for many tokens at once, which the processor bounds and which may
// round their operands, and for few, which memory bounds. Their results differ in the last digits, so that the one in
// use is named by the caller: the number of rows, which depends on what is cached and on how a text was cut, never
// chooses it. Within a role, a row's result has the same bits whatever other rows are computed with it.
enum class Role : int32_t {
  kPrompt = 0,     // a text that is read
  kGenerated = 1,  // a token that the model itself has chosen
  kTraining = 2    // texts are whole there, never in pieces: as kPrompt, and as kGenerated where there are few rows
};

}  // namespace chaku
