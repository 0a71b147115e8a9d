#include "worker.h"

#include <cerrno>
#include <csignal>
#include <new>

namespace bartizan::nft {

namespace {

// Without a break, calls hold a load back no longer.
constexpr std::chrono::milliseconds kPatience{20};
// One call often follows on another, and to wake a thread costs more than the call itself.
constexpr std::chrono::microseconds kLinger{100};

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

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

void Worker::add(std::deque<Job>& lane, Job job) {
  {
    const std::lock_guard lock(mutex_);
    job.number = number_++;
    lane.push_back(std::move(job));
  }
  arrived_.fetch_add(1, std::memory_order_release);
  wake_.notify_one();
}

void Worker::call(std::vector<uint8_t> request, Done done) {
  auto& lane = is_load(request) ? loads_ : jobs_;
  add(lane, {std::move(request), std::move(done)});
}

void Worker::end_loads() { call(encode_end_loads(), [](std::vector<uint8_t>) {}); }

void Worker::finish(Done done) { add(jobs_, {{}, std::move(done), true}); }

void Worker::abandon() {
  if (!running_) return;
  engine_->stop();
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  arrived_.fetch_add(1, std::memory_order_release);
  wake_.notify_one();
  pthread_join(thread_, nullptr);
  running_ = false;
  engine_->close();
  jobs_.clear();
  loads_.clear();
}

void Worker::join() {
  if (!running_) return;
  pthread_join(thread_, nullptr);
  running_ = false;
}

// A load waits for the calls made before it, and lets those made after it go ahead, but not for ever.
bool Worker::is_loads_turn() const {
  const bool begun = loading_.has_value();
  if (!begun && loads_.empty()) return false;
  if (jobs_.empty()) return true;
  if (!begun && jobs_.front().number < loads_.front().number) return false;
  return std::chrono::steady_clock::now() - last_step_ > kPatience;
}

// Looks out for the next call for a while, awake.
void Worker::linger() const {
  const auto until = std::chrono::steady_clock::now() + kLinger;
  while (arrived_.load(std::memory_order_acquire) == taken_ && std::chrono::steady_clock::now() < until) relax();
}

Worker::Turn Worker::next(Job& job) {
  if (taken_ > 0 && !loading_) linger();
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return abandoned_ || loading_ || !jobs_.empty() || !loads_.empty(); });
  if (abandoned_) return Turn::none;
  if (!is_loads_turn()) {
    job = std::move(jobs_.front());
    jobs_.pop_front();
    taken_++;
    return Turn::call;
  }
  if (!loading_) {
    loading_ = std::move(loads_.front());
    loads_.pop_front();
    taken_++;
  }
  return Turn::load;
}

std::vector<uint8_t> Worker::answer(const Job& job) {
  if (job.last || ends_loads(job.request)) return {0};
  try {
    return serve_(*engine_, job.request);
  } catch (const std::bad_alloc&) {
    return encode(from_errno(ENOMEM));
  }
}

std::optional<std::vector<uint8_t>> Worker::step() {
  try {
    if (!way_) way_ = read_load(std::move(loading_->request));
    return way_ ? advance(*engine_, *way_) : encode(refuse("the request is malformed"));
  } catch (const std::bad_alloc&) {
    engine_->end_load();
    return encode(from_errno(ENOMEM));
  }
}

void Worker::advance_load() {
  auto reply = step();
  last_step_ = std::chrono::steady_clock::now();
  if (!reply) return;
  const Done done = std::move(loading_->done);
  loading_.reset();
  way_.reset();
  done(std::move(*reply));
}

// None begins while a call made before it waits, so the one under way is older.
void Worker::give_up_loads(uint64_t number) {
  std::deque<Job> older;
  {
    const std::lock_guard lock(mutex_);
    for (; !loads_.empty() && loads_.front().number < number; loads_.pop_front()) older.push_back(std::move(loads_.front()));
  }
  if (loading_) loading_->done(give_up(*engine_, way_ ? way_->next : 0));
  loading_.reset();
  way_.reset();
  for (const Job& job : older) job.done(give_up(*engine_, 0));
}

void Worker::run() {
  Job job;
  for (Turn turn = next(job); turn != Turn::none; turn = next(job)) {
    if (turn == Turn::load) {
      advance_load();
      continue;
    }
    if (job.last || ends_loads(job.request)) give_up_loads(job.number);
    auto reply = answer(job);
    if (job.last) engine_->close();
    job.done(std::move(reply));
    if (job.last) return;
  }
}

}  // namespace bartizan::nft
