// SPDX-License-Identifier: Apache-2.0
#define HEAD_GRP_SIZE 4
#define TOKENS_PER_PAGE 16
#define FK_XQA_CONFIG kXqaGroup4Page16
#include "xqa_config.cuh"
