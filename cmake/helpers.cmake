# fk_library(name [HOT] [LIBS ...]): a static library of every .cpp in the current folder. No source lists anywhere.
# HOT: on a path that runs per token or per byte. The rest runs once a process and compiles a third faster at -O1.
function(fk_library name)
  cmake_parse_arguments(A "HOT" "" "LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/plugin_api/include)
  target_link_libraries(${name} PUBLIC ${A_LIBS})
  if(NOT A_HOT)
    target_compile_options(${name} PRIVATE -O1)
  endif()
endfunction()

# fk_cuda_sources(target file...): files of the current folder, kernels among them, which only a build with CUDA has.
function(fk_cuda_sources target)
  foreach(file ${ARGN})
    target_sources(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  set_target_properties(${target} PROPERTIES CUDA_RUNTIME_LIBRARY Shared CUDA_STANDARD 20 CUDA_EXTENSIONS OFF)
endfunction()

# fk_test(area [SLOW] [WHOLE] [LIBS ...] [DEPENDS ...]): one GoogleTest executable of every .cpp in the current folder, one CTest
# entry a case, or with WHOLE one for all of them (they share what is slow to start), labelled with the area, or area-slow (one
# label: gtest_discover_tests loses the others of a list). What a tester's tracking server is told is no test's.
# Tests find the source tree in FK_SOURCE_DIR and the build tree in FK_BUILD_DIR.
function(fk_test area)
  cmake_parse_arguments(A "SLOW;WHOLE" "" "LIBS;DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(test_${area} ${sources})
  target_compile_options(test_${area} PRIVATE -O1)
  target_link_libraries(test_${area} PRIVATE ${A_LIBS} GTest::gtest GTest::gtest_main)
  target_include_directories(test_${area} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/plugin_api/include)
  target_compile_definitions(test_${area} PRIVATE FK_SOURCE_DIR="${PROJECT_SOURCE_DIR}" FK_BUILD_DIR="${PROJECT_BINARY_DIR}")
  if(A_DEPENDS)
    add_dependencies(test_${area} ${A_DEPENDS})
  endif()
  set(label ${area})
  if(A_SLOW)
    set(label ${area}-slow)
  endif()
  set(timeout 600)
  if(FK_SANITIZE OR A_SLOW)  # on a slow processor some of those need ten minutes
    set(timeout 3600)
  endif()
  set(properties TIMEOUT ${timeout} LABELS ${label} ENVIRONMENT FK_STORE=${PROJECT_BINARY_DIR}/test-results.db
      ENVIRONMENT_MODIFICATION MLFLOW_TRACKING_URI=unset:)
  if(A_WHOLE)
    add_test(NAME ${area} COMMAND test_${area})
    set_tests_properties(${area} PROPERTIES ${properties})
  else()
    gtest_discover_tests(test_${area} TEST_PREFIX "${area}." DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
  endif()
endfunction()

# fk_names_cuda_plugins(<area>): test_<area> knows which CUDA plugins this build has (tests/support/cuda_plugins.hpp).
function(fk_names_cuda_plugins area)
  get_property(plugins GLOBAL PROPERTY FK_CUDA_PLUGINS)
  list(TRANSFORM plugins REPLACE "(.+)" "\"\\1\",")
  string(REPLACE ";" "" plugins "${plugins}")
  target_compile_definitions(test_${area} PRIVATE "FK_CUDA_PLUGINS=${plugins}")
endfunction()

# fk_fuzz(name [LIBS ...]): a libFuzzer target from fuzz_<name>.cpp with its seeds in corpus/<name>.
function(fk_fuzz name)
  cmake_parse_arguments(A "" "" "LIBS" ${ARGN})
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_executable(fuzz_${name} fuzz_${name}.cpp)
  add_dependencies(fuzzers fuzz_${name})
  target_link_libraries(fuzz_${name} PRIVATE ${A_LIBS})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
  target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/plugin_api/include)
endfunction()
