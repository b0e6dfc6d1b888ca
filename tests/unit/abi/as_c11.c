/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

/* FK_HAS as C sees it: a field is there when the struct's maker knew it. */
int fk_test_has_step(const fk_run* run) { return FK_HAS(run, step); }
