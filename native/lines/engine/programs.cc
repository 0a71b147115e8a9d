#include "programs.h"

#include <algorithm>
#include <array>

#include "sshd.h"

namespace bartizan::lines {
namespace {

using std::string_view;
constexpr size_t kNone = string_view::npos;

bool is_alphanumeric(char unit) {
  return (unit >= '0' && unit <= '9') || (unit >= 'a' && unit <= 'z') || (unit >= 'A' && unit <= 'Z');
}

Said said_of(Action action, string_view user, string_view target = {}) {
  return {.action = action, .user = user, .address = {}, .method = {}, .target = target};
}

// What stands for no name is for others to tell from one.
bool is_name(string_view text) { return !text.empty() && text != "?"; }

// `pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)`
std::optional<Said> cron(string_view message) {
  const size_t end = message.find("): ");
  if (!message.starts_with("pam_") || end == kNone) return std::nullopt;
  bool opened = false;
  const std::optional<string_view> user = session_user(message.substr(end + 3), opened);
  if (!user || !is_name(*user)) return std::nullopt;
  return said_of(opened ? Action::pam_session_opened : Action::pam_session_closed, *user);
}

// `New session 3 of user alice.`
std::optional<Said> logind(string_view message) {
  constexpr string_view kOpening = "New session ";
  constexpr string_view kOf = " of user ";
  if (!message.starts_with(kOpening) || !message.ends_with('.')) return std::nullopt;
  const string_view rest = message.substr(kOpening.size(), message.size() - 1 - kOpening.size());
  const size_t end = std::min(rest.find(' '), rest.size());
  if (end == 0 || !std::all_of(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(end), is_alphanumeric)) return std::nullopt;
  if (!rest.substr(end).starts_with(kOf)) return std::nullopt;
  const string_view user = rest.substr(end + kOf.size());
  if (!is_name(user) || user.find_first_of(" '\t") != kNone) return std::nullopt;
  return said_of(Action::logind_session_new, user);
}

// In the order in which sudo writes them: one of them stands right behind the user.
constexpr std::array<string_view, 9> kFirstItems = {"HOST=", "TTY=", "CHROOT=", "PWD=", "USER=", "GROUP=", "TSID=", "ENV=", "COMMAND="};

// `3 incorrect password attempts ; `. @returns 0 for anything else
uint32_t attempts_of(string_view text) {
  constexpr size_t kMostDigits = 6;
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const string_view rest = text.substr(digits);
  if (digits > kMostDigits || (!rest.starts_with(" incorrect password attempts ; ") && !rest.starts_with(" incorrect password attempt ; "))) return 0;
  uint32_t attempts = 0;
  for (const char unit : text.substr(0, digits)) attempts = attempts * 10 + static_cast<uint32_t>(unit - '0');
  return attempts;
}

// `   alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id`, before these perhaps how often the
// password was wrong: `USER=` is believed where it stands once.
std::optional<Said> sudo(string_view message) {
  constexpr string_view kTarget = " ; USER=";
  // What opens so is PAM's for the parser, whoever says it; the other is sudo's JSON.
  if (message.starts_with("pam_") || message.starts_with("@cee:")) return std::nullopt;
  const size_t colon = message.find(" : ");
  if (colon == kNone || colon == 0) return std::nullopt;
  string_view user = message.substr(0, colon);
  user.remove_prefix(std::min(user.find_first_not_of(' '), user.size()));
  if (!is_name(user) || user.find_first_of(" \t") != kNone) return std::nullopt;
  const string_view text = message.substr(colon + 3);
  const bool is_command = std::ranges::any_of(kFirstItems, [text](string_view item) { return text.starts_with(item); });
  const uint32_t attempts = is_command ? 0 : attempts_of(text);
  if (!is_command && attempts == 0) return std::nullopt;
  const size_t start = text.find(kTarget);
  if (start == kNone || text.find(kTarget, start + 1) != kNone) return std::nullopt;
  const size_t end = text.find(" ; ", start + kTarget.size());
  if (end == kNone || end == start + kTarget.size()) return std::nullopt;
  Said said = said_of(is_command ? Action::sudo_command : Action::sudo_failed, user, text.substr(start + kTarget.size(), end - start - kTarget.size()));
  if (attempts >= 2) said.repeats = attempts;
  return said;
}

// `FAILED SU (to root) alice on pts/0`: the target is what the caller typed, so the caller is read from the end.
std::optional<Said> su(string_view message) {
  constexpr string_view kOpening = "FAILED SU (to ";
  if (!message.starts_with(kOpening)) return std::nullopt;
  const string_view text = message.substr(kOpening.size());
  const size_t on = text.rfind(" on ");
  if (on == kNone) return std::nullopt;
  const size_t end = text.rfind(") ", on);
  if (end == kNone || end == 0 || end + 2 > on) return std::nullopt;
  const string_view user = text.substr(end + 2, on - end - 2);
  if (!is_name(user)) return std::nullopt;
  return said_of(Action::su_failed, user, text.substr(0, end));
}

}  // namespace

std::optional<Said> read_program(string_view program, string_view message) {
  if (program == "sshd" || program == "sshd-session" || program == "sshd-auth") return read_sshd(message);
  if (program == "CRON") return cron(message);
  if (program == "systemd-logind") return logind(message);
  if (program == "sudo") return sudo(message);
  return program == "su" ? su(message) : std::nullopt;
}

}  // namespace bartizan::lines
