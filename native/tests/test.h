// The native tests' harness: TEST(name) { CHECK(...); } and one main per program. Tests that lack reference data call
// skip(reason), which ends their case: the others still run, and a failure of theirs is one of the program. Without one
// the program ends with ctest's skip code.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace chaku::test {

struct Case {
  const char* name;
  void (*run)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

struct Register {
  Register(const char* name, void (*run)()) { cases().push_back({name, run}); }
};

inline void report(const char* file, int line, const std::string& what) {
  if (++failures() <= 20) std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

constexpr int kSkipCode = 77;

struct Skipped {
  std::string reason;
};

[[noreturn]] inline void skip(const std::string& reason) { throw Skipped{reason}; }

// Says, once, what of a case cannot be tried here, such as the path of an instruction set; the rest of it goes on.
inline void skip_part(const std::string& what) {
  static std::vector<std::string> said;
  for (const std::string& each : said)
    if (each == what) return;
  said.push_back(what);
  std::printf("SKIPPED in part: %s\n", what.c_str());
}

// The folder of reference data, or empty: $CHAKU_REFERENCE_DATA, else the shared/data beside the checkout.
inline std::string reference_data() {
  std::string folder = CHAKU_SOURCE_DIR "/../../shared/data";
  if (const char* named = std::getenv("CHAKU_REFERENCE_DATA")) folder = named;
  if (std::FILE* readme = std::fopen((folder + "/README.md").c_str(), "rb")) {
    std::fclose(readme);
    return folder;
  }
  return "";
}

// Worst |a-b| / (absolute + relative * |b|); a NaN on one side alone is infinitely bad.
inline double worst_error(const float* a, const float* b, int64_t n, double absolute, double relative) {
  double worst = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (a[i] == b[i]) continue;  // infinities too
    const double difference = std::fabs(static_cast<double>(a[i]) - b[i]);
    const double error = difference / (absolute + relative * std::fabs(static_cast<double>(b[i])));
    if (std::isnan(error) && !(std::isnan(a[i]) && std::isnan(b[i]))) return HUGE_VAL;
    if (error > worst) worst = error;
  }
  return worst;
}

inline int run_all() {
  int skipped = 0;
  for (const Case& c : cases()) {
    const int before = failures();
    try {
      c.run();
    } catch (const Skipped& s) {
      ++skipped;
      std::printf("SKIPPED %s: %s\n", c.name, s.reason.c_str());
      if (failures() == before) continue;
    } catch (const std::exception& e) {
      report(c.name, 0, std::string("threw: ") + e.what());
    }
    std::printf("%s %s\n", failures() == before ? "ok    " : "FAILED", c.name);
  }
  std::printf("%zu tests, %d failures, %d skipped\n", cases().size(), failures(), skipped);
  if (failures() != 0 || cases().empty()) return 1;
  return skipped == 0 ? 0 : kSkipCode;
}

}  // namespace chaku::test

#define TEST(name)                                                          \
  static void test_##name();                                                \
  static const ::chaku::test::Register register_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) ::chaku::test::report(__FILE__, __LINE__, "failed: " #condition); \
  } while (false)

#define CHECK_EQ(a, b)                                                                                               \
  do {                                                                                                               \
    const auto va = (a);                                                                                             \
    const auto vb = (b);                                                                                             \
    if (!(va == vb))                                                                                                 \
      ::chaku::test::report(__FILE__, __LINE__,                                                                      \
                            std::string(#a " == " #b ", got ") + std::to_string(va) + " and " + std::to_string(vb)); \
  } while (false)

// n floats within absolute + relative * |expected|.
#define CHECK_CLOSE(actual, expected, n, absolute, relative)                                               \
  do {                                                                                                     \
    const double worst_ = ::chaku::test::worst_error((actual), (expected), (n), (absolute), (relative));   \
    if (!(worst_ <= 1.0))                                                                                  \
      ::chaku::test::report(                                                                               \
          __FILE__, __LINE__,                                                                              \
          std::string(#actual " ~ " #expected ", off by ") + std::to_string(worst_) + " x the tolerance"); \
  } while (false)

int main() { return ::chaku::test::run_all(); }
