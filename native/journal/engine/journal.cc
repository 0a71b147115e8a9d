#include "journal.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "sigbus.h"

namespace bartizan::journal {

namespace {

constexpr size_t kMostIds = 64;
// Failures to reach the next entry, in a row, before a read gives up.
constexpr int kMostFailures = 16;

// Of CLOCK_MONOTONIC, as the library counts.
uint64_t now_us() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

std::string_view text_of(const void* data, size_t size) { return {static_cast<const char*>(data), size}; }

bool id_from(const std::string& hex, Id128& id) {
  if (hex.size() != 32 || hex.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  for (size_t i = 0; i < 16; i++) id.bytes[i] = static_cast<uint8_t>(std::stoul(hex.substr(i * 2, 2), nullptr, 16));
  return true;
}

}  // namespace

Status Journal::open(const Options& options) {
  if (journal_ != nullptr) return Failure{Kind::invalid, 0, "the journal is open"};
  std::string why;
  library_ = library(why);
  if (library_ == nullptr) return Failure{Kind::no_library, 0, why};
  guard_this_thread();
  source_ = options.source;
  max_value_ = options.max_value;
  is_filtered_ = !options.matches.empty();
  fields_ = std::make_unique<Fields>(options.fields, options.exclude);
  batch_ = std::make_unique<BatchWriter>(static_cast<uint32_t>(options.fields.size()));
  if (auto failed = from_library(open_source())) return failed;
  // Of compressed values no more than this is unpacked: name, `=` and one byte more than is kept.
  if (auto failed = from_library(library_->set_data_threshold(journal_, max_value_ + 66))) return failed;
  if (auto failed = add_matches(options.matches)) return failed;
  // From here on the library is told of changes: what comes while the first read is under way is not missed.
  fd_ = library_->get_fd(journal_);
  if (auto failed = from_library(fd_)) return failed;
  return from_library(library_->seek_head(journal_));
}

int Journal::open_source() {
  if (source_.kind == Source::Kind::system) return library_->open(&journal_, kLocalOnly);
  if (source_.kind == Source::Kind::directory) {
    return library_->open_directory(&journal_, source_.paths.front().c_str(), 0);
  }
  std::vector<const char*> paths;
  for (const auto& path : source_.paths) paths.push_back(path.c_str());
  paths.push_back(nullptr);
  return library_->open_files(&journal_, paths.data(), 0);
}

Status Journal::add_matches(const std::vector<std::vector<Match>>& groups) {
  for (const auto& group : groups) {
    if (auto failed = from_library(library_->add_disjunction(journal_))) return failed;
    for (const auto& [field, value] : group) {
      const std::string match = field + '=' + value;
      if (auto failed = from_library(library_->add_match(journal_, match.data(), match.size()))) return failed;
    }
  }
  return std::nullopt;
}

Result<Landing> Journal::seek(const Target& target) {
  if (journal_ == nullptr) return Failure{Kind::invalid, 0, "the journal is not open"};
  pending_ = false;
  cursor_.clear();
  sequence_.clear();
  if (target.kind == Target::Kind::tail) return land_at_tail();
  const int placed = go_to(target);
  if (placed == -EINVAL) return Failure{Kind::invalid, 0, "not a cursor of a journal, nor a boot"};
  if (placed < 0) return *from_library(placed);
  const int found = library_->next(journal_);
  if (found < 0) return *from_library(found);
  return land(target, found);
}

int Journal::go_to(const Target& target) {
  Id128 boot;
  switch (target.kind) {
    case Target::Kind::cursor:
      return library_->seek_cursor(journal_, target.text.c_str());
    case Target::Kind::realtime:
      return library_->seek_realtime_usec(journal_, target.at);
    case Target::Kind::boot:
      return id_from(target.text, boot) ? library_->seek_monotonic_usec(journal_, boot, target.at) : -EINVAL;
    default:
      return library_->seek_head(journal_);
  }
}

// The library has stepped onto the first entry at or behind the target, if there is one.
Result<Landing> Journal::land(const Target& target, int found) {
  Landing landing;
  const bool by_cursor = target.kind == Target::Kind::cursor;
  landing.exact = !by_cursor;
  if (found == 0) return landing;
  std::string text;
  if (const int failed = read_cursor(text)) return *from_library(failed);
  if (by_cursor) {
    Cursor wanted;
    Cursor here;
    const bool same = library_->test_cursor(journal_, target.text.c_str()) > 0;
    const bool copy = Cursor::parse(target.text, wanted) && Cursor::parse(text, here) && here.is_copy_of(wanted);
    if (same || copy) {
      count_missing(here);
      landing.exact = true;
      landing.before = cursor_ = std::move(text);
      return landing;
    }
  }
  pending_ = true;
  landing.next = std::move(text);
  return landing;
}

// Without an entry, whatever comes first is what is to be read.
Result<Landing> Journal::land_at_tail() {
  int result = library_->seek_tail(journal_);
  if (result >= 0) result = library_->previous(journal_);
  if (result > 0) {
    result = read_cursor(cursor_);
    Cursor here;
    if (result == 0 && Cursor::parse(cursor_, here)) count_missing(here);
  } else if (result == 0) {
    result = library_->seek_head(journal_);
  }
  if (result < 0) return *from_library(result);
  return Landing{true, cursor_, ""};
}

int Journal::read_cursor(std::string& text) {
  char* cursor = nullptr;
  const int result = library_->get_cursor(journal_, &cursor);
  if (result < 0) return result;
  text.assign(cursor);
  free(cursor);
  return 0;
}

Result<const BatchWriter*> Journal::read(const Limits& limits) {
  if (journal_ == nullptr) return Failure{Kind::invalid, 0, "the journal is not open"};
  batch_->clear();
  int failures = 0;
  while (batch_->entries() < limits.entries && batch_->bytes() < limits.bytes && batch_->ids() < kMostIds) {
    if (stopping_.load(std::memory_order_relaxed)) return Failure{Kind::stopped};
    const int found = pending_ ? 1 : library_->next(journal_);
    pending_ = false;
    if (found == 0) break;
    if (found > 0 && read_entry() != Step::unreadable) {
      failures = 0;
      continue;
    }
    batch_->count_damaged();
    // The library lets go of a file it cannot go on in; one that it keeps stumbling over is not ours to wait for.
    if (found < 0 && ++failures == kMostFailures) {
      if (batch_->entries() > 0) break;
      return *from_library(found);
    }
  }
  if (took_sigbus()) batch_->count_damaged();
  batch_->set_last(cursor_);
  return batch_.get();
}

Journal::Step Journal::read_entry() {
  Cursor cursor;
  if (read_cursor(reading_) != 0 || !Cursor::parse(reading_, cursor)) return Step::unreadable;
  count_missing(cursor);
  batch_->begin();
  const bool wanted = read_fields();
  if (wanted) {
    batch_->keep(cursor);
  } else {
    batch_->drop();
    batch_->count_excluded();
  }
  // Swapped, so that neither is allocated anew.
  std::swap(cursor_, reading_);
  return wanted ? Step::kept : Step::passed_over;
}

// Sequence numbers go up by one. The library passes over damaged and vanished entries without a word; the numbers tell.
void Journal::count_missing(const Cursor& cursor) {
  const bool follows = sequence_ == cursor.seqnum_id;
  if (!is_filtered_ && follows && cursor.seqnum > seqnum_) batch_->count_missing(cursor.seqnum - seqnum_ - 1);
  if (!follows) sequence_ = cursor.seqnum_id;
  seqnum_ = cursor.seqnum;
}

// False: the entry is one of those to pass over. A field that cannot be read ends the entry there.
bool Journal::read_fields() {
  const void* data = nullptr;
  size_t size = 0;
  int found;
  size_t missing = fields_->size();
  uint64_t marks = 0;
  uint64_t looked_at = 0;
  library_->restart_data(journal_);
  while (missing > 0 && (found = library_->enumerate_available_data(journal_, &data, &size)) != 0) {
    if (found < 0) {
      batch_->count_damaged();
      break;
    }
    const auto* equals = static_cast<const char*>(memchr(data, '=', size));
    if (equals == nullptr) continue;
    const auto length = static_cast<size_t>(equals - static_cast<const char*>(data));
    const Field* field = fields_->find(text_of(data, length));
    if (field == nullptr) continue;
    std::string_view value = text_of(equals + 1, size - length - 1);
    for (const auto& [mark, bit] : field->marks) {
      if (mark == value) marks |= bit;
    }
    // Whoever sends a field twice shall not make us stop early.
    if (field->column < 0) {
      if ((looked_at & field->looked_at) == 0) missing--;
      looked_at |= field->looked_at;
      continue;
    }
    const bool cut_off = value.size() > max_value_;
    if (batch_->set(static_cast<uint32_t>(field->column), value.substr(0, max_value_), cut_off)) missing--;
  }
  return marks == 0 || !fields_->is_excluded(marks);
}

Result<News> Journal::wait(int wake, int timeout_ms) {
  if (journal_ == nullptr) return Failure{Kind::invalid, 0, "the journal is not open"};
  const uint64_t end = now_us() + static_cast<uint64_t>(timeout_ms) * 1000;
  for (;;) {
    // Where inotify is not to be relied on (network file systems) the library wants to look for itself now and then.
    uint64_t due = 0;
    if (const int result = library_->get_timeout(journal_, &due); result < 0) return *from_library(result);
    const uint64_t now = now_us();
    const uint64_t until = std::max(now, std::min(end, due));
    const auto sleep = static_cast<int>((until - now + 999) / 1000);
    pollfd fds[] = {{fd_, static_cast<short>(library_->get_events(journal_)), 0}, {wake, POLLIN, 0}};
    if (poll(fds, 2, sleep) < 0 && errno != EINTR) return Failure{Kind::errno_, errno};
    const int news = library_->process(journal_);
    if (news < 0) return *from_library(news);
    if (news == kAppended) return News::appended;
    if (news == kInvalidated) return News::invalidated;
    if (fds[1].revents != 0 || now_us() >= end) return News::nothing;
  }
}

void Journal::close() {
  if (journal_ != nullptr) library_->close(journal_);
  journal_ = nullptr;
  fd_ = -1;
  batch_.reset();
  fields_.reset();
}

}  // namespace bartizan::journal
