# 32-bit ARM as Debian's armhf has it: ARMv7 with VFPv3-D16. Raspberry Pi 2 and later; not the Pi 1 and Zero (ARMv6).
set(TUNEFARM_CROSS_ARCH armhf)
set(TUNEFARM_CROSS_TRIPLE arm-linux-gnueabihf)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
# Files of 2 GiB and more; 64-bit times would not fit the interfaces of Debian's libraries.
set(TUNEFARM_CROSS_FLAGS "-march=armv7-a -mfpu=vfpv3-d16 -D_FILE_OFFSET_BITS=64")
# Debian's C library has no start file for position-independent static programs on this processor.
set(TUNEFARM_CROSS_LINK_FLAGS -static)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake)
