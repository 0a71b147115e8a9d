#include "fields.h"

namespace bartizan::journal {

Fields::Fields(const std::vector<std::string>& wanted, const std::vector<std::vector<Match>>& exclude) {
  for (size_t column = 0; column < wanted.size(); column++) field(wanted[column]).column = static_cast<int>(column);
  uint64_t bit = 1;
  for (const auto& group : exclude) {
    uint64_t all = 0;
    for (const auto& [name, value] : group) {
      field(name).marks.emplace_back(value, bit);
      all |= bit;
      bit <<= 1;
    }
    groups_.push_back(all);
  }
  bit = 1;
  for (auto& one : fields_) {
    if (one.column >= 0) continue;
    one.looked_at = bit;
    bit <<= 1;
  }
}

Field& Fields::field(const std::string& name) {
  for (auto& known : fields_) {
    if (known.name == name) return known;
  }
  by_length_[name.size()].push_back(static_cast<uint16_t>(fields_.size()));
  fields_.push_back({name});
  return fields_.back();
}

}  // namespace bartizan::journal
