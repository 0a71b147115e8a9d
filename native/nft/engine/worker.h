// A thread of its own for an engine, so that a namespace can be entered without the rest of the process.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "wire.h"

namespace bartizan::nft {

class Worker {
 public:
  // Told on the worker's thread, in the order of the calls.
  using Done = std::function<void(std::vector<uint8_t> answer)>;

  // How a request is carried out: by `serve`, unless a door has verbs of its own.
  using Serve = std::vector<uint8_t> (*)(Engine& engine, Bytes request);

  Worker() : Worker(std::make_unique<Engine>(), serve) {}
  Worker(std::unique_ptr<Engine> engine, Serve serve) : engine_(std::move(engine)), serve_(serve) {}
  ~Worker() { abandon(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // 0 or the errno of a thread that could not be made.
  int start();
  void call(std::vector<uint8_t> request, Done done);
  // Works off what was asked, tells `done`, ends. No call may follow.
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
  };

  void run();
  std::optional<Job> next();
  std::vector<uint8_t> answer(const Job& job);

  const std::unique_ptr<Engine> engine_;
  const Serve serve_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool abandoned_ = false;
  bool running_ = false;
  pthread_t thread_ = {};
};

}  // namespace bartizan::nft
