#include "batch.h"

#include <algorithm>
#include <cstring>

namespace bartizan::journal {

namespace {

constexpr uint32_t kVersion = 1;

// Bytes at a time: the compiler makes vectors of it.
uint8_t traits_of(std::string_view bytes) {
  uint8_t high = 0;
  bool control = false;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    high |= byte;
    control |= (byte < 0x20 && byte != '\t') || byte == 0x7f;
  }
  return static_cast<uint8_t>(((high & 0x80) != 0 ? kNotAscii : 0) | (control ? kHasControls : 0));
}

template <class T>
void put(std::vector<uint8_t>& out, const std::vector<T>& column) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(column.data());
  out.insert(out.end(), bytes, bytes + column.size() * sizeof(T));
}

void put(std::vector<uint8_t>& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

}  // namespace

void BatchWriter::clear() {
  seqnums_.clear();
  realtimes_.clear();
  monotonics_.clear();
  hashes_.clear();
  cells_.clear();
  origins_.clear();
  ends_.clear();
  traits_.clear();
  ids_.clear();
  bytes_.clear();
  std::fill(table_.begin(), table_.end(), 0);
  last_.clear();
  excluded_ = 0;
  damaged_ = 0;
  missing_ = 0;
}

void BatchWriter::begin() {
  cells_.resize(cells_.size() + fields_, 0);
  row_ = cells_.data() + cells_.size() - fields_;
}

bool BatchWriter::set(uint32_t field, std::string_view bytes, bool cut_off) {
  if (row_[field] != 0) return false;
  row_[field] = value(bytes, cut_off) + 1;
  return true;
}

void BatchWriter::keep(const Cursor& cursor) {
  seqnums_.push_back(cursor.seqnum);
  realtimes_.push_back(cursor.realtime);
  monotonics_.push_back(cursor.monotonic);
  hashes_.push_back(cursor.hash);
  origins_.push_back(static_cast<uint32_t>(id(cursor.seqnum_id)) | static_cast<uint32_t>(id(cursor.boot)) << 16);
}

// Values that only the dropped entry has stay behind: they may be shared by those that follow.
void BatchWriter::drop() { cells_.resize(cells_.size() - fields_); }

std::string_view BatchWriter::value_at(uint32_t number) const {
  const uint32_t start = number == 0 ? 0 : ends_[number - 1];
  return {bytes_.data() + start, ends_[number] - start};
}

uint32_t BatchWriter::value(std::string_view bytes, bool cut_off) {
  if (bytes.size() > kShort || cut_off) return append(bytes, cut_off);
  uint32_t& slot = table_[std::hash<std::string_view>()(bytes) % kTable];
  if (slot != 0 && value_at(slot - 1) == bytes) return slot - 1;
  const uint32_t number = append(bytes, cut_off);
  slot = number + 1;
  return number;
}

uint32_t BatchWriter::append(std::string_view bytes, bool cut_off) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  traits_.push_back(static_cast<uint8_t>(traits_of(bytes) | (cut_off ? kCutOff : 0)));
  return static_cast<uint32_t>(ends_.size() - 1);
}

uint16_t BatchWriter::id(std::string_view hex) {
  // From the back: the one of the entry before is nearly always right.
  for (size_t i = ids_.size(); i-- > 0;) {
    if (ids_[i] == hex) return static_cast<uint16_t>(i);
  }
  ids_.emplace_back(hex);
  return static_cast<uint16_t>(ids_.size() - 1);
}

void BatchWriter::pack(std::vector<uint8_t>& out) const {
  const std::vector<uint32_t> header = {kVersion,
                                        entries(),
                                        fields_,
                                        static_cast<uint32_t>(ends_.size()),
                                        static_cast<uint32_t>(ids_.size()),
                                        excluded_,
                                        damaged_,
                                        static_cast<uint32_t>(bytes_.size()),
                                        static_cast<uint32_t>(last_.size()),
                                        missing_};
  out.reserve(out.size() + header.size() * 4 + entries() * (36 + fields_ * 4) + ends_.size() * 5 + ids_.size() * 32 +
              bytes_.size() + last_.size());
  put(out, header);
  put(out, seqnums_);
  put(out, realtimes_);
  put(out, monotonics_);
  put(out, hashes_);
  put(out, cells_);
  put(out, origins_);
  put(out, ends_);
  put(out, traits_);
  for (const auto& hex : ids_) put(out, std::string_view(hex));
  put(out, std::string_view(bytes_.data(), bytes_.size()));
  put(out, std::string_view(last_));
}

}  // namespace bartizan::journal
