// Numbers texts, each by the number it got when it was met first.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace bartizan::lines {

class Texts {
 public:
  Texts() : slots_(kFew) {}

  // Numbers begin at 1. @param fresh whether the text was not there before
  uint32_t number(std::string_view text, bool& fresh);
  // Whether it is the text of that number; 0 is none's.
  bool is(uint32_t number, std::string_view text) const { return number != 0 && of(places_[number - 1]) == text; }
  size_t size() const { return places_.size(); }
  void clear();

 private:
  static constexpr size_t kFew = 1 << 10;

  struct Place {
    uint32_t hash;
    uint32_t start;
    uint32_t length;
  };

  std::string_view of(const Place& place) const { return {held_.data() + place.start, place.length}; }
  void grow();

  // Open addressing over places_: the number, 0 for an empty slot.
  std::vector<uint32_t> slots_;
  std::vector<Place> places_;
  std::vector<char> held_;
};

}  // namespace bartizan::lines
