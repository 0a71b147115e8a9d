// Cuts pieces of a syslog file into lines and reads those of a log of authentication; what is not of the usual form is told
// where it stands.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "texts.h"

namespace bartizan::lines {

// One row of numbers for each line that was read, and for each run of lines that were not; as in native/lines/port.ts.
enum Field : size_t {
  kAction,  // 0: a run of lines for others to read
  kStart,   // of the line or the run, in the piece
  kEnd,     // of the line without its newline, or of the run with its last newline
  kMoment,  // ms since the minute began
  kMessage,
  kHost,
  kProgram,
  kPid,
  kUser,
  kAddress,
  kPort,
  kMethod,
  kTarget,
  kFlags,
  kPacked,  // where the message begins among the messages
  kRepeats,  // 0: none
  kFields,
};

enum Flag : uint32_t {
  kUserUnknown = 1,
  kNoPid = 2,
};

struct Reading {
  size_t rows = 0;
  // Texts that got a number: where each stands in the piece.
  size_t fresh = 0;
  // How far the piece was read: up to here its lines are rows.
  size_t next = 0;
};

// What is filled in.
struct Arrays {
  std::span<uint32_t> rows;
  std::span<uint32_t> fresh;
  std::span<uint8_t> messages;
};

class Reader {
 public:
  // Reads lines from `from` on until one of the arrays may not suffice, or another minute begins.
  // @param minute what begins each line's time, up to the colon before its seconds
  // @param zone what ends it, behind the seconds and perhaps their fraction; empty where a space follows the seconds
  // @param into rows of kFields numbers, new texts of two, the messages of the lines that were read one behind the other
  Reading read(std::span<const uint8_t> piece, size_t from, std::string_view minute, std::string_view zone, Arrays into);
  size_t texts() const { return texts_.size(); }
  void forget() {
    texts_.clear();
    last_.fill(0);
  }

 private:
  bool read_line(std::string_view line, std::string_view minute, std::string_view zone, size_t start, uint32_t* row);
  uint32_t number(std::string_view text, Field field);

  Texts texts_;
  // By field, the text's number in the line before, or 0.
  std::array<uint32_t, kFields> last_{};
  const char* piece_ = nullptr;
  std::span<uint32_t> fresh_;
  size_t fresh_count_ = 0;
};

}  // namespace bartizan::lines
