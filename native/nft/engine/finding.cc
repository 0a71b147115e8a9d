// Looking elements up one by one, without reading their set.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cerrno>

#include "engine.h"
#include "validate.h"

namespace bartizan::nft {

namespace {

// Answers of one round occupy 1 MB of the socket's 16.
constexpr size_t kRound = 256;

// The bounds that answer a question: one, or none.
using Answer = std::optional<Bound>;

// In a set of ranges the kernel answers with the start of the range that holds the address. The very network is there
// when the ranges of its first and of its last address start with it, and that of the address behind it does not.
struct Questions {
  std::vector<Key> asked;
  // Of each key: where its questions begin. Three in a set of ranges, fewer at the edges, else one.
  std::vector<size_t> begins;

  Questions(const std::vector<Key>& keys, size_t from, size_t to, bool interval) {
    for (size_t i = from; i < to; i++) {
      begins.push_back(asked.size());
      const Key& key = keys[i];
      asked.push_back(single(key, key.address));
      if (!interval) continue;
      asked.push_back(single(key, last_of(key)));
      if (const auto end = end_of(key)) asked.push_back(single(key, *end));
    }
    begins.push_back(asked.size());
  }

  static Key single(const Key& key, const Address& address) { return {key.width, kNoPrefix, address, 0}; }
};

bool starts_at(const Answer& answer, const Address& address) {
  return answer && !answer->is_end && answer->address == address;
}

std::optional<Element> found_at(const Key& key, std::span<Answer> answers, bool interval) {
  if (!starts_at(answers[0], key.address)) return std::nullopt;
  if (interval && !starts_at(answers[1], key.address)) return std::nullopt;
  if (answers.size() > 2 && starts_at(answers[2], key.address)) return std::nullopt;
  Bound& bound = *answers[0];
  return Element{key, bound.timeout_ms, std::move(bound.comment), bound.tally};
}

}  // namespace

int Engine::ask(const std::string& table, const StandingSet& set, std::span<const Key> keys,
                std::vector<std::optional<Bound>>& answers) {
  MessageWriter out(netfilter_.next_seq());
  for (const Key& key : keys) write_question(out, table, set.shape.name, key);
  answers.assign(keys.size(), std::nullopt);
  int failed = 0;
  const int error = netfilter_.get_all(out, [&](const nlmsghdr* message) {
    if (message->nlmsg_type == NLMSG_ERROR) {
      if (error_of(message) != ENOENT) failed = error_of(message);
      return;
    }
    std::vector<Bound> bounds;
    read_bounds(attributes_of(message, sizeof(nfgenmsg)), set.shape.width, bounds);
    if (!bounds.empty()) answers[message->nlmsg_seq - out.first_seq()] = std::move(bounds.front());
  });
  return error != 0 ? error : failed;
}

Result<std::vector<std::optional<Element>>> Engine::find(const std::string& table, const std::string& set,
                                                         const std::vector<Key>& keys) {
  if (!is_name(table) || !is_name(set)) return refuse("a name must be 1-31 of A-Z a-z 0-9 _");
  if (keys.size() > kMaxFound) return refuse("at most 10000 keys are looked up at once");
  StandingSet standing;
  if (const int error = read_set_shape(table, set, standing)) return from_errno(error);
  if (!is_ours(standing)) return refuse("the set is none of plain addresses or networks");
  const bool interval = standing.shape.interval;
  for (size_t i = 0; i < keys.size(); i++) {
    if (auto refused = validate(keys[i], static_cast<int32_t>(i), standing.shape)) return *refused;
  }
  std::vector<std::optional<Element>> found;
  found.reserve(keys.size());
  std::vector<Answer> answers;
  for (size_t from = 0; from < keys.size(); from += kRound) {
    const size_t to = std::min(from + kRound, keys.size());
    const Questions questions(keys, from, to, interval);
    if (const int error = ask(table, standing, questions.asked, answers)) return from_errno(error);
    for (size_t i = from; i < to; i++) {
      const size_t begin = questions.begins[i - from];
      const size_t end = questions.begins[i - from + 1];
      found.push_back(found_at(keys[i], std::span(answers).subspan(begin, end - begin), interval));
    }
  }
  return found;
}

Result<std::optional<uint32_t>> Engine::count(const std::string& table, const std::string& set) {
  if (!is_name(table) || !is_name(set)) return refuse("a name must be 1-31 of A-Z a-z 0-9 _");
  StandingSet standing;
  if (const int error = read_set_shape(table, set, standing)) return from_errno(error);
  // Of a set of ranges some kernels count bounds, some halves of them.
  if (standing.shape.interval) return std::optional<uint32_t>();
  return standing.count;
}

}  // namespace bartizan::nft
