// What the emulator answers where a GPU answers with a hang, a trap or garbage.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace chaku::simt {

// Of a barrier, a collective or a copy in a kernel's source.
using Site = std::source_location;

// What is wrong with a kernel or a launch: place, message, block.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Ends the launch, called by a thread of the grid: its stream throws the Fault when it is waited for.
[[noreturn, gnu::format(printf, 2, 3)]] void fault(const Site& site, const char* format, ...);

[[gnu::format(printf, 1, 2)]] std::string text(const char* format, ...);

// "rms_norm.cu:31", without memory of the heap: threads that raise a fault never end.
struct PlaceName {
  char text[120];
};
PlaceName place(const Site& site) noexcept;
bool same_place(const Site& a, const Site& b) noexcept;

}  // namespace chaku::simt
