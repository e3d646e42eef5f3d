# clang 19 and lld against one of the sysroots that deploy/cross/sysroot.sh makes. Included by ARCH.cmake beside it, which
# sets TUNEFARM_CROSS_ARCH (Debian's name), TUNEFARM_CROSS_TRIPLE (clang's), CMAKE_SYSTEM_PROCESSOR, TUNEFARM_CROSS_FLAGS
# and TUNEFARM_CROSS_LINK_FLAGS. Also used for this machine's own processor: so what is shipped depends on no machine it
# was built on.
set(CMAKE_SYSTEM_NAME Linux)

if(DEFINED ENV{TUNEFARM_SYSROOTS})
  set(sysroots $ENV{TUNEFARM_SYSROOTS})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(sysroots $ENV{XDG_CACHE_HOME}/tunefarm/sysroots)
else()
  set(sysroots $ENV{HOME}/.cache/tunefarm/sysroots)
endif()
set(CMAKE_SYSROOT ${sysroots}/${TUNEFARM_CROSS_ARCH})
if(NOT EXISTS ${CMAKE_SYSROOT}/.made-from)
  message(FATAL_ERROR "There is no sysroot ${CMAKE_SYSROOT}: deploy/cross/sysroot.sh ${TUNEFARM_CROSS_ARCH} makes it.")
endif()

foreach(language C CXX)
  set(CMAKE_${language}_COMPILER_TARGET ${TUNEFARM_CROSS_TRIPLE})
  set(CMAKE_${language}_FLAGS_INIT "${TUNEFARM_CROSS_FLAGS}")
endforeach()
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_AR llvm-ar-19)
set(CMAKE_RANLIB llvm-ranlib-19)
set(CMAKE_STRIP llvm-strip-19)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld-19 ${TUNEFARM_CROSS_LINK_FLAGS}")

# Programs (protoc, its gRPC plugin) are this machine's, everything else is the sysroot's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_LIBRARY_ARCHITECTURE ${TUNEFARM_CROSS_TRIPLE})
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${TUNEFARM_CROSS_TRIPLE}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
