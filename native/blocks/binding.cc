// The N-API door: the columns of a block in, its parts out, groups compressed. It is called where the columns are filled
// and done before they change.
#include <napi.h>

#include "engine/block.h"
#include "zstd.h"

namespace {

namespace blocks = bartizan::blocks;

Napi::TypeError wrong(Napi::Env env, const char* what) { return Napi::TypeError::New(env, what); }

uint32_t number_at(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsNumber()) throw wrong(object.Env(), name);
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= 0xffffffff)) throw wrong(object.Env(), name);
  return static_cast<uint32_t>(number);
}

uint8_t byte_at(const Napi::Object& object, const char* name) {
  const uint32_t number = number_at(object, name);
  if (number > 0xff) throw wrong(object.Env(), name);
  return static_cast<uint8_t>(number);
}

void append(const Napi::Value& value, std::u16string& units) {
  const Napi::Env env = value.Env();
  size_t length = 0;
  if (napi_get_value_string_utf16(env, value, nullptr, 0, &length) != napi_ok) throw wrong(env, "a text is no text");
  const size_t start = units.size();
  // One more for the end that is written behind it.
  units.resize(start + length + 1);
  napi_get_value_string_utf16(env, value, units.data() + start, length + 1, &length);
  units.resize(start + length);
}

blocks::Texts texts_at(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsArray()) throw wrong(object.Env(), name);
  const auto list = value.As<Napi::Array>();
  blocks::Texts texts;
  const uint32_t length = list.Length();
  for (uint32_t i = 0; i < length; i++) {
    const Napi::HandleScope scope(object.Env());
    append(list.Get(i), texts.units);
    if (texts.units.size() > 0xffffffff) throw wrong(object.Env(), name);
    texts.ends.push_back(static_cast<uint32_t>(texts.units.size()));
  }
  return texts;
}

template <class T>
std::span<const T> array_at(const Napi::Object& object, const char* name, napi_typedarray_type type) {
  const Napi::Value value = object.Get(name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) throw wrong(object.Env(), name);
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), array.ElementLength()};
}

void read_dictionary(const Napi::Object& object, blocks::Column& column) {
  column.kind = blocks::Kind::dictionary;
  column.ids = array_at<uint16_t>(object, "ids", napi_uint16_array);
  column.texts = texts_at(object, "texts");
  if (const Napi::Value name = object.Get("name"); !name.IsUndefined()) {
    column.named = true;
    append(name, column.name);
  }
  const Napi::Value indexed = object.Get("terms");
  if (indexed.IsUndefined()) return;
  if (!indexed.IsObject()) throw wrong(object.Env(), "terms");
  const auto terms = indexed.As<Napi::Object>();
  column.indexed = true;
  append(terms.Get("field"), column.field);
  column.addresses = terms.Get("areAddresses").ToBoolean();
  column.terms = array_at<int32_t>(terms, "more", napi_int32_array);
}

blocks::Column column_of(const Napi::Object& object) {
  blocks::Column column;
  column.id = byte_at(object, "id");
  column.group = byte_at(object, "group");
  const std::string kind = object.Get("kind").ToString();
  if (kind == "dictionary") {
    read_dictionary(object, column);
  } else if (kind == "number") {
    column.values = array_at<double>(object, "values", napi_float64_array);
  } else if (kind == "steps") {
    column.kind = blocks::Kind::steps;
    column.values = array_at<double>(object, "values", napi_float64_array);
    if (object.Has("lanes")) column.lanes = array_at<uint16_t>(object, "lanes", napi_uint16_array);
  } else if (kind == "bytes") {
    column.kind = blocks::Kind::bytes;
    column.bytes = array_at<uint8_t>(object, "bytes", napi_uint8_array);
    column.ends = array_at<uint32_t>(object, "ends", napi_uint32_array);
  } else {
    throw wrong(object.Env(), "kind");
  }
  return column;
}

blocks::Rows rows_of(const Napi::Value& value) {
  if (!value.IsObject()) throw wrong(value.Env(), "pack takes rows");
  const auto object = value.As<Napi::Object>();
  blocks::Rows rows;
  rows.from = number_at(object, "from");
  rows.to = number_at(object, "to");
  rows.groups = number_at(object, "groups");
  rows.words = number_at(object, "words");
  rows.final = object.Get("isFinal").ToBoolean();
  const Napi::Value columns = object.Get("columns");
  if (!columns.IsArray()) throw wrong(value.Env(), "columns");
  const auto list = columns.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) {
    const Napi::Value column = list.Get(i);
    if (!column.IsObject()) throw wrong(value.Env(), "columns");
    rows.columns.push_back(column_of(column.As<Napi::Object>()));
  }
  return rows;
}

template <class List, class Values>
List copied(Napi::Env env, const Values& values) {
  auto list = List::New(env, values.size());
  std::copy(values.begin(), values.end(), list.Data());
  return list;
}

Napi::Object extent_of(Napi::Env env, const blocks::Extent& extent) {
  const auto object = Napi::Object::New(env);
  object.Set("id", extent.id);
  object.Set("least", extent.least);
  object.Set("most", extent.most);
  return object;
}

Napi::Object answer_of(Napi::Env env, const blocks::Parts& parts, const Napi::Array& groups) {
  const auto object = Napi::Object::New(env);
  object.Set("minAt", parts.least_at);
  object.Set("maxAt", parts.most_at);
  object.Set("columns", copied<Napi::Uint8Array>(env, parts.columns));
  const auto extents = Napi::Array::New(env, parts.extents.size());
  for (size_t i = 0; i < parts.extents.size(); i++) {
    extents.Set(static_cast<uint32_t>(i), extent_of(env, parts.extents[i]));
  }
  object.Set("extents", extents);
  object.Set("bloom", copied<Napi::Uint8Array>(env, parts.bloom));
  object.Set("groups", groups);
  object.Set("terms", copied<Napi::Int32Array>(env, parts.terms));
  return object;
}

class Packer : public Napi::ObjectWrap<Packer> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Packer", {InstanceMethod<&Packer::pack>("pack")});
  }

  explicit Packer(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Packer>(info) {}

 private:
  Napi::Value pack(const Napi::CallbackInfo& info) {
    const blocks::Rows rows = rows_of(info[0]);
    if (const char* flaw = blocks::flaw_of(rows)) throw Napi::RangeError::New(info.Env(), flaw);
    const auto object = info[0].As<Napi::Object>();
    const auto level = static_cast<int>(number_at(object, "level"));
    const uint32_t tiny = number_at(object, "tiny");
    const auto groups = Napi::Array::New(info.Env());
    const blocks::Parts parts = packer_.pack(rows, [&](std::span<const uint8_t> raw) {
      groups.Set(groups.Length(), group_of(info.Env(), raw, raw.size() < tiny ? raw : zstd_.frame_of(raw, level)));
    });
    return answer_of(info.Env(), parts, groups);
  }

  // Kept as it is where its frame is no shorter.
  static Napi::Object group_of(Napi::Env env, std::span<const uint8_t> raw, std::span<const uint8_t> frame) {
    const auto object = Napi::Object::New(env);
    object.Set("raw", static_cast<uint32_t>(raw.size()));
    object.Set("stored", copied<Napi::Uint8Array>(env, frame.empty() ? raw : frame));
    return object;
  }

  blocks::Packer packer_;
  blocks::Zstd zstd_;
};

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("Packer", Packer::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(blocks, initialize)
