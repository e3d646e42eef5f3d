# What shortens a clean build. Precompiled headers: of the libraries' headers only, which hardly a file does without and
# nobody edits here. Only the preset release uses them: in the others a missing #include shows, and g++ 12 crashes where
# they meet -fsanitize=thread.
option(TUNEFARM_PRECOMPILE "Precompile the headers of the standard library, absl, gRPC and GoogleTest" OFF)

set(standard_headers <algorithm> <chrono> <cstdint> <filesystem> <functional> <map> <memory> <optional> <span> <sstream>
  <string> <string_view> <tuple> <unordered_map> <utility> <variant> <vector>)
set(absl_headers <absl/status/status.h> <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/str_format.h>)

# tunefarm_precompile(name HEADERS <h> ... DEPS target ... [OPTIONS -O0 ...]): makes tunefarm_precompiled_<name>.
function(tunefarm_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPS;OPTIONS" ${ARGN})
  set(target tunefarm_precompiled_${name})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled/${name}.cc CONTENT "// Holds the precompiled headers '@name@'.\n" @ONLY)
  add_library(${target} OBJECT ${CMAKE_BINARY_DIR}/precompiled/${name}.cc)
  target_link_libraries(${target} PRIVATE tunefarm_options ${ARG_DEPS})
  target_compile_options(${target} PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(${target} PRIVATE ${ARG_HEADERS})
endfunction()

# tunefarm_use_precompiled(target name): nothing without TUNEFARM_PRECOMPILE.
function(tunefarm_use_precompiled target name)
  if(TUNEFARM_PRECOMPILE)
    target_precompile_headers(${target} REUSE_FROM tunefarm_precompiled_${name})
    # g++ 12 forgets that precompiled headers are the system's and reports its known false alarms inside them.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess -Wno-array-bounds
      -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread>)
  endif()
endfunction()

if(TUNEFARM_PRECOMPILE)
  tunefarm_precompile(library HEADERS ${standard_headers} ${absl_headers}
    DEPS absl::status absl::statusor absl::strings absl::str_format)
  tunefarm_precompile(wire
    HEADERS ${standard_headers} ${absl_headers} <google/protobuf/message.h> <grpcpp/grpcpp.h>
    DEPS absl::status absl::statusor absl::strings absl::str_format protobuf::libprotobuf PkgConfig::GRPCPP)
  tunefarm_precompile(test HEADERS ${standard_headers} ${absl_headers} <gmock/gmock.h> <gtest/gtest.h>
    DEPS absl::status absl::statusor absl::strings absl::str_format GTest::gmock
    OPTIONS $<$<CONFIG:Release>:-O0>)
  # Tests are programs: their code is not compiled as a shared library's.
  set_target_properties(tunefarm_precompiled_test PROPERTIES POSITION_INDEPENDENT_CODE OFF)
endif()

# Compiling files together: parsing what all of them include is most of what a test or a user of CLI11 costs. On where
# everything is built (release, the sanitizers), off in preset dev, where a file alone shall compile.
option(TUNEFARM_BATCH_SOURCES "Compile the files of a test program, or of a command line, eight at a time" OFF)

# tunefarm_batch_sources(target): names in its files' anonymous namespaces have to differ.
function(tunefarm_batch_sources target)
  if(TUNEFARM_BATCH_SOURCES)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

# tunefarm_command_line(target): a target whose files define flags. CLI11 is all templates and takes 3 s to parse; its
# users are not optimised for speed, which takes as long again and gains nothing there.
function(tunefarm_command_line target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  tunefarm_batch_sources(${target})
endfunction()
