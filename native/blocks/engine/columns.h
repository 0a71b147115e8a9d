// How the values of one column stand in its bytes.
#pragma once

#include <cstdint>
#include <optional>

#include "block.h"

namespace bartizan::blocks {

// As `ENCODING` of actors/segments/column-writers.ts.
enum class Encoding : uint8_t { dictionary8 = 1, dictionary16, int8, int16, int32, real, steps, bytes };

// Whether any of the rows has a value; of steps and bytes each has.
bool occurs(const Column& column, uint32_t from, uint32_t to);

// Least and most of the rows' numbers; nothing where no row has one.
std::optional<Extent> extent_of(const Column& column, uint32_t from, uint32_t to);

Encoding write(const Column& column, uint32_t from, uint32_t to, Bytes& out);

// In UTF-8; what is no text in UTF-16 becomes U+FFFD. The length is of exactly that.
size_t utf8_length(std::u16string_view text);
void put_utf8(std::u16string_view text, Bytes& out);

}  // namespace bartizan::blocks
