// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether this build has a sanitizer that takes over memory: gcc defines macros, clang answers.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FK_SANITIZED 1
#endif
#endif
#ifndef FK_SANITIZED
#define FK_SANITIZED 0
#endif

namespace fk::core {

inline constexpr bool kSanitized = FK_SANITIZED;

}  // namespace fk::core
