// SPDX-License-Identifier: Apache-2.0
#define HEAD_GRP_SIZE 4
#define TOKENS_PER_PAGE 64
#define FK_XQA_CONFIG kXqaGroup4Page64
#include "xqa_config.cuh"
