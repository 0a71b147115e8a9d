#include "wire.h"

#include <climits>
#include <cstring>

namespace bartizan::journal {

namespace {

enum class Verb : uint32_t { open = 1, seek = 2, read = 3, wait = 4, files = 5 };

// Reads past the end give zeros and leave it broken, so that one check at the end of a request is enough.
class Reader {
 public:
  explicit Reader(const std::vector<uint8_t>& bytes) : at_(bytes.data()), left_(bytes.size()) {}

  uint32_t u32() { return number<uint32_t>(); }
  uint64_t u64() { return number<uint64_t>(); }
  std::string text() {
    const uint32_t size = u32();
    if (size > left_) broken_ = true;
    if (broken_) return {};
    std::string text(reinterpret_cast<const char*>(at_), size);
    skip(size);
    return text;
  }
  template <class Item>
  auto list(Item item) {
    std::vector<decltype(item())> items;
    for (uint32_t count = u32(); count > 0 && !broken_; count--) items.push_back(item());
    return items;
  }
  std::vector<std::string> texts() {
    return list([this] { return text(); });
  }
  std::vector<Match> pairs() {
    return list([this] {
      std::string field = text();
      return Match{std::move(field), text()};
    });
  }
  bool spent() const { return !broken_ && left_ == 0; }

 private:
  template <class Number>
  Number number() {
    Number value = 0;
    if (sizeof value > left_) broken_ = true;
    if (broken_) return 0;
    std::memcpy(&value, at_, sizeof value);
    skip(sizeof value);
    return value;
  }
  void skip(size_t size) {
    at_ += size;
    left_ -= size;
  }

  const uint8_t* at_;
  size_t left_;
  bool broken_ = false;
};

void put(std::vector<uint8_t>& out, const void* bytes, size_t size) {
  const size_t start = out.size();
  out.resize(start + size);
  std::memcpy(out.data() + start, bytes, size);
}

void put(std::vector<uint8_t>& out, uint32_t value) { put(out, &value, sizeof value); }

void put(std::vector<uint8_t>& out, const std::string& text) {
  put(out, static_cast<uint32_t>(text.size()));
  put(out, text.data(), text.size());
}

std::vector<uint8_t> done() {
  std::vector<uint8_t> out;
  put(out, uint32_t{0});
  return out;
}

std::vector<uint8_t> malformed() { return encode({Kind::invalid, 0, "the request is malformed"}); }

bool is_name(const std::string& name) { return !name.empty() && name.size() <= 64 && name.find('=') == name.npos; }

bool are_names(const std::vector<Match>& pairs) {
  for (const auto& [field, value] : pairs) {
    if (!is_name(field)) return false;
  }
  return true;
}

std::vector<uint8_t> serve_open(Journal& journal, Reader& in) {
  Options options;
  const uint32_t source = in.u32();
  options.source = {static_cast<Source::Kind>(source), in.texts()};
  options.fields = in.texts();
  options.matches = in.list([&in] { return in.pairs(); });
  options.exclude = in.list([&in] { return in.pairs(); });
  options.max_value = in.u32();
  bool sound = in.spent() && source <= 2 && (source == 0) == options.source.paths.empty() && options.max_value < INT_MAX;
  for (const auto& field : options.fields) sound = sound && is_name(field);
  for (const auto& group : options.matches) sound = sound && are_names(group);
  size_t marks = 0;
  for (const auto& group : options.exclude) {
    sound = sound && !group.empty() && are_names(group);
    marks += group.size();
  }
  if (!sound || marks > Fields::kMostMarks) return malformed();
  const auto failed = journal.open(options);
  return failed ? encode(*failed) : done();
}

std::vector<uint8_t> serve_seek(Journal& journal, Reader& in) {
  Target target;
  const uint32_t kind = in.u32();
  target.kind = static_cast<Target::Kind>(kind);
  target.text = in.text();
  target.at = in.u64();
  if (!in.spent() || kind > 4) return malformed();
  const auto landing = journal.seek(target);
  if (const auto* failed = std::get_if<Failure>(&landing)) return encode(*failed);
  const auto& [exact, before, next] = std::get<Landing>(landing);
  auto out = done();
  put(out, uint32_t{exact});
  put(out, before);
  put(out, next);
  return out;
}

std::vector<uint8_t> serve_read(Journal& journal, Reader& in) {
  const Limits limits{in.u32(), in.u32()};
  if (!in.spent()) return malformed();
  const auto batch = journal.read(limits);
  if (const auto* failed = std::get_if<Failure>(&batch)) return encode(*failed);
  auto out = done();
  std::get<const BatchWriter*>(batch)->pack(out);
  return out;
}

std::vector<uint8_t> serve_wait(Journal& journal, Reader& in, int wake) {
  const uint32_t timeout = in.u32();
  if (!in.spent() || timeout > INT_MAX) return malformed();
  const auto news = journal.wait(wake, static_cast<int>(timeout));
  if (const auto* failed = std::get_if<Failure>(&news)) return encode(*failed);
  auto out = done();
  put(out, static_cast<uint32_t>(std::get<News>(news)));
  return out;
}

std::vector<uint8_t> serve_files(const Journal& journal, const Reader& in) {
  if (!in.spent()) return malformed();
  const auto files = journal.files();
  if (const auto* failed = std::get_if<Failure>(&files)) return encode(*failed);
  const auto& [readable, refused] = std::get<Files>(files);
  auto out = done();
  put(out, readable);
  put(out, static_cast<uint32_t>(refused.size()));
  for (const auto& [path, error] : refused) {
    put(out, path);
    put(out, static_cast<uint32_t>(error));
  }
  return out;
}

}  // namespace

std::vector<uint8_t> encode(const Failure& failure) {
  std::vector<uint8_t> out;
  put(out, static_cast<uint32_t>(failure.kind));
  put(out, static_cast<uint32_t>(failure.error));
  put(out, failure.text);
  return out;
}

std::vector<uint8_t> serve(Journal& journal, const std::vector<uint8_t>& request, int wake) {
  Reader in(request);
  switch (static_cast<Verb>(in.u32())) {
    case Verb::open:
      return serve_open(journal, in);
    case Verb::seek:
      return serve_seek(journal, in);
    case Verb::read:
      return serve_read(journal, in);
    case Verb::wait:
      return serve_wait(journal, in, wake);
    case Verb::files:
      return serve_files(journal, in);
  }
  return malformed();
}

}  // namespace bartizan::journal
