# The agent's packages for an executable without shared libraries: the same targets as in TunefarmPackages, of archives.
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
set(OPENSSL_USE_STATIC_LIBS ON)
set(Protobuf_USE_STATIC_LIBS ON)
find_package(absl REQUIRED CONFIG)
find_package(Protobuf REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CLI11 REQUIRED CONFIG)
pkg_check_modules(GRPCPP REQUIRED IMPORTED_TARGET grpc++)
# What Debian's gRPC archives need beside what pkg-config says: its shared libraries name these themselves.
set(archives)
foreach(name upb address_sorting gpr cares re2 ssl crypto z absl_bad_any_cast_impl absl_random_seed_sequences)
  find_library(TUNEFARM_ARCHIVE_${name} ${name} REQUIRED)
  mark_as_advanced(TUNEFARM_ARCHIVE_${name})
  list(APPEND archives ${TUNEFARM_ARCHIVE_${name}})
endforeach()
target_link_libraries(PkgConfig::GRPCPP INTERFACE ${archives})

# Debian has spdlog and fmt as shared libraries only; their headers hold all of them.
add_library(tunefarm_spdlog INTERFACE)
target_compile_definitions(tunefarm_spdlog INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
target_link_libraries(tunefarm_spdlog INTERFACE Threads::Threads)

# Debian's CMake package of absl names the shared libraries; the archives lie beside them.
get_directory_property(imported IMPORTED_TARGETS)
foreach(target ${imported})
  get_target_property(location ${target} IMPORTED_LOCATION_NONE)
  if(location MATCHES "^(.*)/(libabsl_[a-z0-9_]+)\\.so")
    set_target_properties(${target} PROPERTIES IMPORTED_LOCATION_NONE ${CMAKE_MATCH_1}/${CMAKE_MATCH_2}.a)
  endif()
endforeach()

# What is linked is what is shipped: small, without symbols.
add_link_options(-Wl,--gc-sections -s)
