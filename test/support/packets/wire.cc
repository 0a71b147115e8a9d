// A peer at the end of a cable, without a network stack of its own: sends frames from whatever source is wanted and says
// which of them were answered. Its probes are all answered by the far kernel itself, without a process in between: a SYN
// to a closed port by a reset, a datagram to one by "port unreachable", an echo request, and a segment below the window
// of an established connection by an acknowledgement.
//
//   wire DEVICE OWN_MAC NEXT_MAC PORT NAMESPACE...   PORT is listened to in the namespaces, for the connections
//
// Reads a command a line, answers each with one:
//   probe KIND SRC DST    tcp, udp, icmp or open; `open` makes the connection now  -> ok | lost
//   marker SRC DST        what is answered under every rule                        -> ok
//   round                 -> a digit a probe, 1 answered, 0 not; or lost, when the marker was not answered
//
// That something was not answered is certain: sender, both hosts and all replies share one processor, where packets wait in
// one queue. The way to a neighbour and back takes four turns of it, a marker's two; three markers follow, each sent when
// the one before it is back.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;
using Mac = std::array<uint8_t, 6>;

constexpr int kMarkers = 3;
constexpr int kPatienceMs = 5000;
constexpr uint16_t kFirstPort = 20000;
constexpr uint16_t kClosedPort = 9;
constexpr uint8_t kSyn = 2, kReset = 4, kAck = 16;

[[noreturn]] void fail(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

struct Address {
  int family = 0;
  Bytes bytes;
};

Address addressOf(const std::string& text) {
  Address address;
  address.family = text.find(':') == std::string::npos ? 4 : 6;
  address.bytes.resize(address.family == 4 ? 4 : 16);
  if (inet_pton(address.family == 4 ? AF_INET : AF_INET6, text.c_str(), address.bytes.data()) != 1) fail(text);
  return address;
}

Mac macOf(const char* text) {
  Mac mac{};
  unsigned part[6];
  if (std::sscanf(text, "%x:%x:%x:%x:%x:%x", part, part + 1, part + 2, part + 3, part + 4, part + 5) != 6) fail(text);
  for (int i = 0; i < 6; i++) mac[i] = static_cast<uint8_t>(part[i]);
  return mac;
}

void put16(Bytes& to, size_t at, uint16_t value) {
  to[at] = value >> 8;
  to[at + 1] = value & 255;
}
void put32(Bytes& to, size_t at, uint32_t value) {
  put16(to, at, value >> 16);
  put16(to, at + 2, value & 65535);
}
uint16_t get16(const uint8_t* from) { return static_cast<uint16_t>(from[0] << 8 | from[1]); }
uint32_t get32(const uint8_t* from) { return static_cast<uint32_t>(get16(from)) << 16 | get16(from + 2); }

uint16_t checksum(const Bytes& data, uint32_t sum = 0) {
  for (size_t i = 0; i < data.size(); i++) sum += i % 2 == 0 ? data[i] << 8 : data[i];
  while (sum >> 16) sum = (sum & 65535) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

uint32_t pseudoSum(const Address& from, const Address& to, uint8_t protocol, size_t length) {
  uint32_t sum = protocol + static_cast<uint32_t>(length);
  for (const Address* each : {&from, &to})
    for (size_t i = 0; i < each->bytes.size(); i += 2) sum += get16(&each->bytes[i]);
  return sum;
}

enum class Kind { tcp, udp, icmp, open };

struct Probe {
  Kind kind;
  Address source, target;
  uint16_t id = 0;
  // Of an established connection: what this side sends next, and what it has of the other.
  uint32_t sequence = 0, acknowledged = 0;
  bool answered = false;
};

class Wire {
 public:
  Wire(const char* device, const Mac& own, const Mac& next, uint16_t port) : own_(own), next_(next), port_(port) {
    socket_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
    if (socket_ < 0) fail("socket");
    sockaddr_ll place{};
    place.sll_family = AF_PACKET;
    place.sll_protocol = htons(ETH_P_ALL);
    place.sll_ifindex = static_cast<int>(if_nametoindex(device));
    if (bind(socket_, reinterpret_cast<sockaddr*>(&place), sizeof place) < 0) fail("bind");
    int room = 64 << 20;
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  }

  /** @returns whether it is ready to be sent */
  bool add(Kind kind, const Address& source, const Address& target) {
    probes_.push_back({kind, source, target, static_cast<uint16_t>(kFirstPort + probes_.size())});
    return kind != Kind::open || connect(probes_.back());
  }

  void mark(const Address& source, const Address& target) { marker_ = {Kind::icmp, source, target, 1}; }

  std::string round() {
    round_++;
    for (Probe& probe : probes_) {
      probe.answered = false;
      send(probe);
      // Nothing waits long to be read: a full buffer would be an answer lost.
      if (probe.id % 64 == 0) while (receive(0)) {}
    }
    for (int i = 0; i < kMarkers; i++) {
      marker_.answered = false;
      marker_.id = static_cast<uint16_t>(i + 1);
      send(marker_);
      if (!await(marker_)) return "lost";
    }
    std::string told;
    for (const Probe& probe : probes_) told += probe.answered ? '1' : '0';
    return told;
  }

 private:
  bool connect(Probe& probe) {
    probe.sequence = 1000;
    sendSegment(probe, kSyn, probe.sequence, 0);
    if (!await(probe)) return false;
    probe.sequence++;
    sendSegment(probe, kAck, probe.sequence, probe.acknowledged);
    return true;
  }

  bool await(const Probe& probe) {
    const int64_t end = nowMs() + kPatienceMs;
    while (!probe.answered) {
      const int64_t left = end - nowMs();
      if (left <= 0) return false;
      receive(static_cast<int>(left));
    }
    return true;
  }

  static int64_t nowMs() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
  }

  void send(const Probe& probe) {
    switch (probe.kind) {
      case Kind::tcp:
        return sendSegment(probe, kSyn, round_, 0);
      case Kind::open:
        return sendSegment(probe, kAck, probe.sequence - 1, probe.acknowledged);
      case Kind::udp: {
        Bytes datagram(12);
        put16(datagram, 0, probe.id);
        put16(datagram, 2, kClosedPort);
        put16(datagram, 4, 12);
        put32(datagram, 8, round_);
        return sendPacket(probe, IPPROTO_UDP, datagram, 6);
      }
      case Kind::icmp: {
        Bytes echo(12);
        echo[0] = probe.source.family == 4 ? 8 : 128;
        put16(echo, 4, probe.id);
        put16(echo, 6, static_cast<uint16_t>(round_));
        put32(echo, 8, round_);
        return sendPacket(probe, echoProtocol(probe), echo, 2);
      }
    }
  }

  static uint8_t echoProtocol(const Probe& probe) {
    return static_cast<uint8_t>(probe.source.family == 4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
  }

  void sendSegment(const Probe& probe, uint8_t flags, uint32_t sequence, uint32_t acknowledged) {
    Bytes segment(20);
    put16(segment, 0, probe.id);
    put16(segment, 2, probe.kind == Kind::open ? port_ : kClosedPort);
    put32(segment, 4, sequence);
    put32(segment, 8, acknowledged);
    segment[12] = 5 << 4;
    segment[13] = flags;
    put16(segment, 14, 65535);
    sendPacket(probe, IPPROTO_TCP, segment, 16);
  }

  void sendPacket(const Probe& probe, uint8_t protocol, Bytes& payload, size_t sumAt) {
    const bool bare = protocol == IPPROTO_ICMP;
    const uint32_t pseudo = bare ? 0 : pseudoSum(probe.source, probe.target, protocol, payload.size());
    const uint16_t sum = checksum(payload, pseudo);
    // A datagram's sum of 0 would say that there is none.
    put16(payload, sumAt, protocol == IPPROTO_UDP && sum == 0 ? 65535 : sum);
    Bytes frame(next_.begin(), next_.end());
    frame.insert(frame.end(), own_.begin(), own_.end());
    const Bytes header = probe.source.family == 4 ? header4(probe, protocol, payload.size())
                                                  : header6(probe, protocol, payload.size());
    frame.insert(frame.end(), header.begin(), header.end());
    frame.insert(frame.end(), payload.begin(), payload.end());
    if (::send(socket_, frame.data(), frame.size(), 0) < 0) fail("send");
  }

  static Bytes header4(const Probe& probe, uint8_t protocol, size_t length) {
    Bytes header(20);
    header[0] = 0x45;
    put16(header, 2, static_cast<uint16_t>(20 + length));
    header[8] = 64;
    header[9] = protocol;
    std::copy(probe.source.bytes.begin(), probe.source.bytes.end(), header.begin() + 12);
    std::copy(probe.target.bytes.begin(), probe.target.bytes.end(), header.begin() + 16);
    put16(header, 10, checksum(header));
    header.insert(header.begin(), {0x08, 0x00});
    return header;
  }

  static Bytes header6(const Probe& probe, uint8_t protocol, size_t length) {
    Bytes header(40);
    header[0] = 0x60;
    put16(header, 4, static_cast<uint16_t>(length));
    header[6] = protocol;
    header[7] = 64;
    std::copy(probe.source.bytes.begin(), probe.source.bytes.end(), header.begin() + 8);
    std::copy(probe.target.bytes.begin(), probe.target.bytes.end(), header.begin() + 24);
    header.insert(header.begin(), {0x86, 0xdd});
    return header;
  }

  /** Takes one frame. @returns false when there is none within the time */
  bool receive(int timeoutMs) {
    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, timeoutMs) <= 0) return false;
    uint8_t frame[2048];
    sockaddr_ll from{};
    socklen_t length = sizeof from;
    const ssize_t size = recvfrom(socket_, frame, sizeof frame, 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (size > ETH_HLEN && from.sll_pkttype == PACKET_HOST) read(frame + ETH_HLEN, size - ETH_HLEN, get16(frame + 12));
    return true;
  }

  void read(const uint8_t* packet, ssize_t size, uint16_t type) {
    if (type == ETH_P_IP && size >= 28) payload(packet[9], packet + 20, size - 20, 4);
    else if (type == ETH_P_IPV6 && size >= 48) payload(packet[6], packet + 40, size - 40, 6);
  }

  void payload(uint8_t protocol, const uint8_t* data, ssize_t size, int family) {
    if (protocol == IPPROTO_TCP && size >= 20) return segment(data);
    if (protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6) return;
    const bool six = family == 6;
    if (data[0] == (six ? 129 : 0) && size >= 12 && get32(data + 8) == round_) return echo(get16(data + 4));
    const ssize_t quoted = 8 + (six ? 40 : 20);
    const bool isUnreachable = data[0] == (six ? 1 : 3) && data[1] == (six ? 4 : 3);
    if (!isUnreachable || size < quoted + 12 || get32(data + quoted + 8) != round_) return;
    answered(get16(data + quoted), Kind::udp);
  }

  void echo(uint16_t id) {
    if (id == marker_.id) marker_.answered = true;
    else answered(id, Kind::icmp);
  }

  void segment(const uint8_t* data) {
    const uint16_t id = get16(data + 2);
    const uint8_t flags = data[13];
    if (flags == (kReset | kAck) && get32(data + 8) == round_ + 1) return answered(id, Kind::tcp);
    if (flags == (kSyn | kAck)) {
      if (Probe* probe = find(id, Kind::open)) probe->acknowledged = get32(data + 4) + 1;
      return answered(id, Kind::open);
    }
    if (flags == kAck) answered(id, Kind::open);
  }

  Probe* find(uint16_t id, Kind kind) {
    const size_t at = static_cast<size_t>(id) - kFirstPort;
    return id >= kFirstPort && at < probes_.size() && probes_[at].kind == kind ? &probes_[at] : nullptr;
  }

  void answered(uint16_t id, Kind kind) {
    if (Probe* probe = find(id, kind)) probe->answered = true;
  }

  int socket_ = -1;
  Mac own_, next_;
  uint16_t port_;
  uint32_t round_ = 0;
  std::vector<Probe> probes_;
  Probe marker_{Kind::icmp, {}, {}, 1};
};

/** Connections to it stand without anybody taking them, and the kernel answers for them. */
void listenIn(const char* name, uint16_t port) {
  const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  const int there = open((std::string("/run/netns/") + name).c_str(), O_RDONLY | O_CLOEXEC);
  if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0) fail(name);
  const int listening = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 place{};
  place.sin6_family = AF_INET6;
  place.sin6_port = htons(port);
  if (bind(listening, reinterpret_cast<sockaddr*>(&place), sizeof place) < 0 || listen(listening, 4096) < 0) fail(name);
  if (setns(home, CLONE_NEWNET) < 0) fail("setns");
  close(home);
  close(there);
}

void stayOnOneProcessor() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  if (sched_setaffinity(0, sizeof one, &one) < 0) fail("sched_setaffinity");
}

}  // namespace

int main(int count, char** words) {
  if (count < 5) return 2;
  const uint16_t port = static_cast<uint16_t>(std::atoi(words[4]));
  for (int i = 5; i < count; i++) listenIn(words[i], port);
  stayOnOneProcessor();
  Wire wire(words[1], macOf(words[2]), macOf(words[3]), port);
  const std::map<std::string, Kind> kinds{
      {"tcp", Kind::tcp}, {"udp", Kind::udp}, {"icmp", Kind::icmp}, {"open", Kind::open}};
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream rest(line);
    std::string command, kind, source, target;
    rest >> command;
    if (command == "round") {
      std::cout << wire.round() << std::endl;
      continue;
    }
    if (command == "probe") rest >> kind;
    rest >> source >> target;
    if (command == "marker") wire.mark(addressOf(source), addressOf(target));
    const bool isReady = command != "probe" || wire.add(kinds.at(kind), addressOf(source), addressOf(target));
    std::cout << (isReady ? "ok" : "lost") << std::endl;
  }
}
