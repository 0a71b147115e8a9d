// Which fields of an entry matter, found by name.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "types.h"

namespace bartizan::journal {

struct Field {
  std::string name;
  // In the batch; -1: it is only looked at, and told from others of that sort by its bit.
  int column = -1;
  uint64_t looked_at = 0;
  // Values that count against the entry, each with its bit.
  std::vector<std::pair<std::string, uint64_t>> marks = {};
};

class Fields {
 public:
  // At most kMostMarks pairs in `exclude`.
  Fields(const std::vector<std::string>& wanted, const std::vector<std::vector<Match>>& exclude);

  // Null: nobody cares.
  const Field* find(std::string_view name) const {
    if (name.size() >= by_length_.size()) return nullptr;
    for (const uint16_t index : by_length_[name.size()]) {
      if (fields_[index].name == name) return &fields_[index];
    }
    return nullptr;
  }

  size_t size() const { return fields_.size(); }

  // Whether an entry with these marks has all of a group that is to be passed over.
  bool is_excluded(uint64_t marks) const {
    for (const uint64_t group : groups_) {
      if ((marks & group) == group) return true;
    }
    return false;
  }

  static constexpr size_t kMostMarks = 64;

 private:
  // The library knows none longer.
  static constexpr size_t kLongestName = 64;

  Field& field(const std::string& name);

  std::vector<Field> fields_;
  std::vector<uint64_t> groups_;
  std::array<std::vector<uint16_t>, kLongestName + 1> by_length_;
};

}  // namespace bartizan::journal
