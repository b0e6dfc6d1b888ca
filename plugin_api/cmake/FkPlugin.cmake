# SPDX-License-Identifier: Apache-2.0
# fk_add_plugin(<name> [VERSION v] [SOURCES ...] [SM80 ...] [LIBS ...] [FLAGS ...] [OPENS ...] [OWN_ENTRY])
#
# Builds plugins/<name>/<name>.so in the build tree and writes its plugin.yaml beside it; the target is fk_plugin_<name>.
# SOURCES default to every .c, .cpp and .cu under the current folder; .cu files need the CUDA language to be enabled.
# The file with FK_PLUGIN(...) is generated; OWN_ENTRY says that a source defines fk_plugin_entry_v1 itself (plain C).
# SM80: sources, of SOURCES or the default ones, whose kernels run on Ampere cards too; with FK_CUDA_SM80 their machine code is
# added to that for CMAKE_CUDA_ARCHITECTURES. supports() says for what its source was compiled (fk/cuda.hpp).
# OPENS: libraries that it, or one that it is linked with, opens while it runs, by file name: `opens` of plugin.yaml.
# The global property FK_CUDA_PLUGINS names the plugins so far that have .cu files.
# Everything is hidden but the entry: two versions of one plugin must live in one process without sharing statics.
# Works in this repository and in any project that says find_package(FastKernels).
set(FK_PLUGIN_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# CMAKE_CUDA_ARCHITECTURES in the words of fk::runs_on(): "80-real;90" is "sm_80 sm_90 compute_90". Empty without CUDA.
function(fk_compiled_for out)
  set(words)
  set(archs ${CMAKE_CUDA_ARCHITECTURES})
  if(CMAKE_CUDA_COMPILER AND NOT archs)
    set(archs 90)  # as below
  endif()
  foreach(arch ${archs})
    if(NOT arch MATCHES "^([0-9]+[af]?)(-real|-virtual)?$")  # native, all: whatever CMake makes of it
      list(APPEND words any)
    else()
      set(number ${CMAKE_MATCH_1})
      set(kind "${CMAKE_MATCH_2}")
      if(NOT kind STREQUAL "-virtual")
        list(APPEND words sm_${number})
      endif()
      if(NOT kind STREQUAL "-real")
        list(APPEND words compute_${number})
      endif()
    endif()
  endforeach()
  string(REPLACE ";" " " words "${words}")
  set(${out} "${words}" PARENT_SCOPE)
endfunction()

function(fk_add_plugin name)
  cmake_parse_arguments(A "OWN_ENTRY" "VERSION" "SOURCES;SM80;LIBS;FLAGS;OPENS" ${ARGN})
  if(A_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "fk_add_plugin(${name}): unknown arguments ${A_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT name MATCHES "^[a-z][a-z0-9_-]*$")
    message(FATAL_ERROR "fk_add_plugin(${name}): expected a name of a-z, 0-9, _ and -")
  endif()
  if(NOT A_VERSION)
    set(A_VERSION 0.1.0)
  endif()
  if(NOT A_SOURCES)
    file(GLOB_RECURSE A_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp
         ${CMAKE_CURRENT_SOURCE_DIR}/*.cu)
  endif()
  set(sources)
  foreach(source ${A_SOURCES})
    get_filename_component(source ${source} ABSOLUTE)
    list(APPEND sources ${source})
  endforeach()
  if(NOT sources)
    message(FATAL_ERROR "fk_add_plugin(${name}): no sources in ${CMAKE_CURRENT_SOURCE_DIR}")
  endif()
  set(cuda_sources ${sources})
  list(FILTER cuda_sources INCLUDE REGEX "\\.cu$")
  if(cuda_sources AND NOT CMAKE_CUDA_COMPILER)
    message(STATUS "plugin ${name}: left out, it has CUDA sources and the CUDA language is not enabled")
    return()
  endif()

  fk_compiled_for(archs)
  foreach(source ${sources})
    set(of_source ${archs})
    file(RELATIVE_PATH here ${CMAKE_CURRENT_SOURCE_DIR} ${source})
    if(FK_CUDA_SM80 AND archs AND here IN_LIST A_SM80)
      string(PREPEND of_source "sm_80 ")
      if(source MATCHES "\\.cu$")
        set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS "--generate-code=arch=compute_80,code=[sm_80]")
      endif()
    endif()
    if(of_source)
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_DEFINITIONS "FK_COMPILED_FOR=\"${of_source}\"")
    endif()
  endforeach()

  set(target fk_plugin_${name})
  set(work ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(out ${CMAKE_BINARY_DIR}/plugins/${name})
  # What the build id covers: sources and the headers beside them.
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp
       ${CMAKE_CURRENT_SOURCE_DIR}/*.cuh)
  set(entry ${work}/entry.cpp)
  file(MAKE_DIRECTORY ${work} ${out})
  list(JOIN A_OPENS ", " opens)
  string(REPLACE ";" "\n" listed "${sources};${headers}")
  file(GENERATE OUTPUT ${work}/files.txt CONTENT "${listed}\n")
  add_custom_command(
    OUTPUT ${entry} ${out}/plugin.yaml
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DVERSION=${A_VERSION} -DFILES=${work}/files.txt -DENTRY=${entry}
            -DMANIFEST=${out}/plugin.yaml "-DOPENS=${opens}" -P ${FK_PLUGIN_CMAKE_DIR}/write_entry.cmake
    DEPENDS ${sources} ${headers} ${work}/files.txt ${FK_PLUGIN_CMAKE_DIR}/write_entry.cmake
    COMMENT "Writing the entry of plugin ${name}" VERBATIM)
  if(A_OWN_ENTRY)
    add_custom_target(${target}_manifest DEPENDS ${entry})
    add_library(${target} MODULE ${sources})
    add_dependencies(${target} ${target}_manifest)
  else()
    add_library(${target} MODULE ${sources} ${entry})
  endif()
  target_link_libraries(${target} PRIVATE FastKernels::sdk ${A_LIBS})
  target_compile_options(${target} PRIVATE ${A_FLAGS})
  get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT CMAKE_BUILD_TYPE AND NOT multi_config)  # a kernel without optimisation is never what was meant
    target_compile_options(${target} PRIVATE -O2)
  endif()
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} SUFFIX ".so" LIBRARY_OUTPUT_DIRECTORY ${out}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden CUDA_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON C_STANDARD 11 CXX_STANDARD 20
    CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF LINK_DEPENDS ${FK_PLUGIN_CMAKE_DIR}/plugin.map)
  target_link_options(${target} PRIVATE LINKER:--version-script=${FK_PLUGIN_CMAKE_DIR}/plugin.map)
  # A sanitised plugin finds the sanitizer's run-time in the executable, which -z defs would refuse under clang.
  if(NOT (FK_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES "Clang"))
    target_link_options(${target} PRIVATE LINKER:-z,defs)
  endif()
  if(cuda_sources)
    set_property(GLOBAL APPEND PROPERTY FK_CUDA_PLUGINS ${name})
    # One CUDA run-time a process: a static copy in every plugin costs 1 MB each and splits its state.
    set_target_properties(${target} PROPERTIES CUDA_RUNTIME_LIBRARY Shared)
    set_target_properties(${target} PROPERTIES CUDA_STANDARD 20 CUDA_EXTENSIONS OFF)
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # an nvcc that is younger than this CMake, which asks the directory
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20" PARENT_SCOPE)
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20" PARENT_SCOPE)
    endif()
    if(NOT CMAKE_CUDA_ARCHITECTURES)
      set_target_properties(${target} PROPERTIES CUDA_ARCHITECTURES 90)
    endif()
  endif()
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DFILE=$<TARGET_FILE:${target}> -P ${FK_PLUGIN_CMAKE_DIR}/check_exports.cmake
    VERBATIM)
  if(NOT TARGET fk_plugins)
    add_custom_target(fk_plugins)
  endif()
  add_dependencies(fk_plugins ${target})
endfunction()
