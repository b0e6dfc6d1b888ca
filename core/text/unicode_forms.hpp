// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace fk::core::text {

enum class Form { kNfc, kNfd, kNfkc, kNfkd };

// Unicode normalisation of valid UTF-8 by utf8proc. Code points younger than the reference's data
// (Unicode 12) are left as they are, so that ids agree with published tokenizers.
void to_form(Form form, std::string& text);

}  // namespace fk::core::text
