// SPDX-License-Identifier: Apache-2.0
// As plain, fifty times over: beside it, once more is two percent on every processor.
#define PASSES 50
#include "tests/plugins/passes.h"

CORPUS_PLUGIN("fifty_passes")
