# Language level, warnings, visibility, instruction-set flags and link options of the core.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # vector_size types
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
find_package(Threads REQUIRED)
include(CheckCXXSourceCompiles)

set(CHAKU_SANITIZE "" CACHE STRING "address, undefined or thread, joined by commas: builds with these sanitizers")
option(CHAKU_WERROR "Warnings are errors" OFF)

# -ffp-contract=off keeps the scalar reference the oracle of the vector paths: they fuse explicitly.
function(chaku_configure target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wno-psabi -ffp-contract=off
                         -fno-math-errno -ffunction-sections -fdata-sections)
  if(CHAKU_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CHAKU_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${CHAKU_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${CHAKU_SANITIZE})
  endif()
endfunction()

# glibc floor 2.34: libstdc++ inside, libgcc_s outside.
set(CHAKU_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/exports.map)
function(chaku_link target)
  target_link_libraries(${target} PRIVATE Threads::Threads)
  target_link_options(${target} PRIVATE -static-libstdc++ -Wl,--gc-sections -Wl,--exclude-libs,ALL
                      -Wl,--no-undefined -Wl,--version-script=${CHAKU_EXPORTS})
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN" LINK_DEPENDS ${CHAKU_EXPORTS})
endfunction()

set(CHAKU_FLAGS_avx2 -mavx2 -mfma -mf16c)
# gcc 12 warns of its own _mm512_undefined_* (bug 105593).
set(CHAKU_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c -Wno-maybe-uninitialized
    -Wno-uninitialized -mprefer-vector-width=512)
set(CHAKU_FLAGS_avx512vnni ${CHAKU_FLAGS_avx512} -mavx512vnni)
set(CHAKU_FLAGS_avx512bf16 ${CHAKU_FLAGS_avx512vnni} -mavx512bf16)
set(CHAKU_FLAGS_amx ${CHAKU_FLAGS_avx512bf16} -mamx-tile -mamx-bf16)

set(CHAKU_ISA_OBJECTS "" CACHE INTERNAL "")
set(CHAKU_ISAS "" CACHE INTERNAL "")
function(chaku_isa_objects isa)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
    return()
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/kernels/cpu/${isa}/*.cpp)
  if(NOT sources)
    return()
  endif()
  # A compiler that lacks an instruction set leaves its path out; the tile instructions need the assembler too.
  list(JOIN CHAKU_FLAGS_${isa} " " CMAKE_REQUIRED_FLAGS)
  set(probe "int main() { return 0; }")
  if(isa STREQUAL "amx")
    set(probe "int main() { __asm__(\"tdpbf16ps %tmm2, %tmm1, %tmm0\"); return 0; }")
  endif()
  check_cxx_source_compiles("${probe}" CHAKU_COMPILES_${isa})
  if(NOT CHAKU_COMPILES_${isa})
    message(STATUS "The compiler lacks ${isa}: its kernels are left out")
    return()
  endif()
  add_library(chaku_${isa} OBJECT ${sources})
  target_include_directories(chaku_${isa} PRIVATE src include)
  chaku_configure(chaku_${isa})
  target_compile_options(chaku_${isa} PRIVATE ${CHAKU_FLAGS_${isa}})
  string(TOUPPER ${isa} upper)
  target_compile_definitions(chaku_kernels PRIVATE CHAKU_HAVE_${upper}=1)
  set(CHAKU_ISA_OBJECTS ${CHAKU_ISA_OBJECTS} $<TARGET_OBJECTS:chaku_${isa}> CACHE INTERNAL "")
  set(CHAKU_ISAS ${CHAKU_ISAS} ${isa} CACHE INTERNAL "")
endfunction()
