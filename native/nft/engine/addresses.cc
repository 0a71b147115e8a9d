#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "engine.h"

namespace bartizan::nft {

namespace {

constexpr int kAttempts = 8;

std::optional<Key> address_of(const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(ifaddrmsg))) return std::nullopt;
  ifaddrmsg head;
  std::memcpy(&head, NLMSG_DATA(message), sizeof head);
  if (head.ifa_family != AF_INET && head.ifa_family != AF_INET6) return std::nullopt;
  Key key;
  key.width = head.ifa_family == AF_INET ? 4 : 16;
  const Attributes attributes = attributes_of(message, sizeof head);
  // On a point-to-point link IFA_ADDRESS is the peer's and IFA_LOCAL ours; elsewhere IPv6 has IFA_ADDRESS alone.
  auto bytes = attributes.find(IFA_LOCAL);
  if (!bytes) bytes = attributes.find(IFA_ADDRESS);
  if (!bytes || bytes->size() != key.width) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), key.address.begin());
  return key;
}

}  // namespace

Result<std::vector<Key>> Engine::addresses() {
  int error = 0;
  for (int attempt = 0; attempt < kAttempts; attempt++) {
    std::vector<Key> found;
    MessageWriter out(route_.next_seq());
    const ifaddrmsg any = {};
    out.begin(RTM_GETADDR, NLM_F_DUMP, {reinterpret_cast<const uint8_t*>(&any), sizeof any});
    error = route_.dump(out, [&](const nlmsghdr* message) {
      const auto key = address_of(message);
      const auto same = [&](const Key& each) { return each.width == key->width && each.address == key->address; };
      if (key && std::ranges::none_of(found, same)) found.push_back(*key);
    });
    if (error == 0) return found;
    if (error != EINTR) break;
  }
  return from_errno(error);
}

}  // namespace bartizan::nft
