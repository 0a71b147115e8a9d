// Watches, and how they are kept out of a load's way: a listener makes the kernel build a message for every element.
#include "engine.h"
#include "validate.h"

namespace bartizan::nft {

Status Engine::watch(const std::string& table) {
  if (!is_name(table)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  // Own transactions are told from others' by the socket's port id, which it has once it is open.
  if (const int error = netfilter_.open()) return from_errno(error);
  const int error = notifier_.watch(table);
  return error == 0 ? Status{} : from_errno(error);
}

Status Engine::unwatch(const std::string& table) {
  if (!is_name(table)) return refuse("a table's name must be 1-31 of A-Z a-z 0-9 _");
  notifier_.unwatch(table);
  return std::nullopt;
}

// The generation is read first: what changes before the group is left is told, what changes after is counted.
void Engine::mute() {
  uint32_t generation = 0;
  if (ours_ || !notifier_.is_watching() || read_generation(generation) != 0) return;
  ours_ = generation;
  overtaken_ = false;
  notifier_.mute();
}

// Every transaction of ours that changes something makes a new generation. Nobody else's may come in between.
Verdicts Engine::transact(const MessageWriter& batch, uint32_t acknowledged) {
  if (!ours_) return netfilter_.transact(batch, acknowledged);
  uint32_t before = 0;
  uint32_t after = 0;
  if (read_generation(before) != 0 || before != *ours_) overtaken_ = true;
  Verdicts verdicts = netfilter_.transact(batch, acknowledged);
  if (read_generation(after) != 0 || after - before > 1) overtaken_ = true;
  ours_ = after;
  return verdicts;
}

void Engine::end_load() {
  if (!ours_) return;
  notifier_.unmute();
  uint32_t generation = 0;
  if (read_generation(generation) != 0 || generation != *ours_ || overtaken_) notifier_.lose();
  ours_.reset();
}

}  // namespace bartizan::nft
