// SPDX-License-Identifier: Apache-2.0
// libcudnn, opened when the first instance asks for it: the plugin is not linked with it, and
// machines without it lose this plugin's implementations and nothing else.
#pragma once

namespace fk::cudnn {

// NULL when the library is open and new enough, else why not. Looks under $FK_CUDNN_PATH (the
// library or its folder), then where dlopen looks. Touches no device.
const char* library_fault();

}  // namespace fk::cudnn
