// A thread of its own for a journal: reading blocks on the disk, and waiting blocks until somebody logs.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "wire.h"

namespace bartizan::journal {

class Worker {
 public:
  // Told on the worker's thread, in the order of the calls.
  using Done = std::function<void(std::vector<uint8_t> answer)>;

  Worker() = default;
  ~Worker() { abandon(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // 0 or the errno of a thread or descriptor that could not be made.
  int start();
  // Ends a wait that is under way.
  void call(std::vector<uint8_t> request, Done done);
  // Ends a wait or read that is under way, works off what was asked, tells `done`, ends. No call may follow.
  void finish(Done done);
  // Ends at once; what waits is dropped untold. Returns when thread and descriptor are gone.
  void abandon();

 private:
  struct Job {
    std::vector<uint8_t> request;
    Done done;
    bool last = false;
  };

  void add(Job job);
  void run();
  std::optional<Job> next();
  std::vector<uint8_t> answer(const Job& job);

  Journal journal_;
  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<Job> jobs_;
  bool abandoned_ = false;
  bool running_ = false;
  // Readable while a job waits.
  int wake_ = -1;
  pthread_t thread_ = {};
};

}  // namespace bartizan::journal
