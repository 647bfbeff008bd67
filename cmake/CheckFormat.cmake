# Fails when clang-format 19 would change a source of native/ or benchmarks/native/; other versions differ in details, and
# without one the check says SKIPPED.
#   cmake -DROOT=. [-DFORMATTER=clang-format-19] [-DAPPLY=ON] -P CheckFormat.cmake
#
# APPLY formats instead: cmake --build native/target/cmake --target format
cmake_minimum_required(VERSION 3.22)

if(NOT FORMATTER)
  find_program(FORMATTER NAMES clang-format-19 clang-format)
endif()
set(version "none")
if(FORMATTER)
  execute_process(COMMAND ${FORMATTER} --version OUTPUT_VARIABLE version ERROR_QUIET)
  string(STRIP "${version}" version)
endif()
if(NOT version MATCHES "version 19\\.")
  if(APPLY)
    message(FATAL_ERROR "expected clang-format 19 on the PATH, got ${version}")
  endif()
  message("SKIPPED: clang-format 19 is not here (found ${version})")
  return()
endif()

file(GLOB_RECURSE files ${ROOT}/native/include/*.h ${ROOT}/native/src/*.h ${ROOT}/native/src/*.cpp
     ${ROOT}/native/src/*.inl ${ROOT}/native/src/*.cu ${ROOT}/native/src/*.cuh ${ROOT}/native/tests/*.h ${ROOT}/native/tests/*.cpp ${ROOT}/native/tests/*.c
     ${ROOT}/benchmarks/native/*.h ${ROOT}/benchmarks/native/*.cpp)
if(NOT files)
  message(FATAL_ERROR "expected sources under ${ROOT}, found none")
endif()
if(APPLY)
  execute_process(COMMAND ${FORMATTER} -i ${files} RESULT_VARIABLE status)
else()
  execute_process(COMMAND ${FORMATTER} --dry-run -Werror ${files} RESULT_VARIABLE status ERROR_VARIABLE faults)
  string(REGEX MATCHALL "[^\n]+error: code should be clang-formatted" faults "${faults}")
  list(SUBLIST faults 0 20 faults)
  list(JOIN faults "\n  " faults)
endif()
if(NOT status EQUAL 0)
  message(FATAL_ERROR "clang-format would change (run cmake --build native/target/cmake --target format)\n  ${faults}")
endif()
