#include <algorithm>

#include "windows.h"

namespace bartizan::windows {

void Tries::clear() {
  for (const uint32_t value : values_) counts_[value] = 0;
  values_.clear();
}

void Tries::add(uint32_t value, uint32_t count) {
  if (value >= counts_.size()) counts_.resize(std::max<size_t>(64, static_cast<size_t>(value) + value / 2 + 1));
  if (counts_[value] == 0) values_.push_back(value);
  counts_[value] += count;
}

size_t Tries::at_most(uint32_t limit) const {
  return static_cast<size_t>(std::count_if(values_.begin(), values_.end(), [&](uint32_t value) { return counts_[value] <= limit; }));
}

}  // namespace bartizan::windows
