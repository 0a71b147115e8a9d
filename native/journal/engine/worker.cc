#include "worker.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>

namespace bartizan::journal {

int Worker::start() {
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) return errno;
  // Signals are for the threads that know what to do with them, but for the one that comes of reading a mapped file.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigdelset(&all, SIGBUS);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(
      &thread_, nullptr,
      [](void* worker) -> void* {
        static_cast<Worker*>(worker)->run();
        return nullptr;
      },
      this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) pthread_setname_np(thread_, "bartizan-jrnl");
  running_ = error == 0;
  if (!running_) close(wake_);
  return error;
}

void Worker::call(std::vector<uint8_t> request, Done done) { add({std::move(request), std::move(done)}); }

void Worker::finish(Done done) {
  journal_.stop();
  add({{}, std::move(done), true});
}

void Worker::add(Job job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  eventfd_write(wake_, 1);
  added_.notify_one();
}

void Worker::abandon() {
  if (!running_) return;
  journal_.stop();
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    eventfd_write(wake_, 1);
  }
  added_.notify_one();
  pthread_join(thread_, nullptr);
  running_ = false;
  close(wake_);
  jobs_.clear();
}

std::optional<Worker::Job> Worker::next() {
  std::unique_lock lock(mutex_);
  added_.wait(lock, [&] { return abandoned_ || !jobs_.empty(); });
  if (abandoned_) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  eventfd_t seen;
  if (jobs_.empty()) eventfd_read(wake_, &seen);
  return job;
}

std::vector<uint8_t> Worker::answer(const Job& job) {
  if (job.last) return {0, 0, 0, 0};
  try {
    return serve(journal_, job.request, wake_);
  } catch (const std::bad_alloc&) {
    return encode({Kind::errno_, ENOMEM});
  }
}

void Worker::run() {
  for (auto job = next(); job; job = next()) {
    auto reply = answer(*job);
    if (job->last) journal_.close();
    job->done(std::move(reply));
    if (job->last) return;
  }
}

}  // namespace bartizan::journal
