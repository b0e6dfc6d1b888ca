# Every entry has its line in docs/dependencies.md.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.74 REQUIRED)                 # Boost.DLL, header-only with std::filesystem
pkg_check_modules(yaml_cpp REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)  # NFC and its relatives, grapheme clusters
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET openblas)
find_package(CLI11 REQUIRED)
if(FK_TESTS)
  find_package(GTest REQUIRED)
endif()
if(FK_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
