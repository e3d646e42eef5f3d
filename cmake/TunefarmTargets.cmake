# tunefarm_library(name SRCS a.cc ... DEPS target ... [PRECOMPILED wire|none]): a static library, sources listed by hand,
# alias tunefarm::name. Dependencies are PUBLIC: what a folder may use is settled by the layering test, not by the linker.
# PRECOMPILED: its precompiled headers, "library" if not said (cmake/TunefarmPrecompile.cmake).
function(tunefarm_library name)
  cmake_parse_arguments(ARG "" "PRECOMPILED" "SRCS;DEPS" ${ARGN})
  if(NOT ARG_PRECOMPILED)
    set(ARG_PRECOMPILED library)
  endif()
  add_library(tunefarm_${name} STATIC ${ARG_SRCS})
  if(NOT ARG_PRECOMPILED STREQUAL "none")
    tunefarm_use_precompiled(tunefarm_${name} ${ARG_PRECOMPILED})
  endif()
  target_link_libraries(tunefarm_${name} PUBLIC tunefarm_options ${ARG_DEPS})
  add_library(tunefarm::${name} ALIAS tunefarm_${name})
endfunction()

# tunefarm_binary(name SRCS ... DEPS ...): an executable in build/<preset>/bin.
function(tunefarm_binary name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE tunefarm_options ${ARG_DEPS})
endfunction()

# tunefarm_test(name LABEL unit SRCS ... DEPS ... [TIMEOUT s] [SERIAL]): one gtest program = one ctest entry.
# The label is the name of the folder under tests/. Programs go to build/<preset>/tests.
function(tunefarm_test name)
  cmake_parse_arguments(ARG "SERIAL" "LABEL;TIMEOUT" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE tunefarm_options ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_compile_definitions(${name} PRIVATE
    TUNEFARM_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TUNEFARM_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  tunefarm_use_precompiled(${name} test)
  tunefarm_batch_sources(${name})
  # What is tested is optimised; the tests themselves are built twice as fast without.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  # With its sanitizers on, g++ 12 takes what a matcher's std::function holds for uninitialized.
  if(TUNEFARM_SANITIZE)
    target_compile_options(${name} PRIVATE -Wno-maybe-uninitialized)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
  if(ARG_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()
