// nft's own type-length-value records in the userdata of sets, rules and elements, so that `nft list` shows them.
#pragma once

#include "types.h"

namespace bartizan::nft {

// A comment of an element or a rule as nft stores it: type 0, length, text, NUL.
std::vector<uint8_t> comment_record(const std::string& text);
// The first record of type 0 that closes with a NUL.
std::optional<std::string> comment_of(Bytes userdata);
// The comment of a set is a record of another type, behind others.
void append_set_comment(std::vector<uint8_t>& userdata, const std::string& text);
std::optional<std::string> set_comment_of(Bytes userdata);
// Tells nft that keys are big-endian: without it `nft list` swaps addresses.
std::vector<uint8_t> key_order_record();
// Tells nft that a start element has no end because the range reaches the top of the space.
void append_open_range(std::vector<uint8_t>& userdata);
bool is_open_range(Bytes userdata);

}  // namespace bartizan::nft
