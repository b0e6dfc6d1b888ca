# SPDX-License-Identifier: Apache-2.0
# The SDK as a component: cmake --install <build> --component sdk --prefix <where>.
include(CMakePackageConfigHelpers)
set(config_dir lib/cmake/FastKernels)
install(DIRECTORY include/fk DESTINATION include COMPONENT sdk)
install(DIRECTORY ${gen_dir}/fk DESTINATION include COMPONENT sdk FILES_MATCHING PATTERN "*.h")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/registry/tasks ${PROJECT_SOURCE_DIR}/registry/structs
        DESTINATION share/fastkernels/registry COMPONENT sdk)
install(FILES cmake/FkPlugin.cmake cmake/plugin.map cmake/write_entry.cmake cmake/check_exports.cmake
        DESTINATION ${config_dir} COMPONENT sdk)
configure_file(cmake/FastKernelsConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/FastKernelsConfig.cmake COPYONLY)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/FastKernelsConfigVersion.cmake
                                 VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/FastKernelsConfig.cmake
        ${CMAKE_CURRENT_BINARY_DIR}/FastKernelsConfigVersion.cmake DESTINATION ${config_dir} COMPONENT sdk)
install(TARGETS fk-gen RUNTIME DESTINATION bin COMPONENT sdk)
