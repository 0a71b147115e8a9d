#include "worker.h"

#include <cerrno>
#include <csignal>
#include <new>

namespace bartizan::nft {

int Worker::start() {
  // Signals are for the threads that know what to do with them; the new thread inherits the mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(
      &thread_, nullptr,
      [](void* worker) -> void* {
        static_cast<Worker*>(worker)->run();
        return nullptr;
      },
      this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) pthread_setname_np(thread_, "bartizan-nft");
  running_ = error == 0;
  return error;
}

void Worker::call(std::vector<uint8_t> request, Done done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(request), std::move(done)});
  }
  wake_.notify_one();
}

void Worker::finish(Done done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({{}, std::move(done), true});
  }
  wake_.notify_one();
}

void Worker::abandon() {
  if (!running_) return;
  engine_->stop();
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  wake_.notify_one();
  pthread_join(thread_, nullptr);
  running_ = false;
  jobs_.clear();
}

void Worker::join() {
  if (!running_) return;
  pthread_join(thread_, nullptr);
  running_ = false;
}

std::optional<Worker::Job> Worker::next() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return abandoned_ || !jobs_.empty(); });
  if (abandoned_) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

std::vector<uint8_t> Worker::answer(const Job& job) {
  if (job.last) return {0};
  try {
    return serve_(*engine_, job.request);
  } catch (const std::bad_alloc&) {
    return encode(from_errno(ENOMEM));
  }
}

void Worker::run() {
  for (auto job = next(); job; job = next()) {
    auto reply = answer(*job);
    if (job->last) engine_->close();
    job->done(std::move(reply));
    if (job->last) return;
  }
}

}  // namespace bartizan::nft
