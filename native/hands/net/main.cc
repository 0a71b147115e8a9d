// The net hand: holds CAP_NET_ADMIN so that the process that talks to the network need not. It owns one table, and what
// its floor names is never cut, whoever asks. Started in the network namespace whose packets are filtered.
#include <pwd.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>

#include "../../nft/engine/validate.h"
#include "confine.h"
#include "guard.h"
#include "hand.h"
#include "manager.h"

namespace bartizan::hand {
namespace {

constexpr const char* kUsage =
    "usage: net-hand [--table NAME] [--socket PATH] [--uid USER] [--floor FILE] [--unguarded]\n"
    "  --table      the one table (family inet) that may be touched: bartizan\n"
    "  --socket     listens there, unless the service manager hands over a socket\n"
    "  --uid        name or number of the user who may connect: the own\n"
    "  --floor      networks that can never be cut, one a line\n"
    "  --unguarded  any table, no floor, nothing kept: for tests in a namespace of their own\n";

struct Options {
  std::string table = "bartizan";
  std::string socket = {};
  std::string floor = {};
  uid_t uid = geteuid();
  bool guarded = true;
};

int fail(const std::string& why) {
  fprintf(stderr, "net-hand: %s\n", why.c_str());
  return 1;
}

bool parse_user(const std::string& text, uid_t& uid) {
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (error == std::errc{} && stopped == text.data() + text.size()) return true;
  const passwd* user = getpwnam(text.c_str());
  if (user != nullptr) uid = user->pw_uid;
  return user != nullptr;
}

bool parse(int count, char** words, Options& options) {
  for (int i = 1; i < count; i++) {
    const std::string word = words[i];
    if (word == "--unguarded") {
      options.guarded = false;
      continue;
    }
    if (i + 1 == count) return false;
    const std::string value = words[++i];
    if (word == "--table" && nft::is_name(value)) {
      options.table = value;
    } else if (word == "--socket") {
      options.socket = value;
    } else if (word == "--floor") {
      options.floor = value;
    } else if (word != "--uid" || !parse_user(value, options.uid)) {
      return false;
    }
  }
  return true;
}

// Signals that end it arrive as something to read.
int endings() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int live(const Options& options, const Hand::Ground& ground, Floor floor) {
  Audit audit;
  ServiceManager manager;
  Guard* guard = nullptr;
  std::unique_ptr<nft::Engine> engine;
  if (options.guarded) {
    auto made = std::make_unique<Guard>(options.table, std::move(floor), audit, [wake = ground.wake] {
      const uint64_t one = 1;
      (void)!write(wake, &one, sizeof one);
    });
    guard = made.get();
    guard->take_up();
    engine = std::move(made);
  } else {
    engine = std::make_unique<nft::Engine>();
  }
  nft::Worker worker(std::move(engine), options.guarded ? serve_guarded : serve_unguarded);
  Hand hand(ground, worker, guard, audit, manager);
  worker.listen(hand.listener());
  if (const int error = worker.start()) return fail(std::string("the engine's thread: ") + strerror(error));
  manager.tell("STATUS=Holds table " + options.table);
#ifndef __SANITIZE_ADDRESS__
  if (const std::string trouble = filter_system_calls(); !trouble.empty()) return fail(trouble);
#endif
  manager.tell("READY=1");
  audit.say(Audit::Level::info, options.guarded ? "ready: holds table " + options.table : "ready: UNGUARDED, for tests");
  const int error = hand.run();
  // Nobody may call the hand any more.
  worker.abandon();
  return error == 0 ? 0 : fail(strerror(error));
}

int begin(int count, char** words) {
  Options options;
  if (!parse(count, words, options)) {
    fputs(kUsage, stderr);
    return 2;
  }
  Floor floor;
  if (!options.floor.empty()) {
    if (const auto trouble = floor.read(options.floor)) return fail("floor " + *trouble);
  }
  Opened door = activated();
  if (door.fd < 0 && door.error.empty()) {
    if (options.socket.empty()) return fail("no socket: none was handed over, and --socket names none");
    door = bound(options.socket, options.uid);
  }
  if (door.fd < 0) return fail(door.error);
  const Hand::Ground ground = {door.fd, endings(), eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), options.uid};
  if (ground.ending < 0 || ground.wake < 0) return fail(strerror(errno));
  if (const std::string trouble = drop_capabilities(); !trouble.empty()) return fail(trouble);
  return live(options, ground, std::move(floor));
}

}  // namespace
}  // namespace bartizan::hand

int main(int count, char** words) { return bartizan::hand::begin(count, words); }
