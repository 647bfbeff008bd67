// CHECK_ERROR(code, "part of the message", statement)
#pragma once

#include <string>

#include "base/error.h"
#include "test.h"

#define CHECK_ERROR(expected_code, part, ...)                                                                    \
  do {                                                                                                           \
    bool thrown_ = false;                                                                                        \
    try {                                                                                                        \
      __VA_ARGS__;                                                                                               \
    } catch (const ::chaku::Error& e_) {                                                                         \
      thrown_ = true;                                                                                            \
      if (e_.code() != (expected_code) || std::string(e_.what()).find(part) == std::string::npos)                \
        ::chaku::test::report(__FILE__, __LINE__,                                                                \
                              "code " + std::to_string(static_cast<int>(e_.code())) + ", message " + e_.what()); \
    }                                                                                                            \
    if (!thrown_) ::chaku::test::report(__FILE__, __LINE__, #__VA_ARGS__ " threw nothing");                      \
  } while (false)
