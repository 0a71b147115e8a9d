// A thread of its own for an engine, so that a namespace can be entered without the rest of the process.
#pragma once

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "wire.h"

namespace bartizan::nft {

class Worker {
 public:
  // Told on the worker's thread, in the order of the calls but for loads, which let others go ahead.
  using Done = std::function<void(std::vector<uint8_t> answer)>;

  // How a request is carried out: by `serve`, unless a door has verbs of its own.
  using Serve = std::vector<uint8_t> (*)(Engine& engine, Bytes request);

  Worker() : Worker(std::make_unique<Engine>(), serve) {}
  Worker(std::unique_ptr<Engine> engine, Serve serve) : engine_(std::move(engine)), serve_(serve) {}
  ~Worker() { abandon(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Before the start.
  void listen(Notifier::Listener listener) { engine_->listen(std::move(listener)); }
  // 0 or the errno of a thread that could not be made.
  int start();
  void call(std::vector<uint8_t> request, Done done);
  // Loads asked for before end with `closed`, the one under way after its step.
  void end_loads();
  // Works off what was asked but loads, which end with `closed`; tells `done`, ends. No call may follow.
  void finish(Done done);
  // Waits for the end that finish() asked for.
  void join();
  // Ends after the call under way, a long dump at once; what waits is dropped untold. Returns when the thread is gone.
  void abandon();

 private:
  struct Job {
    std::vector<uint8_t> request;
    Done done;
    bool last = false;
    uint64_t number = 0;
  };

  enum class Turn { none, call, load };

  void run();
  Turn next(Job& job);
  void linger() const;
  bool is_loads_turn() const;
  void add(std::deque<Job>& lane, Job job);
  std::vector<uint8_t> answer(const Job& job);
  // The answer to the load under way, once this was its last step.
  std::optional<std::vector<uint8_t>> step();
  void advance_load();
  // Those made before the call of this number.
  void give_up_loads(uint64_t number);

  const std::unique_ptr<Engine> engine_;
  const Serve serve_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // Jobs and the word to end that came in; taken_ is the worker's own count of those it has seen.
  std::atomic<uint64_t> arrived_ = 0;
  uint64_t taken_ = 0;
  std::deque<Job> jobs_;
  std::deque<Job> loads_;
  uint64_t number_ = 0;
  bool abandoned_ = false;
  bool running_ = false;
  pthread_t thread_ = {};
  // Of the worker's thread: the load under way, and where it stands.
  std::optional<Job> loading_;
  std::optional<LoadUnderWay> way_;
  std::chrono::steady_clock::time_point last_step_ = {};
};

}  // namespace bartizan::nft
