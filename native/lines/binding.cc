// The N-API door: a piece of a log in, rows of numbers out, in the caller's arrays.
#include <napi.h>

#include "engine/reader.h"

namespace {

namespace lines = bartizan::lines;

template <class T>
std::span<T> array_of(const Napi::Value& value, napi_typedarray_type type, const char* what) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(value.Env(), what);
  }
  auto array = value.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), array.ElementLength()};
}

class Reader : public Napi::ObjectWrap<Reader> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Reader", {InstanceMethod<&Reader::read>("read"), InstanceMethod<&Reader::forget>("forget")});
  }

  explicit Reader(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Reader>(info) {}

 private:
  // read(piece, from, minute, zone, rows, fresh, messages)
  Napi::Value read(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto piece = array_of<uint8_t>(info[0], napi_uint8_array, "a piece is a Uint8Array");
    if (!info[1].IsNumber() || !info[2].IsString() || !info[3].IsString()) throw Napi::TypeError::New(env, "read takes a place, a minute and a zone");
    const double from = info[1].As<Napi::Number>().DoubleValue();
    if (!(from >= 0 && from <= static_cast<double>(piece.size()))) throw Napi::RangeError::New(env, "no such place");
    if (piece.size() > 0x7fffffff) throw Napi::RangeError::New(env, "too long a piece");
    const std::string minute = info[2].As<Napi::String>();
    const std::string zone = info[3].As<Napi::String>();
    const auto rows = array_of<uint32_t>(info[4], napi_uint32_array, "rows are a Uint32Array");
    const auto fresh = array_of<uint32_t>(info[5], napi_uint32_array, "places are a Uint32Array");
    const auto messages = array_of<uint8_t>(info[6], napi_uint8_array, "messages are a Uint8Array");
    const lines::Reading reading = reader_.read(piece, static_cast<size_t>(from), minute, zone, {rows, fresh, messages});
    const auto answer = Napi::Object::New(env);
    answer.Set("rows", static_cast<double>(reading.rows));
    answer.Set("fresh", static_cast<double>(reading.fresh));
    answer.Set("next", static_cast<double>(reading.next));
    return answer;
  }

  void forget(const Napi::CallbackInfo&) { reader_.forget(); }

  lines::Reader reader_;
};

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("Reader", Reader::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(lines, initialize)
