// Judges lines that native/lines has read, a run of them at a time, as the streams of windows would one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "windows.h"

namespace bartizan::windows {

// What becomes of a line, by its action; as in native/windows/port.ts.
enum class Fate : uint8_t {
  // Nobody wants to see it.
  passed = 0,
  // Nobody but the streams that are here.
  judged = 1,
  // Others want to see it, too.
  shared = 2,
};

// How lines are read for one stream.
struct StreamOfRows {
  Windows* windows;
  // Keys are accounts, values sources; else keys are sources, values users.
  bool by_account;
  // By action, whether the user is unknown, and who the user is: 0, or the place among those who are told apart, from 1 on.
  std::vector<uint16_t> traits;
};

struct RowSettings {
  std::vector<Fate> fates;
  // Users that traits tell apart.
  std::vector<std::u16string> users;
  // Bits of an address that name a source: of an IPv4 address up to 32, of an IPv6 address up to 64.
  uint32_t v4_bits = 32;
  uint32_t v6_bits = 64;
  // Texts are told apart by so many of their first units.
  size_t longest = 256;
};

// Lines of one piece of a file.
struct RowRun {
  std::span<const uint32_t> rows;
  // Places of numbers in `rows`.
  size_t from;
  size_t to;
  // When their minute began, and the latest that a line may have happened.
  double began;
  double latest;
  // Where the piece begins.
  double offset;
  std::u16string_view source;
  uint8_t provenance;
  // So many bytes more may be held.
  double room;
};

class RowJudge {
 public:
  RowJudge(std::vector<StreamOfRows> streams, RowSettings settings)
      : streams_(std::move(streams)), settings_(std::move(settings)), completed_(streams_.size()) {
    forget();
  }

  // The next text's number is the next one. ASCII.
  void learn(std::string_view text);
  void forget();
  // How many texts were learnt, with the first, which stands for none.
  size_t texts() const { return told_.size(); }

  // Judges lines from `from` on, up to one that completes findings, after which `room` is used up, or that others want, too.
  // @returns the place behind the last line that was judged; nothing for a row that tells of no such text or action
  std::optional<size_t> run(const RowRun& run);
  // By stream, of the line that was judged last.
  const std::vector<Completed>& completed(size_t stream) const { return completed_[stream]; }
  double held(size_t stream) const { return streams_[stream].windows->trails().bytes(); }
  bool has_completed() const { return has_completed_; }

 private:
  struct Told {
    std::u16string text;
    uint32_t hash;
    // Of an address.
    Key source;
    bool is_v6;
    // Place among the users that are told apart, from 1 on, or 0.
    uint8_t user;
  };
  struct Named {
    std::u16string text;
    uint32_t hash;
  };

  Hashed told(uint32_t number) const { return {told_[number].text, told_[number].hash}; }
  bool is_sound(const uint32_t* row) const;
  bool judge(const uint32_t* row, Entry& entry);
  bool key_of(const StreamOfRows& stream, const uint32_t* row, Entry& entry);
  const Named& account_of(uint32_t user, uint32_t host);
  Key source_of(std::string_view text, bool is_v6) const;
  const Named& network_of(const Key& source);

  const std::vector<StreamOfRows> streams_;
  const RowSettings settings_;
  // By number; the first stands for none.
  std::vector<Told> told_;
  std::unordered_map<uint64_t, Named> accounts_;
  Named network_;
  std::vector<std::vector<Completed>> completed_;
  bool has_completed_ = false;
};

}  // namespace bartizan::windows
