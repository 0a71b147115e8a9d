// Entries packed for the way to JavaScript, which makes objects of them (batch.ts). Little-endian, in this order:
//   u32 version, entries, fields, values, ids, excluded, damaged, bytes of values, bytes of the last cursor, missing
//   u64 seqnum[entries], realtime[entries], monotonic[entries], hash[entries]
//   u32 cells[entries * fields]: number of a value plus one, 0 where the entry has no such field
//   u32 origins[entries]: ids of the sequence (low half) and of the boot (high half)
//   u32 ends[values]: where each value's bytes end
//   u8  traits[values]; ids as 32 hex digits each; bytes of the values; the last cursor read, of excluded entries too
// A value that is short and occurs again in the batch is there once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cursor.h"

namespace bartizan::journal {

constexpr uint8_t kNotAscii = 1;
constexpr uint8_t kHasControls = 2;
constexpr uint8_t kCutOff = 4;

class BatchWriter {
 public:
  explicit BatchWriter(uint32_t fields) : fields_(fields), table_(kTable) {}

  // Empties it, keeping its memory.
  void clear();

  // Begins an entry; its fields follow by `set`, then `keep` or `drop`.
  void begin();
  // Only the first value of a field counts. @return whether it was that
  bool set(uint32_t field, std::string_view value, bool cut_off);
  void keep(const Cursor& cursor);
  void drop();

  void count_excluded() { excluded_++; }
  void count_damaged() { damaged_++; }
  // Entries that the sequence numbers say were between those read.
  void count_missing(uint64_t entries) {
    missing_ = static_cast<uint32_t>(std::min<uint64_t>(UINT32_MAX, missing_ + entries));
  }
  void set_last(const std::string& cursor) { last_ = cursor; }

  uint32_t entries() const { return static_cast<uint32_t>(seqnums_.size()); }
  size_t bytes() const { return bytes_.size(); }
  // Looked through one by one, so a batch has few.
  size_t ids() const { return ids_.size(); }

  // Appends the packed batch.
  void pack(std::vector<uint8_t>& out) const;

 private:
  static constexpr uint32_t kTable = 4096;
  static constexpr size_t kShort = 64;

  uint32_t value(std::string_view bytes, bool cut_off);
  uint32_t append(std::string_view bytes, bool cut_off);
  uint16_t id(std::string_view hex);
  std::string_view value_at(uint32_t number) const;

  uint32_t fields_;
  std::vector<uint64_t> seqnums_;
  std::vector<uint64_t> realtimes_;
  std::vector<uint64_t> monotonics_;
  std::vector<uint64_t> hashes_;
  std::vector<uint32_t> cells_;
  std::vector<uint32_t> origins_;
  std::vector<uint32_t> ends_;
  std::vector<uint8_t> traits_;
  std::vector<std::string> ids_;
  std::vector<char> bytes_;
  // Hash table of short values: number plus one, or 0. Full buckets are simply not shared.
  std::vector<uint32_t> table_;
  std::string last_;
  uint32_t excluded_ = 0;
  uint32_t damaged_ = 0;
  uint32_t missing_ = 0;
  uint32_t* row_ = nullptr;
};

}  // namespace bartizan::journal
