// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace fk::report {

// Numbers as people read them. NaN is "nan", infinities "inf" and "-inf".
std::string times_text(double ratio);                     // "1.250×"
std::string interval_text(double low, double high);       // "[1.200, 1.300]"
std::string seconds_text(double);                         // "2.00 µs"
std::string scaled_text(double value, const char* unit);  // "12.3 GFLOP/s"
std::string plain_text(double);                           // "0.125", "1e-09"
std::string percent_text(double share);                   // "87 %"
std::string minute_text(const std::string& time);         // "2026-11-21 22:03"

// For attributes of style and SVG: "12.34", never an exponent.
std::string coordinate(double);

}  // namespace fk::report
