# Every entry has its line in docs/dependencies.md.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.74 REQUIRED)                 # Boost.DLL, header-only with std::filesystem
pkg_check_modules(yaml_cpp REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
# Not by pkg-config: Ubuntu 24.04's sentencepiece.pc asks for protobuf's development files, which neither it nor we need.
find_library(FK_SENTENCEPIECE sentencepiece REQUIRED)
find_path(FK_SENTENCEPIECE_INCLUDE sentencepiece_processor.h REQUIRED)
add_library(sentencepiece::sentencepiece INTERFACE IMPORTED)
target_link_libraries(sentencepiece::sentencepiece INTERFACE ${FK_SENTENCEPIECE})
target_include_directories(sentencepiece::sentencepiece SYSTEM INTERFACE ${FK_SENTENCEPIECE_INCLUDE})
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)  # NFC and its relatives, grapheme clusters
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET openblas)
find_package(CLI11 REQUIRED)
find_package(SQLite3 REQUIRED)                    # the results store
find_package(CURL REQUIRED)                       # tracking servers
if(FK_TESTS)
  find_package(GTest REQUIRED)
endif()
if(FK_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
