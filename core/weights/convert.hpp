// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/weights/seeded.hpp"
#include "core/weights/tensor_file.hpp"

namespace fk::core {

bool is_float(fk_dtype);  // float32, bfloat16, float16, float64

// One source tensor, read row by row: out of a file, or made from a seed.
class RowReader {
 public:
  RowReader(const FileTensor& t, int64_t rows, int64_t row_elements);
  RowReader(SeededTensor t, int64_t rows, int64_t row_elements)
      : seeded_(t), rows_(rows), row_elements_(row_elements) {}
  int64_t rows() const { return rows_; }
  int64_t row_elements() const { return row_elements_; }
  // One row as `dtype`. Throws Error for a finite value that float16 cannot hold.
  void read(int64_t row, fk_dtype dtype, uint8_t* out) const;
  // One row as blocks of `quant`; a file's tensor must be of that type.
  void read_blocks(int64_t row, std::string_view quant, uint8_t* out) const;

 private:
  void floats(int64_t row, std::span<float> out) const;
  const FileTensor* tensor_ = nullptr;
  std::optional<SeededTensor> seeded_;
  int64_t rows_, row_elements_;
  size_t row_bytes_ = 0;  // in the file
};

// Where row r of the canonical matrix lies in a matrix whose heads of `head_rows` rows were
// permuted for interleaved rotation (row 2i+j of the file is row i + j*head_rows/2 of the head).
// head_rows 0: the same row.
inline int64_t permuted_row(int64_t row, int64_t head_rows) {
  if (head_rows == 0) return row;
  const int64_t head = row / head_rows, r = row % head_rows, half = head_rows / 2;
  return head * head_rows + 2 * (r % half) + r / half;
}

// body(begin, end) over [0, n) on a few threads when `work` (bytes or so) is worth it. The first
// exception is rethrown.
void parallel_ranges(int64_t n, int64_t work, const std::function<void(int64_t, int64_t)>& body);

}  // namespace fk::core
