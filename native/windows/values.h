// What crosses the N-API door, as values of both sides. What is of another kind is a bug, and thrown.
#pragma once

#include <napi.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/windows.h"

namespace bartizan::values {

template <class T>
std::span<T> array_of(const Napi::Value& value, napi_typedarray_type type, const char* what) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) throw Napi::TypeError::New(value.Env(), what);
  auto array = value.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), array.ElementLength()};
}

inline std::span<double> numbers_of(const Napi::Value& value) { return array_of<double>(value, napi_float64_array, "numbers are a Float64Array"); }

inline std::u16string text_of(const Napi::Value& value) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), "not a text");
  return value.As<Napi::String>().Utf16Value();
}

inline double number_of(const Napi::Value& value) {
  if (!value.IsNumber()) throw Napi::TypeError::New(value.Env(), "not a number");
  return value.As<Napi::Number>().DoubleValue();
}

inline Napi::Object object_of(const Napi::Value& value) {
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "not an object");
  return value.As<Napi::Object>();
}

inline Napi::Array list_of(const Napi::Value& value) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "not a list");
  return value.As<Napi::Array>();
}

inline double field_of(const Napi::Object& object, const char* name) { return number_of(object.Get(name)); }
inline bool flag_of(const Napi::Object& object, const char* name) { return object.Get(name).ToBoolean(); }
inline int64_t whole_of(double number) {
  if (!(std::abs(number) <= 0x1p53)) throw std::range_error("no whole number");
  return static_cast<int64_t>(number);
}
// Bits and sums of bits.
inline uint32_t bits_of(double number) { return static_cast<uint32_t>(whole_of(number)); }
inline int32_t half_of(double number) { return static_cast<int32_t>(whole_of(number)); }

inline Napi::Array texts_of(Napi::Env env, const std::vector<std::u16string>& texts) {
  const auto list = Napi::Array::New(env, texts.size());
  for (size_t i = 0; i < texts.size(); i++) list.Set(static_cast<uint32_t>(i), Napi::String::New(env, texts[i]));
  return list;
}

inline Napi::Float64Array numbers_of(Napi::Env env, const std::vector<double>& numbers) {
  auto array = Napi::Float64Array::New(env, numbers.size());
  std::copy(numbers.begin(), numbers.end(), array.Data());
  return array;
}

// A list for each, by the places of native/windows/port.ts.
inline Napi::Value completed_of(Napi::Env env, const std::vector<windows::Completed>& all) {
  if (all.empty()) return env.Undefined();
  const auto list = Napi::Array::New(env, all.size());
  for (size_t i = 0; i < all.size(); i++) {
    const windows::Completed& one = all[i];
    const auto numbers = {static_cast<double>(one.check), one.count, one.offset, one.first_at, one.latest_at, static_cast<double>(one.provenance)};
    const auto told = Napi::Array::New(env, numbers.size() + 2);
    uint32_t place = 0;
    for (const double number : numbers) told.Set(place++, number);
    told.Set(place++, Napi::String::New(env, one.source));
    const auto values = one.texts.empty() ? Napi::Array::New(env, one.numbers.size()) : texts_of(env, one.texts);
    for (size_t n = 0; n < one.numbers.size(); n++) values.Set(static_cast<uint32_t>(n), static_cast<double>(one.numbers[n]));
    told.Set(place, values);
    list.Set(static_cast<uint32_t>(i), told);
  }
  return list;
}

}  // namespace bartizan::values
