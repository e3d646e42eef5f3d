# Third-party packages, all from Debian 12 (deploy/packages.txt). Each gets one imported target here.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
if(TUNEFARM_AGENT_ONLY)
  include(TunefarmStaticPackages)
  return()
endif()
find_package(absl REQUIRED CONFIG)
find_package(Protobuf REQUIRED)
find_package(spdlog REQUIRED CONFIG)
add_library(tunefarm_spdlog ALIAS spdlog::spdlog)
find_package(OpenSSL REQUIRED)
find_package(CLI11 REQUIRED CONFIG)
# Debian's gRPC 1.51 has pkg-config files and no CMake package.
pkg_check_modules(GRPCPP REQUIRED IMPORTED_TARGET grpc++)

find_package(SQLite3 REQUIRED)
find_package(GTest REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED CONFIG)
# Debian's XGBoost CMake package names files of other packages; the library and its C header are all we use.
find_path(XGBOOST_INCLUDE_DIR xgboost/c_api.h REQUIRED)
find_library(XGBOOST_LIBRARY xgboost REQUIRED)
add_library(tunefarm_xgboost INTERFACE)
target_include_directories(tunefarm_xgboost SYSTEM INTERFACE ${XGBOOST_INCLUDE_DIR})
target_link_libraries(tunefarm_xgboost INTERFACE ${XGBOOST_LIBRARY})

# LLVM 19's own CMake package wants many development packages; the shared library and LLD's archives are all we link.
find_program(LLVM_CONFIG llvm-config-19 REQUIRED)
execute_process(COMMAND ${LLVM_CONFIG} --includedir OUTPUT_VARIABLE LLVM_INCLUDE_DIR OUTPUT_STRIP_TRAILING_WHITESPACE)
execute_process(COMMAND ${LLVM_CONFIG} --libdir OUTPUT_VARIABLE LLVM_LIB_DIR OUTPUT_STRIP_TRAILING_WHITESPACE)
execute_process(COMMAND ${LLVM_CONFIG} --version OUTPUT_VARIABLE TUNEFARM_LLVM_VERSION OUTPUT_STRIP_TRAILING_WHITESPACE)
add_library(tunefarm_llvm INTERFACE)
target_include_directories(tunefarm_llvm SYSTEM INTERFACE ${LLVM_INCLUDE_DIR})
target_link_libraries(tunefarm_llvm INTERFACE
  ${LLVM_LIB_DIR}/liblldELF.a ${LLVM_LIB_DIR}/liblldCommon.a ${LLVM_LIB_DIR}/libLLVM-19.so z zstd)
