# SPDX-License-Identifier: Apache-2.0
set(LIBS CUDA::cublasLt CUDA::cudart)
set(SOURCES ${PROJECT_SOURCE_DIR}/baselines/cublaslt/matmul.cpp)
