// The engine behind the hand's policy: one table, a floor that is never cut, and nothing lost without a way back.
#pragma once

#include <atomic>

#include "../../nft/engine/wire.h"
#include "audit.h"
#include "policy.h"

namespace bartizan::hand {

class Guard : public nft::Engine {
 public:
  // `due_changed` is called on the engine's thread.
  Guard(std::string table, Floor floor, Audit& audit, std::function<void()> due_changed)
      : table_(std::move(table)), floor_(std::move(floor)), audit_(audit), due_changed_(std::move(due_changed)) {}

  nft::Status enter(const std::string& netns) override;
  nft::Status ensure(nft::Table table) override;
  nft::Status drop(const std::string& table) override;
  nft::Status commit(const nft::Batch& batch) override;
  nft::Result<std::vector<nft::Element>> list(const std::string& table, const std::string& set) override;
  nft::Result<std::vector<nft::Counter>> counters(const std::string& table) override;
  nft::Result<std::vector<std::optional<nft::Element>>> find(const std::string& table, const std::string& set,
                                                             const std::vector<Key>& keys) override;
  nft::Result<std::optional<uint32_t>> count(const std::string& table, const std::string& set) override;
  nft::Result<std::string> fingerprint(const std::string& table) override;
  nft::Status load(nft::LoadUnderWay& way) override;
  nft::Status watch(const std::string& table) override;
  nft::Status unwatch(const std::string& table) override;

  // From now on for so long, anew from each loss, what is lost is kept.
  nft::Status arm(uint32_t window_ms);
  // Gives up what is kept; where nothing is, there is nothing to give up. Refused when it was put back already.
  nft::Status settle();
  // Puts back what is kept; nothing when there is nothing.
  void revert(const std::string& why);
  // Reverts once the time is over.
  void look_at_time();
  // As `revert`; nobody watches anything any more.
  void part(const std::string& why);
  // A hand that died with a loss unsettled left its table dormant.
  void take_up();

  // When to revert, by now_ms(); 0 for never. From any thread.
  int64_t due() const { return due_.load(std::memory_order_relaxed); }

 private:
  // What was there before a loss.
  struct Kept {
    // The table is dormant, all in it stands.
    bool dropped = false;
    // Rules and sets of before, where a declaration took sets away, and how those rules used them.
    std::optional<nft::Table> declared = {};
    std::optional<Uses> uses = {};
    std::vector<std::pair<std::string, std::vector<nft::Element>>> sets = {};
    int64_t at = 0;

    bool empty() const { return !dropped && !declared && sets.empty(); }
  };
  struct Draft;

  nft::Failure refused(const char* verb, nft::Failure why);
  nft::Status check_place(const std::string& table) const;
  nft::Status check_writable(const std::string& table) const;
  nft::Result<Ranges> held(const nft::DeclaredSet& set, Draft& draft);
  nft::Status judge_declaration(nft::Table& table, Draft& draft);
  nft::Status look_at_cutting(const nft::Table& table, const std::vector<Key>& own, Draft& draft);
  nft::Status mend(const Draft& draft);
  nft::Status take_out(const std::string& set, const std::vector<Key>& keys);
  nft::Status judge_batch(const nft::Batch& batch);
  nft::Status judge_keys(const nft::LoadUnderWay& way);
  nft::Status check_losing(const std::string& what, int32_t op) const;
  nft::Status keep(const std::vector<std::string>& sets, const std::string& doing);
  nft::Result<std::vector<std::string>> flushed_by(const nft::Batch& batch);
  bool restore(const std::string& set, const std::vector<nft::Element>& elements, int64_t elapsed, const Uses* uses);
  nft::Result<std::vector<nft::Element>> missing_of(const std::string& set, std::vector<nft::Element> elements);
  // So long from now on.
  void put_off();
  void set_due(int64_t due);
  void forget();

  const std::string table_;
  const Floor floor_;
  Audit& audit_;
  const std::function<void()> due_changed_;
  // Unknown until the table was ensured, and after an answer of the kernel was lost.
  std::optional<Uses> uses_;
  std::optional<nft::Table> declared_;
  // Sets that no protected key can have come into since they were made or looked at: they were never such as only let in.
  std::set<std::string> clean_;
  // How often the client watches its table.
  unsigned watches_ = 0;
  bool armed_ = false;
  uint32_t window_ms_ = 0;
  Kept kept_;
  // What was lost has been put back since the last `arm`.
  bool put_back_ = false;
  std::atomic<int64_t> due_ = 0;
};

// Carries out one request by an engine that is a Guard.
std::vector<uint8_t> serve_guarded(nft::Engine& guard, nft::Bytes request);
// By any engine: nothing is judged or kept.
std::vector<uint8_t> serve_unguarded(nft::Engine& engine, nft::Bytes request);

}  // namespace bartizan::hand
