// SPDX-License-Identifier: Apache-2.0
int fk_absent(void);
int fk_absent(void) { return 1; }
