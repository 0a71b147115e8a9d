// The N-API door: bytes in, a promise of bytes out. All meaning is in engine/wire.h; all policy is in TypeScript.
#include <napi.h>

#include <atomic>
#include <cstring>
#include <memory>

#include "engine/worker.h"

namespace {

using bartizan::nft::Change;
using bartizan::nft::encode;
using bartizan::nft::encode_lost;
using bartizan::nft::Worker;

// One engine on a thread of its own. The thread ends with close(), with the object (GC), or with the environment
// (process exit, worker_threads), whichever comes first. It keeps the process alive only while calls are under way.
class Port : public Napi::ObjectWrap<Port> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Port", {InstanceMethod<&Port::call>("call"), InstanceMethod<&Port::close>("close"),
                                    InstanceMethod<&Port::listen>("listen")});
  }

  explicit Port(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Port>(info), env_(info.Env()), self_(std::make_shared<Port*>(this)) {
    const auto name = Napi::String::New(env_, "bartizan nft");
    check(napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, deliver,
                                          &bridge_));
    check(napi_unref_threadsafe_function(env_, bridge_));
    // After the bridge, so that at teardown the thread is gone before the bridge is.
    check(napi_add_env_cleanup_hook(env_, tear_down, this));
    worker_.listen({[this](const Change& change) { return send_notice(encode(change)); },
                    [this](const std::string& table) { return send_notice(encode_lost(table)); }});
    if (const int error = worker_.start()) {
      release();
      throw Napi::Error::New(env_, std::string("the firewall thread did not start: ") + strerror(error));
    }
  }

  ~Port() override {
    release();
    *self_ = nullptr;
  }

 private:
  // What goes to the JavaScript thread.
  struct Message {
    virtual ~Message() = default;
    // Without an environment the queue is only being emptied.
    virtual void deliver(napi_env env) = 0;
    std::vector<uint8_t> bytes = {};
  };

  // The answer to a call, which holds its port.
  struct Pending : Message {
    Pending(Port* asked, napi_deferred promised, bool is_last) : port(asked), deferred(promised), last(is_last) {}
    void deliver(napi_env env) override {
      if (env != nullptr) port->settle(env, *this);
    }
    Port* port;
    napi_deferred deferred;
    bool last;
  };

  // Something said unasked, for a port that may be gone when it arrives.
  struct Notice : Message {
    Notice(std::shared_ptr<Port*> to, std::vector<uint8_t> said) : port(std::move(to)) { bytes = std::move(said); }
    void deliver(napi_env env) override {
      if (*port != nullptr) (*port)->hear(env, bytes);
    }
    std::shared_ptr<Port*> port;
  };

  // So many notices may wait for a JavaScript thread that is busy.
  static constexpr uint32_t kWaiting = 1'000;

  void check(napi_status status) const {
    if (status != napi_ok) throw Napi::Error::New(env_, "the environment has no room for another firewall port");
  }

  Napi::Value call(const Napi::CallbackInfo& info) {
    size_t size = 0;
    for (size_t i = 0; i < info.Length(); i++) {
      if (!info[i].IsTypedArray() || info[i].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
        throw Napi::TypeError::New(env_, "call takes Uint8Arrays");
      }
      size += info[i].As<Napi::Uint8Array>().ByteLength();
    }
    if (info.Length() == 0) throw Napi::TypeError::New(env_, "call takes Uint8Arrays");
    std::vector<uint8_t> request;
    request.reserve(size);
    for (size_t i = 0; i < info.Length(); i++) {
      const auto piece = info[i].As<Napi::Uint8Array>();
      request.insert(request.end(), piece.Data(), piece.Data() + piece.ByteLength());
    }
    return ask(false, [&](Worker::Done done) { worker_.call(std::move(request), std::move(done)); });
  }

  Napi::Value close(const Napi::CallbackInfo&) {
    return ask(true, [&](Worker::Done done) { worker_.finish(std::move(done)); });
  }

  // Kept on the object itself, where the garbage collector sees the cycle: who listens holds the port.
  Napi::Value listen(const Napi::CallbackInfo& info) {
    if (info.Length() < 1 || !info[0].IsFunction()) throw Napi::TypeError::New(env_, "listen takes a function");
    Value().Set(kListener, info[0]);
    return env_.Undefined();
  }

  // On the notifier's thread. False: too many wait already.
  bool send_notice(std::vector<uint8_t> bytes) {
    if (waiting_.load() >= kWaiting) return false;
    waiting_++;
    auto notice = std::make_unique<Notice>(self_, std::move(bytes));
    // Refused once the environment is going: nobody is left to be told.
    if (napi_call_threadsafe_function(bridge_, notice.get(), napi_tsfn_nonblocking) == napi_ok) (void)notice.release();
    return true;
  }

  void hear(napi_env raw, const std::vector<uint8_t>& bytes) {
    waiting_--;
    if (raw == nullptr || finished_) return;
    napi_value self = Value();
    napi_value listener;
    napi_value notice;
    napi_valuetype type = napi_undefined;
    if (self == nullptr || napi_get_named_property(raw, self, kListener, &listener) != napi_ok) return;
    if (napi_typeof(raw, listener, &type) != napi_ok || type != napi_function) return;
    if (!copy(raw, bytes, notice) || napi_call_function(raw, self, listener, 1, &notice, nullptr) == napi_ok) return;
    // What the listener threw is a bug of its own, and ends as one.
    napi_value thrown;
    if (napi_get_and_clear_last_exception(raw, &thrown) == napi_ok) (void)napi_fatal_exception(raw, thrown);
  }

  template <class Hand>
  Napi::Value ask(bool last, Hand hand_over) {
    if (finished_) throw Napi::Error::New(env_, "the port is closed");
    finished_ = last;
    napi_deferred deferred;
    napi_value promise;
    check(napi_create_promise(env_, &deferred, &promise));
    // Owned by the call until it is on its way back: a call dropped at teardown takes it along.
    auto pending = std::make_shared<std::unique_ptr<Pending>>(new Pending{this, deferred, last});
    if (under_way_++ == 0) {
      Ref();
      napi_ref_threadsafe_function(env_, bridge_);
    }
    hand_over([bridge = bridge_, pending](std::vector<uint8_t> answer) {
      (*pending)->bytes = std::move(answer);
      Message* sent = pending->get();
      // Refused once the environment is going: nobody is left to be told.
      if (napi_call_threadsafe_function(bridge, sent, napi_tsfn_nonblocking) == napi_ok) (void)pending->release();
    });
    return Napi::Value(env_, promise);
  }

  // On the JavaScript thread; without an environment the queue is only being emptied.
  static void deliver(napi_env raw, napi_value, void*, void* data) {
    const std::unique_ptr<Message> message(static_cast<Message*>(data));
    message->deliver(raw);
  }

  void settle(napi_env raw, const Pending& pending) {
    settled(pending.last);
    napi_value answer;
    if (copy(raw, pending.bytes, answer)) {
      napi_resolve_deferred(raw, pending.deferred, answer);
      return;
    }
    // No memory for the answer. An environment that is being terminated refuses this too, and needs nothing any more.
    napi_value reason;
    if (napi_get_and_clear_last_exception(raw, &reason) != napi_ok) return;
    napi_reject_deferred(raw, pending.deferred, reason);
  }

  // In plain N-API: an environment that is being terminated must not make anything throw here.
  static bool copy(napi_env env, const std::vector<uint8_t>& bytes, napi_value& array) {
    void* data = nullptr;
    napi_value buffer;
    if (napi_create_arraybuffer(env, bytes.size(), &data, &buffer) != napi_ok) return false;
    std::memcpy(data, bytes.data(), bytes.size());
    return napi_create_typedarray(env, napi_uint8_array, bytes.size(), buffer, 0, &array) == napi_ok;
  }

  void settled(bool last) {
    if (--under_way_ == 0) {
      napi_unref_threadsafe_function(env_, bridge_);
      Unref();
    }
    if (last) release();
  }

  static void tear_down(void* self) {
    auto* port = static_cast<Port*>(self);
    port->hooked_ = false;
    port->release();
  }

  void release() {
    worker_.abandon();
    if (hooked_) napi_remove_env_cleanup_hook(env_, tear_down, this);
    hooked_ = false;
    if (bridge_ != nullptr) napi_release_threadsafe_function(bridge_, napi_tsfn_release);
    bridge_ = nullptr;
    finished_ = true;
  }

  static constexpr char kListener[] = "listener";

  Napi::Env env_;
  // Empty once the port is gone: notices may still be on their way then.
  std::shared_ptr<Port*> self_;
  std::atomic<uint32_t> waiting_ = 0;
  Worker worker_;
  napi_threadsafe_function bridge_ = nullptr;
  bool hooked_ = true;
  bool finished_ = false;
  uint32_t under_way_ = 0;
};

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("Port", Port::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(nft, initialize)
