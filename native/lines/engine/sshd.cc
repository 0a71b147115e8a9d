#include "sshd.h"

#include <algorithm>
#include <array>
#include <utility>

#include "address.h"

namespace bartizan::lines {
namespace {

using std::string_view;
constexpr size_t kNone = string_view::npos;

// A message this long may have lost its end, and then its right end is not believed.
constexpr size_t kCutAt = 500;
constexpr string_view kPreauth = " [preauth]";

bool is_digit(char unit) { return unit >= '0' && unit <= '9'; }

// Of 1 to 65535, all of the text; 0 for what is none.
uint32_t port_of(string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return 0;
  uint32_t port = 0;
  for (const char unit : text) port = port * 10 + static_cast<uint32_t>(unit - '0');
  return port <= 65'535 ? port : 0;
}

// Reads `ADDRESS port N` at the very end, before which stands text that an attacker may have chosen.
// @returns where `lead` begins, kNone where the text does not end so
size_t peer_at_end(string_view text, string_view lead, Said& said) {
  const size_t at = text.rfind(" port ");
  if (at == kNone) return kNone;
  said.port = port_of(text.substr(at + 6));
  const string_view before = text.substr(0, at);
  const size_t start = before.rfind(' ') + 1;
  if (said.port == 0 || start < lead.size() || !before.substr(start - lead.size()).starts_with(lead)) return kNone;
  said.address = before.substr(start);
  return is_address(said.address) ? start - lead.size() : kNone;
}

// Reads `ADDRESS port N` at the very start; what follows may be anything.
bool peer_at_start(string_view text, Said& said) {
  const size_t end = std::min(text.find(' '), text.size());
  if (!text.substr(end).starts_with(" port ")) return false;
  size_t stop = end + 6;
  while (stop < text.size() && is_digit(text[stop])) stop++;
  said.address = text.substr(0, end);
  said.port = port_of(text.substr(end + 6, stop - end - 6));
  return said.port != 0 && is_address(said.address);
}

void set_user(string_view written, Said& said) {
  constexpr size_t kLength = string_view("invalid user ").size();
  const bool unknown = written.starts_with("invalid user ") || written.starts_with("illegal user ");
  if (unknown) said.user_unknown = true;
  said.user = unknown ? written.substr(kLength) : written;
}

using Methods = std::array<std::pair<string_view, Action>, 4>;

constexpr Methods kFailed = {{{"password", Action::failed_password},
                              {"publickey", Action::failed_publickey},
                              {"keyboard-interactive", Action::failed_keyboard_interactive},
                              {"none", Action::failed_none}}};
constexpr Methods kAccepted = {{{"password", Action::accepted_password},
                                {"publickey", Action::accepted_publickey},
                                {"keyboard-interactive", Action::accepted_keyboard_interactive},
                                {"", Action::accepted_other}}};

// `METHOD for USER from ADDRESS port N ssh2`, then perhaps `: KEY`, where there is but one place that this could be.
bool outcome(string_view rest, const Methods& methods, Action otherwise, Said& said) {
  const size_t method_end = rest.find(" for ");
  if (method_end == kNone || method_end == 0) return false;
  said.method = rest.substr(0, method_end);
  if (said.method.find(' ') != kNone) return false;
  size_t end = rest.ends_with(" ssh2") ? rest.size() - 5 : rest.rfind(" ssh2: ");
  if (end == kNone || (!rest.ends_with(" ssh2") && rest.find(" ssh2: ") != end)) return false;
  const size_t from = peer_at_end(rest.substr(0, end), " from ", said);
  if (from == kNone || from < method_end + 5) return false;
  set_user(rest.substr(method_end + 5, from - method_end - 5), said);
  const string_view name = said.method.substr(0, said.method.find('/'));
  const auto* known = std::ranges::find(methods, name, &Methods::value_type::first);
  said.action = known == methods.end() ? otherwise : known->second;
  return true;
}

bool accepted(string_view rest, Said& said) {
  if (rest.starts_with("key ") || rest.starts_with("certificate ")) return false;
  return outcome(rest, kAccepted, Action::accepted_other, said);
}

bool invalid_user(string_view rest, Said& said) {
  const size_t from = peer_at_end(rest, " from ", said);
  if (from == kNone) return false;
  set_user(rest.substr(0, from), said);
  said.user_unknown = true;
  said.action = Action::invalid_user;
  return true;
}

// `ADDRESS port N`, before it perhaps whose connection it is.
bool connection_ended(string_view rest, Action otherwise, Said& said) {
  said.action = otherwise;
  for (const string_view opening : {string_view("authenticating user "), string_view("invalid user "), string_view("user ")}) {
    if (!rest.starts_with(opening)) continue;
    const size_t end = peer_at_end(rest, " ", said);
    if (end == kNone) return false;
    if (opening.starts_with('i')) said.user_unknown = true;
    if (end > opening.size()) said.user = rest.substr(opening.size(), end - opening.size());
    if (!opening.starts_with('u')) said.action = Action::auth_abandoned;
    return true;
  }
  return peer_at_start(rest, said);
}

// Without `(uid=N)` at its end.
string_view without_uid(string_view user) {
  constexpr string_view kOpening = "(uid=";
  if (!user.ends_with(')')) return user;
  const size_t open = user.rfind(kOpening);
  if (open == kNone) return user;
  const string_view digits = user.substr(open + kOpening.size(), user.size() - 1 - open - kOpening.size());
  return !digits.empty() && std::ranges::all_of(digits, is_digit) ? user.substr(0, open) : user;
}

// `logname= uid=0 euid=0 tty=ssh ruser= rhost=HOST  user=NAME`: nothing of the client's stands before the first `rhost=`.
bool pam_failure(string_view text, Said& said) {
  said.action = Action::pam_failure;
  const size_t start = text.find(" rhost=");
  if (start == kNone) return true;
  const size_t space = text.find(' ', start + 7);
  said.address = text.substr(start + 7, space == kNone ? kNone : space - start - 7);
  if (!is_address(said.address)) return false;
  const size_t user = space == kNone ? kNone : text.find(" user=", space);
  if (user != kNone && user <= space + 1) set_user(text.substr(user + 6), said);
  return true;
}

bool pam(string_view text, Said& said) {
  if (text.starts_with("authentication failure; ")) return pam_failure(text, said);
  if (text.starts_with("check pass; user unknown")) {
    said.action = Action::pam_failure;
    said.user_unknown = true;
    return true;
  }
  bool is_opened = false;
  const std::optional<string_view> user = session_user(text, is_opened);
  if (user) set_user(*user, said);
  said.action = !user ? Action::pam_other : is_opened ? Action::session_opened : Action::session_closed;
  return true;
}

bool read(string_view text, Said& said) {
  const auto behind = [&text](string_view opening) { return text.substr(opening.size()); };
  const auto opens = [&text](string_view opening) { return text.starts_with(opening); };
  if (opens("Failed ")) return outcome(behind("Failed "), kFailed, Action::failed_other, said);
  if (opens("Invalid user ")) return invalid_user(behind("Invalid user "), said);
  if (opens("Connection closed by ")) {
    return connection_ended(behind("Connection closed by "), Action::connection_closed, said);
  }
  if (opens("Accepted ")) return accepted(behind("Accepted "), said);
  if (opens("Disconnected from ")) return connection_ended(behind("Disconnected from "), Action::connection_closed, said);
  if (opens("Connection reset by ")) return connection_ended(behind("Connection reset by "), Action::connection_reset, said);
  if (opens("Received disconnect from ")) {
    said.action = Action::received_disconnect;
    return peer_at_start(behind("Received disconnect from "), said);
  }
  if (!opens("pam_")) return false;
  const size_t end = text.find("): ");
  return end != kNone && pam(text.substr(end + 3), said);
}

std::optional<Said> read_one(string_view message) {
  if (message.size() >= kCutAt) return std::nullopt;
  if (message.ends_with(kPreauth)) message.remove_suffix(kPreauth.size());
  Said said{.action = Action::failed_other, .user = {}, .address = {}, .method = {}, .target = {}};
  if (!read(message, said)) return std::nullopt;
  return said;
}

// `5 times: [ MESSAGE]`, into which rsyslog folds like lines.
std::optional<Said> repeated(string_view text) {
  constexpr string_view kTimes = " times: [";
  constexpr size_t kMostDigits = 9;
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > kMostDigits || !text.substr(digits).starts_with(kTimes) || !text.ends_with(']')) return std::nullopt;
  uint32_t times = 0;
  for (const char unit : text.substr(0, digits)) times = times * 10 + static_cast<uint32_t>(unit - '0');
  string_view message = text.substr(digits + kTimes.size(), text.size() - 1 - digits - kTimes.size());
  if (message.starts_with(' ')) message.remove_prefix(1);
  std::optional<Said> said = read_one(message);
  if (said && times >= 2) said->repeats = times;
  return said;
}

}  // namespace

std::optional<string_view> session_user(string_view text, bool& opened) {
  constexpr string_view kOpened = "session opened for user ";
  constexpr string_view kClosed = "session closed for user ";
  opened = text.starts_with(kOpened);
  if (opened) {
    const size_t by = text.rfind(" by ");
    const size_t end = by == kNone || by < kOpened.size() ? text.size() : by;
    return without_uid(text.substr(kOpened.size(), end - kOpened.size()));
  }
  if (text.starts_with(kClosed)) return without_uid(text.substr(kClosed.size()));
  return std::nullopt;
}

std::optional<Said> read_sshd(string_view message) {
  constexpr string_view kRepeated = "message repeated ";
  if (message.starts_with(kRepeated)) return repeated(message.substr(kRepeated.size()));
  return read_one(message);
}

}  // namespace bartizan::lines
