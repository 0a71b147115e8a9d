// What is asked of a journal and what it answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bartizan::journal {

// What went wrong. The numbers travel in answers: append, never reorder (failure.ts).
enum class Kind : uint8_t { errno_ = 1, no_library = 2, invalid = 3, stopped = 4 };

struct Failure {
  Kind kind;
  int error = 0;
  std::string text = {};
};
// Empty: it succeeded.
using Status = std::optional<Failure>;

// As sd-journal gives errors: negative is one.
inline Status from_library(int result) {
  if (result >= 0) return std::nullopt;
  return Failure{Kind::errno_, -result};
}

struct Match {
  std::string field;
  std::string value;
};

struct Source {
  enum class Kind : uint8_t { system, directory, files } kind = Kind::system;
  // One directory, or the files.
  std::vector<std::string> paths = {};
};

struct Options {
  Source source;
  // Read of each entry; the first value of each.
  std::vector<std::string> fields;
  // Any of these groups, all of a group; alternatives where a group names a field twice. Empty: every entry.
  std::vector<std::vector<Match>> matches;
  // Entries that have all of any of these groups are passed over.
  std::vector<std::vector<Match>> exclude;
  // Values are cut off behind so many bytes.
  uint32_t max_value = 0;
};

struct Target {
  enum class Kind : uint8_t { head, tail, cursor, realtime, boot } kind = Kind::head;
  // A cursor's, or a boot's 32 hex digits.
  std::string text = {};
  // Microseconds: of the wall clock, or since that boot.
  uint64_t at = 0;
};

struct Landing {
  // A cursor's entry is still there; with any other target true.
  bool exact = true;
  // Of the entry behind which reading begins, and of the one it begins with, as far as known.
  std::string before = {};
  std::string next = {};
};

struct Limits {
  uint32_t entries = 0;
  // Of values, a target rather than a bound: the entry that passes it is the last.
  uint32_t bytes = 0;
};

enum class News : uint8_t { nothing, appended, invalidated };

struct Refused {
  std::string path;
  int error;
};

struct Files {
  uint32_t readable = 0;
  std::vector<Refused> refused = {};
};

}  // namespace bartizan::journal
