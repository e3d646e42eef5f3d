# 64-bit x86: PCs as devices. From the same sysroot recipe, so that the package does not depend on the building machine.
set(TUNEFARM_CROSS_ARCH amd64)
set(TUNEFARM_CROSS_TRIPLE x86_64-linux-gnu)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(TUNEFARM_CROSS_FLAGS "")
set(TUNEFARM_CROSS_LINK_FLAGS -static-pie)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake)
