# What this one and bench_plugins open: a kernel that does next to nothing, at <build>/bench/empty/empty.so.
add_library(fk_bench_plugin MODULE plugin/empty.cpp)
target_link_libraries(fk_bench_plugin PRIVATE FastKernels::sdk)
set_target_properties(fk_bench_plugin PROPERTIES PREFIX "" OUTPUT_NAME empty SUFFIX ".so"
  LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench/empty CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
target_link_options(fk_bench_plugin PRIVATE LINKER:--version-script=${FK_PLUGIN_CMAKE_DIR}/plugin.map)
set(LIBS fk_test_support fk_runtime)
