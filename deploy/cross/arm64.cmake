# 64-bit ARM: Raspberry Pi 3 and later with a 64-bit system, Android phones.
set(TUNEFARM_CROSS_ARCH arm64)
set(TUNEFARM_CROSS_TRIPLE aarch64-linux-gnu)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(TUNEFARM_CROSS_FLAGS "")
set(TUNEFARM_CROSS_LINK_FLAGS -static-pie)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake)
