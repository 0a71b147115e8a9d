// A journal being read. One thread owns it; only stop() may be called from another.
#pragma once

#include <atomic>
#include <memory>
#include <variant>

#include "batch.h"
#include "fields.h"
#include "library.h"
#include "types.h"

namespace bartizan::journal {

template <class T>
using Result = std::variant<T, Failure>;

class Journal {
 public:
  Journal() = default;
  ~Journal() { close(); }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  Status open(const Options& options);
  Result<Landing> seek(const Target& target);
  // Reads on from where the last read or seek ended; the batch stays valid until the next call. An empty one: the end.
  Result<const BatchWriter*> read(const Limits& limits);
  // Sleeps until the journal changes, `wake` becomes readable or the time is over.
  Result<News> wait(int wake, int timeout_ms);
  // Tries every file of the source by itself, because the library passes over those it cannot read without a word.
  Result<Files> files() const;

  void close();
  // Makes a long read end early.
  void stop() { stopping_.store(true, std::memory_order_relaxed); }

 private:
  enum class Step { kept, passed_over, unreadable };

  int open_source();
  Status add_matches(const std::vector<std::vector<Match>>& groups);
  int go_to(const Target& target);
  Result<Landing> land(const Target& target, int found);
  Result<Landing> land_at_tail();
  int read_cursor(std::string& text);
  Step read_entry();
  void count_missing(const Cursor& cursor);
  bool read_fields();

  const Library* library_ = nullptr;
  sd_journal* journal_ = nullptr;
  int fd_ = -1;
  Source source_;
  uint32_t max_value_ = 0;
  bool is_filtered_ = false;
  std::unique_ptr<Fields> fields_;
  std::unique_ptr<BatchWriter> batch_;
  // The library stands on an entry that nobody has read yet.
  bool pending_ = false;
  // Of the last entry read or sought.
  std::string cursor_;
  std::string reading_;
  // Of the same entry; no sequence: none was read since the seek.
  std::string sequence_;
  uint64_t seqnum_ = 0;
  std::atomic<bool> stopping_ = false;
};

}  // namespace bartizan::journal
