// The N-API door: events in, one by one or as rows of native/lines, what they completed out.
#include <napi.h>

#include <cmath>

#include "../lines/engine/reader.h"
#include "engine/row-judge.h"
#include "values.h"

namespace {

namespace windows = bartizan::windows;

using namespace bartizan::values;

windows::Check check_of(const Napi::Object& object) {
  const double measure = field_of(object, "measure");
  if (!(measure >= 0 && measure <= 2)) throw Napi::RangeError::New(object.Env(), "no such measure");
  windows::Check check;
  check.measure = static_cast<windows::Measure>(measure);
  check.threshold = field_of(object, "threshold");
  check.window = field_of(object, "window");
  check.quiet = field_of(object, "quiet");
  check.keeps = field_of(object, "keeps");
  check.tries_at_most = bits_of(field_of(object, "triesAtMost"));
  check.counts = bits_of(field_of(object, "counts"));
  check.completes = bits_of(field_of(object, "completes"));
  // What completes nothing would be a finding of nothing.
  if (!(check.threshold >= 1)) throw Napi::RangeError::New(object.Env(), "a threshold is 1 or more");
  return check;
}

// Places of an entry's numbers; as in native/windows/port.ts.
enum EntryPlace : size_t { kHigh, kLow, kAt, kOffset, kNumber, kTraits, kWeight, kPort, kProvenance, kHeld, kEntryPlaces };

// Numbers of a stored sighting: time, offset, source, provenance, weight, checks, value, peer, port.
constexpr size_t kStored = 9;

constexpr napi_type_tag kWindows = {0x8a1d4c5be7f24690, 0x93be01d7c65a2f48};

class Windows : public Napi::ObjectWrap<Windows> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Windows",
                       {InstanceMethod<&Windows::step>("step"), InstanceMethod<&Windows::changes>("changes"), InstanceMethod<&Windows::clock>("clock"),
                        InstanceMethod<&Windows::put>("put"), InstanceMethod<&Windows::forget>("forget"), InstanceMethod<&Windows::evict>("evict"),
                        InstanceMethod<&Windows::bytes>("bytes")});
  }

  explicit Windows(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Windows>(info), windows_(made(object_of(info[0]))) {
    info.This().As<Napi::Object>().TypeTag(&kWindows);
  }

  static windows::Windows& engine_of(const Napi::Value& value) {
    const Napi::Object object = object_of(value);
    if (!object.CheckTypeTag(&kWindows)) throw Napi::TypeError::New(value.Env(), "not windows");
    return Unwrap(object)->windows_;
  }

 private:
  static windows::Windows made(const Napi::Object& settings) {
    const Napi::Array list = list_of(settings.Get("checks"));
    if (list.Length() > 31) throw Napi::RangeError::New(settings.Env(), "more checks than bits");
    std::vector<windows::Check> checks;
    windows::TrailSettings trails;
    for (uint32_t i = 0; i < list.Length(); i++) {
      checks.push_back(check_of(object_of(list.Get(i))));
      trails.quiet.push_back(checks.back().quiet);
      trails.span = std::max({trails.span, 2 * checks.back().window, 2 * checks.back().quiet});
    }
    trails.keys_are_texts = flag_of(settings, "keysAreTexts");
    trails.values_are_texts = flag_of(settings, "valuesAreTexts");
    const uint32_t once = bits_of(field_of(settings, "once"));
    return {std::move(checks), std::move(trails), once, flag_of(settings, "hasConnections"), bits_of(field_of(settings, "salt"))};
  }

  static windows::Hashed hashed(std::u16string& held, const Napi::Value& value) {
    held = text_of(value);
    return {held, windows::hash_of(held)};
  }

  // Lines come one behind the other from the same source.
  windows::Hashed source_of(const Napi::Value& value) {
    std::u16string source = text_of(value);
    if (source != source_) source_ = std::move(source), source_hash_ = windows::hash_of(source_);
    return {source_, source_hash_};
  }

  windows::Texts& texts() { return windows_.trails().texts; }

  // step(numbers, name, source, value, peer)
  Napi::Value step(const Napi::CallbackInfo& info) {
    const auto numbers = numbers_of(info[0]);
    if (numbers.size() < kEntryPlaces) throw Napi::RangeError::New(info.Env(), "too few numbers");
    std::u16string name, value, peer;
    windows::Entry entry;
    entry.name = hashed(name, info[1]);
    entry.source = source_of(info[2]);
    entry.value = hashed(value, info[3]);
    entry.peer = hashed(peer, info[4]);
    entry.key = {half_of(numbers[kHigh]), half_of(numbers[kLow])};
    entry.at = numbers[kAt];
    entry.offset = numbers[kOffset];
    entry.number = bits_of(numbers[kNumber]);
    entry.traits = bits_of(numbers[kTraits]) % windows::kTraits;
    entry.weight = bits_of(numbers[kWeight]);
    entry.port = static_cast<uint16_t>(bits_of(numbers[kPort]));
    entry.provenance = static_cast<uint8_t>(bits_of(numbers[kProvenance]));
    completed_.clear();
    windows_.step(entry, completed_);
    numbers[kHeld] = windows_.trails().bytes();
    return completed_of(info.Env(), completed_);
  }

  // What changed since the last call, flat; undefined for nothing.
  Napi::Value changes(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    windows::Trails& trails = windows_.trails();
    const windows::Changes changes = trails.take_changes();
    if (!changes.any) return env.Undefined();
    std::vector<double> gone, numbers;
    for (const auto& [high, low] : changes.gone) gone.insert(gone.end(), {static_cast<double>(high), static_cast<double>(low)});
    std::vector<std::u16string> names, told;
    for (const int32_t row : changes.rows) tell(row, numbers, names, told);
    const auto answer = Napi::Object::New(env);
    answer.Set("turn", trails.turn());
    answer.Set("newest", trails.newest_of_all());
    answer.Set("gone", numbers_of(env, gone));
    answer.Set("goneNames", texts_of(env, changes.gone_names));
    answer.Set("numbers", numbers_of(env, numbers));
    answer.Set("names", texts_of(env, names));
    answer.Set("texts", texts_of(env, told));
    return answer;
  }

  // Of a row: high, low, turn, how many silences, texts and sightings; silences as check and moment; then sightings.
  void tell(int32_t row, std::vector<double>& numbers, std::vector<std::u16string>& names, std::vector<std::u16string>& told) {
    const windows::Trails& trails = windows_.trails();
    const windows::Row& at = trails.row(row);
    const bool is_named = trails.settings().keys_are_texts, are_texts = trails.settings().values_are_texts;
    if (is_named) names.push_back(texts().of(static_cast<uint32_t>(at.low)));
    const size_t head = numbers.size(), first = told.size();
    numbers.insert(numbers.end(), {static_cast<double>(at.high), static_cast<double>(at.low), at.turn, 0, 0, 0});
    if (const double* quiet = trails.quiet_of(row)) {
      for (size_t check = 0; check < trails.settings().quiet.size(); check++) {
        if (quiet[check] == 0) continue;
        numbers.insert(numbers.end(), {static_cast<double>(check), quiet[check]});
        numbers[head + 3]++;
      }
    }
    // Each text once, by its place from 1 on.
    std::vector<uint32_t> ids;
    const auto place = [&](uint32_t id) -> double {
      if (id == windows::kNoText) return 0;
      const auto known = std::find(ids.begin(), ids.end(), id);
      if (known != ids.end()) return static_cast<double>(known - ids.begin() + 1);
      ids.push_back(id);
      told.push_back(texts().of(id));
      return static_cast<double>(ids.size());
    };
    for (int32_t i = at.newest; i != windows::kNone; i = trails.sighting(i).older) {
      const windows::Sighting& one = trails.sighting(i);
      // In this order the texts get their places.
      const double source = place(one.source);
      const double value = are_texts ? place(one.value) : one.value;
      const double peer = place(one.peer);
      numbers.insert(numbers.end(), {one.at, one.offset, source, static_cast<double>(one.provenance), static_cast<double>(one.weight),
                                     static_cast<double>(one.checks), value, peer, static_cast<double>(one.port)});
      numbers[head + 5]++;
    }
    numbers[head + 4] = static_cast<double>(told.size() - first);
  }

  // clock(turn, newest)
  void clock(const Napi::CallbackInfo& info) { windows_.trails().restore_clock(number_of(info[0]), number_of(info[1])); }

  // put(high, low, name, turn, silences, sightings, texts): a row that was stored; its key has none.
  Napi::Value put(const Napi::CallbackInfo& info) {
    windows::Trails& trails = windows_.trails();
    const auto silences = numbers_of(info[4]);
    const auto sightings = numbers_of(info[5]);
    const Napi::Array list = list_of(info[6]);
    const double turn = number_of(info[3]);
    std::vector<std::u16string> told;
    for (uint32_t i = 0; i < list.Length(); i++) told.push_back(text_of(list.Get(i)));
    check_stored(info.Env(), silences, sightings, told.size());
    windows::Key key{half_of(number_of(info[0])), half_of(number_of(info[1]))};
    const std::u16string name = text_of(info[2]);
    const bool is_named = trails.settings().keys_are_texts;
    if (is_named) key = {0, static_cast<int32_t>(texts().find(name))};
    if (trails.find(key) != windows::kNone) return Napi::Boolean::New(info.Env(), false);
    if (is_named) key.low = static_cast<int32_t>(texts().hold(name));
    const int32_t row = trails.create(key);
    // The oldest first: each is put behind its equals.
    for (size_t at = sightings.size(); at > 0; at -= kStored) trails.insert(row, stored(sightings.subspan(at - kStored, kStored), told));
    for (size_t at = 0; at < silences.size(); at += 2) trails.silence(row, static_cast<size_t>(silences[at]), silences[at + 1]);
    trails.restored(row, turn);
    return Napi::Boolean::New(info.Env(), true);
  }

  void check_stored(Napi::Env env, std::span<const double> silences, std::span<const double> sightings, size_t texts) {
    if (silences.size() % 2 != 0 || sightings.size() % kStored != 0) throw Napi::RangeError::New(env, "half a number");
    const bool are_texts = windows_.trails().settings().values_are_texts;
    const auto is_place = [&](double number) { return number >= 0 && number <= static_cast<double>(texts); };
    for (size_t at = 0; at < silences.size(); at += 2) {
      if (!(silences[at] >= 0 && silences[at] < static_cast<double>(windows_.trails().settings().quiet.size()))) throw Napi::RangeError::New(env, "no such check");
    }
    for (size_t at = 0; at < sightings.size(); at += kStored) {
      if (is_place(sightings[at + 2]) && (!are_texts || is_place(sightings[at + 6])) && is_place(sightings[at + 7])) continue;
      throw Napi::RangeError::New(env, "no such text");
    }
  }

  windows::Sighting stored(std::span<const double> numbers, const std::vector<std::u16string>& told) {
    const auto hold = [&](double place) { return place == 0 ? windows::kNoText : texts().hold(told[static_cast<size_t>(place) - 1]); };
    windows::Sighting one;
    one.at = numbers[0];
    one.offset = numbers[1];
    one.source = hold(numbers[2]);
    one.provenance = static_cast<uint8_t>(bits_of(numbers[3]));
    one.weight = bits_of(numbers[4]);
    one.checks = bits_of(numbers[5]);
    one.value = windows_.trails().settings().values_are_texts ? hold(numbers[6]) : bits_of(numbers[6]);
    one.peer = hold(numbers[7]);
    one.port = static_cast<uint16_t>(bits_of(numbers[8]));
    return one;
  }

  // forget(high, low)
  void forget(const Napi::CallbackInfo& info) {
    const int32_t row = windows_.trails().find({half_of(number_of(info[0])), half_of(number_of(info[1]))});
    if (row != windows::kNone) windows_.trails().drop(row);
  }

  Napi::Value evict(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(windows_.trails().evict(number_of(info[0]))));
  }

  Napi::Value bytes(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), windows_.trails().bytes()); }

  windows::Windows windows_;
  std::u16string source_;
  uint32_t source_hash_ = windows::hash_of(source_);
  std::vector<windows::Completed> completed_;
};

// Places of a run's numbers; as in native/windows/port.ts.
enum RunPlace : size_t { kBegan, kLatest, kRunOffset, kRunProvenance, kRoom, kTexts, kCompleted, kStreamsHeld };

class RowJudge : public Napi::ObjectWrap<RowJudge> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "RowJudge",
                       {InstanceMethod<&RowJudge::learn>("learn"), InstanceMethod<&RowJudge::forget>("forget"), InstanceMethod<&RowJudge::run>("run"),
                        InstanceMethod<&RowJudge::completed>("completed")});
  }

  // RowJudge(streams, settings)
  explicit RowJudge(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RowJudge>(info), judge_(made(list_of(info[0]), object_of(info[1]))) {
    const Napi::Array list = info[0].As<Napi::Array>();
    streams_ = list.Length();
    for (uint32_t i = 0; i < streams_; i++) held_.push_back(Napi::Persistent(list.Get(i).As<Napi::Object>().Get("windows").As<Napi::Object>()));
  }

 private:
  static windows::RowJudge made(const Napi::Array& list, const Napi::Object& object) {
    const Napi::Env env = object.Env();
    windows::RowSettings settings;
    const auto fates = array_of<uint8_t>(object.Get("fates"), napi_uint8_array, "fates are a Uint8Array");
    for (const uint8_t fate : fates) settings.fates.push_back(static_cast<windows::Fate>(fate));
    const Napi::Array users = list_of(object.Get("users"));
    for (uint32_t i = 0; i < users.Length(); i++) settings.users.push_back(text_of(users.Get(i)));
    settings.v4_bits = bits_of(field_of(object, "v4Bits"));
    settings.v6_bits = bits_of(field_of(object, "v6Bits"));
    settings.longest = bits_of(field_of(object, "longest"));
    const bool are_sound = settings.v4_bits >= 1 && settings.v4_bits <= 32 && settings.v6_bits >= 1 && settings.v6_bits <= 64 && settings.users.size() <= 255;
    if (!are_sound) throw Napi::RangeError::New(env, "no such settings");
    std::vector<windows::StreamOfRows> streams;
    for (uint32_t i = 0; i < list.Length(); i++) {
      const Napi::Object stream = object_of(list.Get(i));
      const auto traits = array_of<uint16_t>(stream.Get("traits"), napi_uint16_array, "traits are a Uint16Array");
      if (traits.size() != fates.size() * 2 * (settings.users.size() + 1)) throw Napi::RangeError::New(env, "not as many traits as kinds of lines");
      if (std::any_of(traits.begin(), traits.end(), [](uint16_t bits) { return bits >= windows::kTraits; })) throw Napi::RangeError::New(env, "no such traits");
      windows::Windows& engine = Windows::engine_of(stream.Get("windows"));
      streams.push_back({&engine, flag_of(stream, "byAccount"), std::vector<uint16_t>(traits.begin(), traits.end())});
    }
    return {std::move(streams), std::move(settings)};
  }

  // learn(piece, places, count)
  void learn(const Napi::CallbackInfo& info) {
    const auto piece = array_of<uint8_t>(info[0], napi_uint8_array, "a piece is a Uint8Array");
    const auto places = array_of<uint32_t>(info[1], napi_uint32_array, "places are a Uint32Array");
    const double count = number_of(info[2]);
    if (!(count >= 0 && 2 * count <= static_cast<double>(places.size()))) throw Napi::RangeError::New(info.Env(), "fewer places than texts");
    const std::string_view text(reinterpret_cast<const char*>(piece.data()), piece.size());
    for (size_t i = 0; i < static_cast<size_t>(count); i++) {
      const uint32_t from = places[2 * i], to = places[2 * i + 1];
      if (from > to || to > text.size()) throw Napi::RangeError::New(info.Env(), "no such place");
      judge_.learn(text.substr(from, to - from));
    }
  }

  void forget(const Napi::CallbackInfo&) { judge_.forget(); }

  // run(rows, from, to, numbers, source)
  Napi::Value run(const Napi::CallbackInfo& info) {
    const auto rows = array_of<uint32_t>(info[0], napi_uint32_array, "rows are a Uint32Array");
    const double from = number_of(info[1]), to = number_of(info[2]);
    const auto numbers = numbers_of(info[3]);
    const std::u16string source = text_of(info[4]);
    if (numbers.size() < kStreamsHeld + streams_ || !(from >= 0 && from <= to && to <= static_cast<double>(rows.size())) ||
        std::fmod(to - from, bartizan::lines::kFields) != 0) {
      throw Napi::RangeError::New(info.Env(), "no such rows");
    }
    const windows::RowRun run{rows,   static_cast<size_t>(from), static_cast<size_t>(to), numbers[kBegan], numbers[kLatest], numbers[kRunOffset],
                              source, static_cast<uint8_t>(bits_of(numbers[kRunProvenance])), numbers[kRoom]};
    // Rows whose texts others number otherwise would be told of somebody else.
    if (numbers[kTexts] != static_cast<double>(judge_.texts())) throw Napi::RangeError::New(info.Env(), "not as many texts");
    const std::optional<size_t> next = judge_.run(run);
    if (!next) throw Napi::RangeError::New(info.Env(), "no such text or action");
    numbers[kCompleted] = judge_.has_completed() ? 1 : 0;
    for (size_t i = 0; i < streams_; i++) numbers[kStreamsHeld + i] = judge_.held(i);
    return Napi::Number::New(info.Env(), static_cast<double>(*next));
  }

  // completed(stream): what the line completed that was judged last; undefined for nothing.
  Napi::Value completed(const Napi::CallbackInfo& info) {
    const double stream = number_of(info[0]);
    if (!(stream >= 0 && stream < streams_)) throw Napi::RangeError::New(info.Env(), "no such stream");
    return completed_of(info.Env(), judge_.completed(static_cast<size_t>(stream)));
  }

  windows::RowJudge judge_;
  uint32_t streams_ = 0;
  std::vector<Napi::ObjectReference> held_;
};

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("Windows", Windows::define(env));
  exports.Set("RowJudge", RowJudge::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(windows, initialize)
