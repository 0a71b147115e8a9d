// How lists grow whose length is an attacker's choice.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace bartizan::windows {

// Half as long again, not twice: what is held is counted, what is kept ready is not.
template <class T>
void append(std::vector<T>& list, T value) {
  if (list.size() == list.capacity()) list.reserve(std::max<size_t>(64, list.size() + list.size() / 2));
  list.push_back(std::move(value));
}

}  // namespace bartizan::windows
