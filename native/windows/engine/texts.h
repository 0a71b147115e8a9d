// Texts under small numbers, each held once however many refer to it, and only as long as somebody does. UTF-16, as the
// names are that come from JavaScript: cut in the midst of a pair they stay what they were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bartizan::windows {

inline constexpr uint32_t kNoText = 0;

// The same for all tables of a process. Who chooses texts cannot choose which collide.
uint32_t hash_of(std::u16string_view text);

class Texts {
 public:
  Texts() : held_(1), slots_(kFew) {}

  // The text's number, >= 1; to be released once for each time it was held.
  uint32_t hold(std::u16string_view text, uint32_t hash);
  uint32_t hold(std::u16string_view text) { return hold(text, hash_of(text)); }
  // What is held already.
  void hold_again(uint32_t id) { held_[id].references++; }
  void release(uint32_t id);

  // kNoText when nobody holds it.
  uint32_t find(std::u16string_view text, uint32_t hash) const;
  uint32_t find(std::u16string_view text) const { return find(text, hash_of(text)); }

  const std::u16string& of(uint32_t id) const { return held_[id].text; }
  // Rough bytes of a text; of kNoText none.
  double size_of(uint32_t id) const { return id == kNoText ? 0 : size_of(held_[id].text); }
  double bytes() const { return bytes_; }

 private:
  static constexpr size_t kFew = 256;

  struct Held {
    std::u16string text;
    uint32_t hash = 0;
    uint32_t references = 0;
  };

  static double size_of(const std::u16string& text);
  size_t home_of(uint32_t id) const { return held_[id].hash & (slots_.size() - 1); }
  uint32_t add(std::u16string_view text, uint32_t hash);
  void place(uint32_t id);
  void unplace(uint32_t id);

  // By number; the first stands for no text.
  std::vector<Held> held_;
  std::vector<uint32_t> free_;
  // Open addressing, never more than half full: a text's number, 0 for an empty slot.
  std::vector<uint32_t> slots_;
  size_t size_ = 0;
  double bytes_ = 0;
};

}  // namespace bartizan::windows
