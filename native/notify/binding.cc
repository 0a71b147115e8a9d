// The N-API door: a path and bytes in, an errno out. Sending never waits, so it runs where it is called.
#include <napi.h>

#include "engine/datagram.h"

namespace {

// The socket is closed by close(), with the object (GC), or with the environment, whichever comes first.
class Port : public Napi::ObjectWrap<Port> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Port", {InstanceMethod<&Port::send>("send"), InstanceMethod<&Port::close>("close")});
  }

  explicit Port(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Port>(info) {}

 private:
  Napi::Value send(const Napi::CallbackInfo& info) {
    if (info.Length() < 2 || !info[0].IsString() || !info[1].IsTypedArray() ||
        info[1].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      throw Napi::TypeError::New(info.Env(), "send takes a path and a Uint8Array");
    }
    const std::string path = info[0].As<Napi::String>();
    const auto bytes = info[1].As<Napi::Uint8Array>();
    return Napi::Number::New(info.Env(), sender_.send(path, bytes.Data(), bytes.ByteLength()));
  }

  void close(const Napi::CallbackInfo&) { sender_.close(); }

  bartizan::notify::Sender sender_;
};

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("Port", Port::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(notify, initialize)
