#include "kernels/cuda/simt/fault.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace chaku::simt {

std::string text(const char* format, ...) {
  char line[512];
  va_list list;
  va_start(list, format);
  std::vsnprintf(line, sizeof(line), format, list);
  va_end(list);
  return line;
}

PlaceName place(const Site& site) noexcept {
  const char* name = std::strrchr(site.file_name(), '/');
  PlaceName place;
  std::snprintf(place.text, sizeof(place.text), "%s:%u", name != nullptr ? name + 1 : site.file_name(),
                static_cast<unsigned>(site.line()));
  return place;
}

bool same_place(const Site& a, const Site& b) noexcept {
  return a.line() == b.line() && a.column() == b.column() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

}  // namespace chaku::simt
