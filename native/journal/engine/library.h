// The part of libsystemd that reads the journal, found at run time: a host without it starts, and says what is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

typedef struct sd_journal sd_journal;

namespace bartizan::journal {

// sd_id128_t, passed by value.
union Id128 {
  uint8_t bytes[16];
  uint64_t qwords[2];
};

// Functions return 0 or more, or a negative errno. Names are those of sd-journal(3) without their prefix.
struct Library {
  int (*open)(sd_journal**, int);
  int (*open_directory)(sd_journal**, const char*, int);
  int (*open_files)(sd_journal**, const char**, int);
  void (*close)(sd_journal*);
  int (*set_data_threshold)(sd_journal*, size_t);
  int (*add_match)(sd_journal*, const void*, size_t);
  int (*add_disjunction)(sd_journal*);
  int (*seek_head)(sd_journal*);
  int (*seek_tail)(sd_journal*);
  int (*seek_realtime_usec)(sd_journal*, uint64_t);
  int (*seek_monotonic_usec)(sd_journal*, Id128, uint64_t);
  int (*seek_cursor)(sd_journal*, const char*);
  int (*next)(sd_journal*);
  int (*previous)(sd_journal*);
  int (*test_cursor)(sd_journal*, const char*);
  int (*get_cursor)(sd_journal*, char**);
  void (*restart_data)(sd_journal*);
  int (*enumerate_available_data)(sd_journal*, const void**, size_t*);
  int (*get_fd)(sd_journal*);
  int (*get_events)(sd_journal*);
  int (*get_timeout)(sd_journal*, uint64_t*);
  int (*process)(sd_journal*);
};

// sd_journal_open flag: this machine's journals, not those received from others.
constexpr int kLocalOnly = 1;

// What process() says.
constexpr int kAppended = 1;
constexpr int kInvalidated = 2;

// Loaded once for the whole process and never unloaded. Null: `why` says what is missing.
const Library* library(std::string& why);

}  // namespace bartizan::journal
