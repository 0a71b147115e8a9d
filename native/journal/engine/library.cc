#include "library.h"

#include <dlfcn.h>

#include <type_traits>

#if __has_include(<systemd/sd-journal.h>)
#include <systemd/sd-journal.h>
#define SAME_AS_DECLARED(name) \
  static_assert(std::is_same_v<decltype(Library::name), decltype(&sd_journal_##name)>, #name " differs from the header")
#else
#define SAME_AS_DECLARED(name) static_assert(true)
#endif

namespace bartizan::journal {

namespace {

SAME_AS_DECLARED(open);
SAME_AS_DECLARED(open_directory);
SAME_AS_DECLARED(open_files);
SAME_AS_DECLARED(close);
SAME_AS_DECLARED(set_data_threshold);
SAME_AS_DECLARED(add_match);
SAME_AS_DECLARED(add_disjunction);
SAME_AS_DECLARED(seek_head);
SAME_AS_DECLARED(seek_tail);
SAME_AS_DECLARED(seek_realtime_usec);
SAME_AS_DECLARED(seek_cursor);
SAME_AS_DECLARED(next);
SAME_AS_DECLARED(previous);
SAME_AS_DECLARED(test_cursor);
SAME_AS_DECLARED(get_cursor);
SAME_AS_DECLARED(restart_data);
SAME_AS_DECLARED(enumerate_available_data);
SAME_AS_DECLARED(get_fd);
SAME_AS_DECLARED(get_events);
SAME_AS_DECLARED(get_timeout);
SAME_AS_DECLARED(process);
#if __has_include(<systemd/sd-journal.h>)
static_assert(sizeof(Id128) == sizeof(sd_id128_t) && alignof(Id128) == alignof(sd_id128_t));
static_assert(kLocalOnly == SD_JOURNAL_LOCAL_ONLY && kAppended == SD_JOURNAL_APPEND);
static_assert(kInvalidated == SD_JOURNAL_INVALIDATE);
#endif

class Loading {
 public:
  Loading() : handle_(dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) {
      missing_ = dlerror();
      return;
    }
    find("sd_journal_open", found_.open);
    find("sd_journal_open_directory", found_.open_directory);
    find("sd_journal_open_files", found_.open_files);
    find("sd_journal_close", found_.close);
    find("sd_journal_set_data_threshold", found_.set_data_threshold);
    find("sd_journal_add_match", found_.add_match);
    find("sd_journal_add_disjunction", found_.add_disjunction);
    find("sd_journal_seek_head", found_.seek_head);
    find("sd_journal_seek_tail", found_.seek_tail);
    find("sd_journal_seek_realtime_usec", found_.seek_realtime_usec);
    find("sd_journal_seek_monotonic_usec", found_.seek_monotonic_usec);
    find("sd_journal_seek_cursor", found_.seek_cursor);
    find("sd_journal_next", found_.next);
    find("sd_journal_previous", found_.previous);
    find("sd_journal_test_cursor", found_.test_cursor);
    find("sd_journal_get_cursor", found_.get_cursor);
    find("sd_journal_restart_data", found_.restart_data);
    find("sd_journal_enumerate_available_data", found_.enumerate_available_data);
    find("sd_journal_get_fd", found_.get_fd);
    find("sd_journal_get_events", found_.get_events);
    find("sd_journal_get_timeout", found_.get_timeout);
    find("sd_journal_process", found_.process);
  }

  const Library* result(std::string& why) const {
    why = missing_;
    return missing_.empty() ? &found_ : nullptr;
  }

 private:
  template <class Function>
  void find(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(handle_, name));
    if (function == nullptr) missing_ = std::string("libsystemd is older than 246: it has no ") + name;
  }

  void* handle_;
  Library found_ = {};
  std::string missing_;
};

}  // namespace

const Library* library(std::string& why) {
  static const Loading loading;
  return loading.result(why);
}

}  // namespace bartizan::journal
