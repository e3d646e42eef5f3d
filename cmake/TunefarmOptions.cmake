# Compiler warnings, sanitizers and ccache, for every target of the project.
set(TUNEFARM_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them; empty for none")

add_library(tunefarm_options INTERFACE)
target_compile_options(tunefarm_options INTERFACE -Wall -Wextra -Werror)
# libstdc++ 12's own std::stable_sort uses a function that it deprecates, and clang says so in every program of ours.
target_compile_options(tunefarm_options INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
target_include_directories(tunefarm_options INTERFACE ${CMAKE_SOURCE_DIR})
if(TUNEFARM_SANITIZE)
  add_compile_options(-fsanitize=${TUNEFARM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${TUNEFARM_SANITIZE})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Depend mode: what is not in the cache is read once, not preprocessed for the cache's sake before. The sloppiness is what
  # ccache asks for where headers are precompiled (TunefarmPrecompile.cmake).
  set(launcher env CCACHE_DEPEND=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
